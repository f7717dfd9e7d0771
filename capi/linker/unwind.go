// SPDX-License-Identifier: MIT

package main

// Where the caller's registers are, at each instruction of a function.
//
// Go functions keep none of them. All that there is to tell is where SP was, and
// where the return address is. The trampolines keep for C what its ABI says, and
// a table of each architecture's tells where.

// dwarfRegs are DWARF's numbers of registers.
type dwarfRegs struct {
	sp, ra int
	// A call pushes the return address; pushed returns the register that the
	// instruction before end pushes or pops. Without pushed, the return address
	// arrives in the register ra, and Go functions with a frame keep it at 0(SP),
	// unless savedAt tells how far below SP on entry, or that they leave it in ra.
	pushed  func(code []byte, end uint64) (reg int, ok bool)
	savedAt func(code []byte) (below int, ok bool)
}

// A frame is what SAVE in a trampoline_<arch>.s makes.
type frame struct {
	size    uint64
	routine string // the function with SAVE, if not the export itself
	call    uint32 // the call instruction, if it has no relocation
	saves   []save
}

// A save is count registers, numbered from reg, in slots step bytes apart from
// off(SP) on.
type save struct {
	reg, count int
	off, step  int
}

// A row says that from pc on SP is depth bytes below its place on entry, that
// the caller's values of some registers lie in memory, and that the others still
// have theirs.
type row struct {
	pc, depth uint64
	saved     []slot
}

// A slot holds a register, below bytes below where SP was on entry.
type slot struct {
	reg   int
	below int
}

// entryState reports whether all is as it was when the function was called.
func (r *row) entryState() bool { return r.depth == 0 && len(r.saved) == 0 }

// rowsOf describes the function a, whose first row is the state on entry.
func (lib *library) rowsOf(a *atom, steps []step) []row {
	rows := &rows{{}}
	switch f := lib.frameIn(a, steps); {
	case f != nil:
		rows.saveAll(f, steps, lib.callIn(a, f))
	case lib.dwarf.pushed != nil:
		rows.push(steps, lib.pushedIn(a))
	default:
		rows.link(steps, lib.linkIn(a))
	}
	return *rows
}

type rows []row

// add appends a row. It replaces one of the same pc.
func (rows *rows) add(r row) {
	if last := len(*rows) - 1; (*rows)[last].pc == r.pc {
		*rows = (*rows)[:last]
	}
	*rows = append(*rows, r)
}

// saveAll is a trampoline's frame: all is saved by the time of its call, and
// has been restored when the frame is dropped. What it saves keeps its value up to
// the call; but for the frame pointer, which the instruction before it may set.
func (rows *rows) saveAll(f *frame, steps []step, call uint64) {
	var saved []slot
	for _, s := range f.saves {
		for i := range s.count {
			saved = append(saved, slot{s.reg + i, int(f.size) - (s.off + i*s.step)})
		}
	}
	for _, s := range steps {
		rows.add(row{pc: s.pc, depth: s.depth})
		if s.depth == f.size {
			rows.add(row{pc: max(s.pc, call), depth: s.depth, saved: saved})
		}
	}
}

// push is a function that saves registers by pushing them.
func (rows *rows) push(steps []step, pushed func(end uint64) (reg int, ok bool)) {
	var saved []slot
	depth := uint64(0)
	for _, s := range steps {
		if reg, ok := pushed(s.pc); ok && s.depth > depth {
			saved = append(saved[:len(saved):len(saved)], slot{reg, int(s.depth)})
		} else if ok {
			saved = saved[:len(saved)-1]
		}
		depth = s.depth
		rows.add(row{s.pc, depth, saved})
	}
}

// link is a Go function that stores the return address. Some prologues do it only
// after they have moved SP. So that both orders are covered, the row for the moment
// between the two is one byte long. Later steps are not prologues: they are for
// code behind a return in the middle.
func (rows *rows) link(steps []step, saved func(depth uint64) []slot) {
	for i, s := range steps {
		if i == 0 {
			rows.add(row{pc: s.pc, depth: s.depth})
			s.pc++
		}
		r := row{pc: s.pc, depth: s.depth}
		if s.depth > 0 {
			r.saved = saved(s.depth)
		}
		rows.add(r)
	}
}

// linkIn returns what tells where a frame of the Go function a has the return
// address.
func (lib *library) linkIn(a *atom) func(depth uint64) []slot {
	d := lib.dwarf
	if d.savedAt == nil {
		return func(depth uint64) []slot { return []slot{{d.ra, int(depth)}} }
	}
	var saved []slot
	if below, ok := d.savedAt(a.code()); ok {
		saved = []slot{{d.ra, below}}
	}
	return func(uint64) []slot { return saved }
}

// pushedIn returns what recognises pushes in a trampoline. Go functions push the
// frame pointer too, but have several ways out.
func (lib *library) pushedIn(a *atom) func(end uint64) (reg int, ok bool) {
	return func(end uint64) (int, bool) {
		if !a.isExport() {
			return 0, false
		}
		return lib.dwarf.pushed(a.code(), end)
	}
}

// frameOf returns the frame of a routine that the trampolines share, or nil.
func (a *arch) frameOf(routine string) *frame {
	for i := range a.frames {
		if f := &a.frames[i]; f.routine == routine && routine != "" {
			return f
		}
	}
	return nil
}

// frameIn returns the frame that a makes, if a is a trampoline. Its depth tells
// which.
func (lib *library) frameIn(a *atom, steps []step) *frame {
	for i := range lib.frames {
		f := &lib.frames[i]
		if f.routine != a.name && !(f.routine == "" && a.isExport()) {
			continue
		}
		for _, s := range steps {
			if s.depth == f.size {
				return f
			}
		}
	}
	return nil
}

// callIn returns where a calls another function, or 0.
func (lib *library) callIn(a *atom, f *frame) uint64 {
	for _, r := range a.refs {
		if r.to != nil && r.to != a && r.to.isFunc() {
			return r.off
		}
	}
	for off := uint64(0); f.call != 0 && off < a.size(); off += 4 {
		if lib.order.Uint32(a.code()[off:]) == f.call {
			return off
		}
	}
	return 0
}
