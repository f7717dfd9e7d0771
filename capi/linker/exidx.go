package main

import (
	"debug/elf"
	"slices"
)

// .ARM.exidx and .ARM.extab: all that unwinders on arm read (Exception Handling
// ABI for the Arm Architecture). They know one way out of each function, which
// has to hold wherever it calls another or waits in a system call.
//
// The way is a list of one-byte instructions that move a virtual SP upwards
// through the frame. Up to three fit into the index; more go to the table, in
// the format of the second of the ABI's personality routines.

const (
	exidxCantUnwind = 1
	exidxRoutine0   = 0x80 // up to three instructions
	extabRoutine1   = 0x81 // a number of words of them

	unwindFinish = 0xb0
)

func (lib *library) makeExidx(steps map[*atom][]step) {
	table := &buffer{arch: lib.arch}
	places := map[*atom]uint64{} // in the table
	for _, a := range lib.text.atoms {
		if ops := lib.unwindOps(a, steps[a]); len(ops) > 3 {
			places[a] = table.len()
			table.extab(ops)
		}
	}
	lib.extab = &section{name: ".ARM.extab", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: 4,
		render: func(b *buffer) { b.bytes(table.data...) }}
	index := &section{name: ".ARM.exidx", typ: elf.SectionType(elf.PT_ARM_EXIDX), flags: elf.SHF_ALLOC | elf.SHF_LINK_ORDER,
		align: 4, link: lib.text}
	index.render = func(b *buffer) {
		// prel31 is an address relative to the word it stands in.
		prel31 := func(addr uint64) { b.u32(uint32(addr-index.addr-b.len()) & 0x7fffffff) }
		for _, a := range lib.text.atoms {
			prel31(a.addr)
			if place, ok := places[a]; ok {
				prel31(lib.extab.addr + place)
			} else {
				b.u32(opsWord(exidxRoutine0, lib.unwindOps(a, steps[a])))
			}
		}
		prel31(lib.text.addr + lib.text.size)
		b.u32(exidxCantUnwind)
	}
	lib.exidx = index
}

// opsWord packs up to three instructions behind a leading byte.
func opsWord(first byte, ops []byte) uint32 {
	word := []byte{first, unwindFinish, unwindFinish, unwindFinish}
	copy(word[1:], ops)
	return uint32(word[0])<<24 | uint32(word[1])<<16 | uint32(word[2])<<8 | uint32(word[3])
}

// extab appends a table entry: two instructions, then whole words of them, then
// an empty list of handlers.
func (b *buffer) extab(ops []byte) {
	more := (len(ops) - 2 + 3) / 4
	b.u32(opsWord(extabRoutine1, append([]byte{byte(more)}, ops[:2]...)))
	for ops = ops[2:]; len(ops) > 0; ops = ops[min(4, len(ops)):] {
		word := append(slices.Clone(ops[:min(4, len(ops))]), unwindFinish, unwindFinish, unwindFinish)
		b.u32(opsWord(word[0], word[1:4]))
	}
	b.u32(0)
}

// unwindOps returns the instructions that lead out of a's frame.
func (lib *library) unwindOps(a *atom, steps []step) []byte {
	f, _ := lib.savesOf(a, steps)
	if f == nil {
		depth := uint64(0)
		for _, s := range steps {
			depth = max(depth, s.depth)
		}
		if depth == 0 {
			return []byte{unwindFinish}
		}
		f = &frame{size: depth, saves: []save{{lib.dwarf.ra, 1, 0, 4}}}
	}
	w := &frameWalk{}
	for _, s := range f.saves {
		w.skipTo(uint64(s.off))
		w.pop(s)
	}
	w.skipTo(f.size)
	return w.ops
}

// A frameWalk has brought the virtual SP to at.
type frameWalk struct {
	ops []byte
	at  uint64
}

// skipTo moves the virtual SP upwards.
func (w *frameWalk) skipTo(off uint64) {
	for w.at < off {
		// 00xxxxxx: add 4 + 4x.
		n := min(off-w.at, 0x100)
		w.ops = append(w.ops, byte(n/4-1))
		w.at += n
	}
}

// pop loads registers from the virtual SP on.
func (w *frameWalk) pop(s save) {
	if s.reg >= armD0 { // 11010nnn: D8 to D(8+n)
		w.ops = append(w.ops, 0xd0|byte(s.count-1))
	} else { // 1000iiii iiiiiiii: a mask, from R4 on
		mask := uint16(1<<s.count-1) << (s.reg - 4)
		w.ops = append(w.ops, 0x80|byte(mask>>8), byte(mask))
	}
	w.at += uint64(s.count * s.step)
}
