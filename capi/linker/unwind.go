// SPDX-License-Identifier: MIT

package main

// Where the caller's registers are, at each instruction of a function.
//
// Go functions have no callee-saved registers, so only the caller's SP and the return address have
// to be found. The trampolines save the registers that are callee-saved in C; the table of each
// architecture describes where.

// dwarfRegs has DWARF register numbers, and how to find saved registers.
type dwarfRegs struct {
	sp, ra int
	// On architectures where a call pushes the return address, pushed returns the register
	// that the instruction before end pushes or pops. On the others, pushed is nil and the
	// return address is in the register ra on entry. Go functions with a frame save it at
	// 0(SP), unless savedAt returns a different place, below bytes below SP on entry, or
	// reports that it stays in ra.
	pushed  func(code []byte, end uint64) (reg int, ok bool)
	savedAt func(code []byte) (below int, ok bool)
}

// A frame is the frame that SAVE in a trampoline_<arch>.s creates.
type frame struct {
	size    uint64
	routine string // the function that contains SAVE, if not the export itself
	call    uint32 // the call instruction, if it has no relocation
	saves   []save
}

// A save is count registers, numbered from reg, in slots from off(SP), step bytes apart.
type save struct {
	reg, count int
	off, step  int
}

// A row describes the code from pc on: SP is depth bytes below its value on entry, and some of the
// caller's registers are saved in memory. The others are unchanged.
type row struct {
	pc, depth uint64
	saved     []slot
}

// A slot contains a register, below bytes below SP on entry.
type slot struct {
	reg   int
	below int
}

// entryState reports whether SP and all registers are as on entry.
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
		rows.saveRA(steps, lib.savedRAIn(a))
	}
	return *rows
}

type rows []row

// add appends a row, or replaces the last one if it has the same pc.
func (rows *rows) add(r row) {
	if last := len(*rows) - 1; (*rows)[last].pc == r.pc {
		*rows = (*rows)[:last]
	}
	*rows = append(*rows, r)
}

// saveAll adds the rows of a trampoline. All registers are saved by the time of its call, and
// restored when the frame is removed. Up to the call they also keep their values, except for the
// frame pointer, which the instruction before the call may set.
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

// push adds the rows of a function that saves registers by pushing them.
func (rows *rows) push(steps []step, pushed func(end uint64) (reg int, ok bool)) {
	for _, s := range steps {
		last := (*rows)[len(*rows)-1]
		saved := last.saved
		if reg, ok := pushed(s.pc); ok && s.depth > last.depth {
			saved = append(saved[:len(saved):len(saved)], slot{reg, int(s.depth)})
		} else if ok {
			saved = saved[:len(saved)-1]
		}
		rows.add(row{s.pc, s.depth, saved})
	}
}

// saveRA adds the rows of a Go function that stores the return address. Some prologues store it
// only after moving SP. A row of one byte, between the two, covers both orders. Later steps are not
// prologues, but code after a return in the middle of the function.
func (rows *rows) saveRA(steps []step, saved func(depth uint64) []slot) {
	for i, s := range steps {
		if i == 0 {
			rows.add(row{pc: s.pc, depth: s.depth})
			s.pc++
		}
		r := row{pc: s.pc, depth: s.depth}
		if s.depth != 0 {
			r.saved = saved(s.depth)
		}
		rows.add(r)
	}
}

// savedRAIn returns a function that returns where a frame of the Go function a has the return
// address.
func (lib *library) savedRAIn(a *atom) func(depth uint64) []slot {
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

// pushedIn returns a function that recognizes pushes in a trampoline. Go functions push the frame
// pointer too, but may have several epilogues.
func (lib *library) pushedIn(a *atom) func(end uint64) (reg int, ok bool) {
	return func(end uint64) (reg int, ok bool) {
		if a.isExport() {
			reg, ok = lib.dwarf.pushed(a.code(), end)
		}
		return reg, ok
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

// frameIn returns the frame of a if it is a trampoline. The depth identifies the frame.
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

// callIn returns the offset at which a calls another function, or 0.
func (lib *library) callIn(a *atom, f *frame) uint64 {
	for _, r := range a.refs {
		if r.to != nil && r.to != a && r.to.isFunc() {
			return r.off
		}
	}
	in := instructions{a.code(), lib.order}
	for i := range in.count() {
		if f.call != 0 && in.at(i) == f.call {
			return 4 * uint64(i)
		}
	}
	return 0
}
