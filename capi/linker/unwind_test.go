// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"
)

// state is the result of call frame instructions at an offset: how far SP and the saved registers
// are below the CFA.
type state struct {
	depth int
	saved map[int]int
}

// An fde describes a function in .eh_frame.
type fde struct {
	place, start, size uint64
	states             map[uint64]state // by the offset where they begin
}

// at returns the state at off in the function.
func (f *fde) at(off uint64) state {
	best := uint64(0)
	for pc := range f.states {
		if pc <= off && pc > best {
			best = pc
		}
	}
	return f.states[best]
}

// parseEHFrame is independent of the writer. It shares only the names of the instructions.
func parseEHFrame(t *testing.T, arch *arch, data []byte, addr uint64) (fdes []fde) {
	t.Helper()
	var entry state
	for off := uint64(0); ; {
		length := uint64(arch.order.Uint32(data[off:]))
		if length == 0 {
			if off+4 != uint64(len(data)) {
				t.Errorf(".eh_frame ends at %#x of %#x", off, len(data))
			}
			return fdes
		}
		if length%uint64(arch.wordSize()) != uint64(arch.wordSize()-4)%uint64(arch.wordSize()) {
			t.Errorf("the entry at %#x has length %#x", off, length)
		}
		body := &reader{data[off+8 : off+4+length]}
		switch distance := arch.order.Uint32(data[off+4:]); {
		case distance == 0:
			if got := string(body.take(4)); got != "\x01zR\x00" {
				t.Fatalf("CIE: version and augmentation %q", got)
			}
			if code, word := body.u8(), body.sleb(); code != 1 || word != -int64(arch.wordSize()) {
				t.Fatalf("CIE: factors %d and %d", code, word)
			}
			if ra := int(body.u8()); ra != arch.dwarf.ra {
				t.Fatalf("CIE: return address in %d", ra)
			}
			if got := body.take(2); got[0] != 1 || got[1] != pcrel4 {
				t.Fatalf("CIE: augmentation data % x", got)
			}
			entry = runCFA(t, arch, body, state{})[0]
		case uint64(distance) != off+4:
			t.Errorf("the FDE at %#x belongs to no CIE", off)
		default:
			field := addr + off + 8
			start := field + uint64(int64(int32(arch.order.Uint32(body.take(4)))))
			f := fde{place: addr + off, start: start, size: uint64(arch.order.Uint32(body.take(4)))}
			body.take(1)
			f.states = runCFA(t, arch, body, entry)
			fdes = append(fdes, f)
		}
		off += 4 + length
	}
}

// runCFA executes call frame instructions.
func runCFA(t *testing.T, arch *arch, p *reader, entry state) map[uint64]state {
	t.Helper()
	uleb := func() int {
		v, n := binary.Uvarint(p.data)
		p.take(n)
		return int(v)
	}
	word := arch.wordSize()
	now := state{entry.depth, maps.Clone(entry.saved)}
	if now.saved == nil {
		now.saved = map[int]int{}
	}
	save := func(reg, below int) {
		if _, twice := now.saved[reg]; twice {
			t.Errorf("two rules for register %d", reg)
		}
		now.saved[reg] = below
	}
	var stack []state
	pc := uint64(0)
	states := map[uint64]state{pc: {now.depth, maps.Clone(now.saved)}}
	for len(p.data) > 0 {
		op := p.u8()
		low := int(op & cfaOperand)
		switch op &^ cfaOperand {
		case cfaAdvance:
			pc += uint64(low)
		case cfaOffset:
			save(low, uleb()*word)
		case cfaRestore:
			delete(now.saved, low)
		}
		switch op {
		case cfaAdvance1:
			pc += uint64(p.u8())
		case cfaAdvance2:
			pc += uint64(arch.order.Uint16(p.take(2)))
		case cfaOffsetExt:
			save(uleb(), uleb()*word)
		case cfaOffsetExtSF:
			save(uleb(), int(p.sleb())*word)
		case cfaRememberState:
			stack = append(stack, state{now.depth, maps.Clone(now.saved)})
		case cfaRestoreState:
			now, stack = stack[len(stack)-1], stack[:len(stack)-1]
		case cfaDef:
			if sp := uleb(); sp != arch.dwarf.sp {
				t.Errorf("the frame's address is based on register %d", sp)
			}
			now.depth = uleb()
		case cfaDefOffset:
			now.depth = uleb()
		case cfaValOffset:
			if sp, off := uleb(), uleb(); sp != arch.dwarf.sp || off != 0 {
				t.Errorf("register %d is the frame's address and %d", sp, off)
			}
		case cfaNop:
		default:
			if op < cfaAdvance {
				t.Fatalf("call frame instruction %#x", op)
			}
		}
		states[pc] = state{now.depth, maps.Clone(now.saved)}
	}
	return states
}

// calleeSaved are the DWARF numbers of the registers that are callee-saved in the C ABIs, except
// SP, and of the register with the return address.
var calleeSaved = map[string][]int{
	"amd64":   {3, 6, 12, 13, 14, 15, 16},
	"386":     {3, 5, 6, 7, 8},
	"arm64":   slices.Concat(span{19, 31}.list(), span{72, 80}.list()),
	"arm":     slices.Concat(span{4, 12}.list(), []int{14}, span{264, 272}.list()),
	"riscv64": slices.Concat([]int{1, 8, 9}, span{18, 28}.list(), []int{40, 41}, span{50, 60}.list()),
	"ppc64le": slices.Concat(span{14, 32}.list(), span{46, 64}.list(), []int{65, 70}, span{97, 109}.list()),
	"s390x":   slices.Concat(span{6, 15}.list(), span{24, 32}.list()),
	"loong64": slices.Concat([]int{1}, span{21, 32}.list(), span{56, 64}.list()),
}

func (s span) list() (numbers []int) {
	for i := s.start; i < s.end; i++ {
		numbers = append(numbers, int(i))
	}
	return numbers
}

// In the frame of a trampoline each register has one slot, which begins at a word: the tables count
// in words.
func TestSlotsOfTrampolines(t *testing.T) {
	for _, arch := range arches {
		for _, f := range arch.frames {
			offsets := map[int]int{}
			for _, s := range f.saves {
				for i := range s.count {
					reg, off := s.reg+i, s.off+i*s.step
					if first, ok := offsets[reg]; ok || off%arch.wordSize() != 0 {
						t.Errorf("%v: register %d at %d(SP), other slot %d (%t)", arch.machine, reg, off, first, ok)
					}
					offsets[reg] = off
				}
			}
		}
	}
}

// TestUnwindTables checks that every function has an FDE, which .eh_frame_hdr refers to. When a
// trampoline calls Go, all callee-saved registers and no others are saved, each where an instruction
// has stored it. At both ends the state is that on entry.
func TestUnwindTables(t *testing.T) {
	eachArch(t, func(t *testing.T, goarch string) {
		f, arch := openProduct(t, goarch), goarches[goarch]
		fdes := parseEHFrame(t, arch, sectionData(t, f, ".eh_frame"), f.Section(".eh_frame").Addr)
		checkHeader(t, arch, f, fdes)
		byStart := map[uint64]*fde{}
		for i := range fdes {
			byStart[fdes[i].start] = &fdes[i]
		}
		symbols, err := f.Symbols()
		if err != nil {
			t.Fatal(err)
		}
		trampolines := 0
		for _, s := range symbols {
			if elf.ST_TYPE(s.Info) != elf.STT_FUNC {
				continue
			}
			d := byStart[s.Value]
			if d == nil || d.size != s.Size {
				t.Errorf("%s has no FDE, or one without its size %#x", s.Name, s.Size)
				continue
			}
			code := make([]byte, s.Size)
			text := f.Section(".text")
			if _, err := text.ReadAt(code, int64(s.Value-text.Addr)); err != nil {
				t.Fatal(err)
			}
			if checkTrampoline(t, goarch, s.Name, code, d) {
				trampolines++
			}
		}
		want := 13 // at least: the exports that are not plain system calls
		if arch.frameOf("callGo") != nil {
			want = 1 // shared by them
		}
		if trampolines < want {
			t.Errorf("only %d functions save registers, want %d", trampolines, want)
		}
	})
}

func checkHeader(t *testing.T, arch *arch, f *elf.File, fdes []fde) {
	t.Helper()
	hdr := f.Section(".eh_frame_hdr")
	data := sectionData(t, f, ".eh_frame_hdr")
	at := func(i int, base uint64) uint64 { return base + uint64(int64(int32(arch.order.Uint32(data[i:])))) }
	if got := at(4, hdr.Addr+4); got != f.Section(".eh_frame").Addr {
		t.Errorf(".eh_frame_hdr points to %#x", got)
	}
	if count := int(arch.order.Uint32(data[8:])); count != len(fdes) || len(data) != 12+8*count {
		t.Fatalf(".eh_frame_hdr has %d entries in %d bytes for %d functions", count, len(data), len(fdes))
	}
	for i, d := range fdes {
		start, place := at(12+8*i, hdr.Addr), at(16+8*i, hdr.Addr)
		if start != d.start || place != d.place || i > 0 && start <= fdes[i-1].start {
			t.Errorf("entry %d of .eh_frame_hdr: %#x at %#x, want %#x at %#x", i, start, place, d.start, d.place)
		}
	}
}

// checkTrampoline reports whether the function saves all callee-saved registers.
func checkTrampoline(t *testing.T, goarch, name string, code []byte, d *fde) bool {
	t.Helper()
	arch := goarches[goarch]
	first, last := d.at(0), d.at(d.size-1)
	if first.depth != arch.entryDepth() || fmt.Sprint(first) != fmt.Sprint(last) && name[:5] == "memfd" {
		t.Errorf("%s: begins with %v, ends with %v", name, first, last)
	}
	for pc, s := range d.states {
		full := true
		for _, reg := range calleeSaved[goarch] {
			_, ok := s.saved[reg]
			full = full && ok
		}
		if !full {
			continue
		}
		if len(s.saved) != len(calleeSaved[goarch]) {
			t.Errorf("%s+%#x: rules for registers %v, want %v", name, pc, slices.Sorted(maps.Keys(s.saved)), calleeSaved[goarch])
		}
		stored := map[int]int{} // the offsets at which instructions have stored registers
		if find := stores[goarch]; find != nil {
			find(code[:pc], arch.order, func(reg, off int) { stored[reg] = off })
		}
		for _, reg := range calleeSaved[goarch] {
			if want, ok := stored[reg]; stores[goarch] != nil && (!ok || s.depth-s.saved[reg] != want) {
				t.Errorf("%s+%#x: the rule for register %d is %d(SP), but it is stored at %d (%v)", name, pc, reg,
					s.depth-s.saved[reg], want, ok)
			}
		}
		return true
	}
	return false
}

// stores find the instructions of a prologue that store registers, and their offsets from SP. They
// decode only the forms that the trampolines use. amd64 and 386 need none, since the linker derives
// the rules from the instructions.
var stores = map[string]func(code []byte, order binary.ByteOrder, found func(reg, off int)){
	"arm64": func(code []byte, order binary.ByteOrder, found func(reg, off int)) {
		eachWord(code, order, func(in uint32) {
			off, rt, rt2 := int(int32(in<<10)>>25)*8, int(in&31), int(in>>10&31)
			switch in & 0xffc003e0 {
			case 0xa90003e0: // STP Xt, Xt2, [SP, #off]
				found(rt, off)
				found(rt2, off+8)
			case 0x6d0003e0: // STP Dt, Dt2, [SP, #off]
				found(64+rt, off)
				found(64+rt2, off+8)
			}
		})
	},
	"loong64": func(code []byte, order binary.ByteOrder, found func(reg, off int)) {
		eachWord(code, order, func(in uint32) {
			off, rd := int(int32(in<<10)>>20), int(in&31)
			switch in & 0xffc003e0 {
			case 0x29c00060: // ST.D rd, SP, off
				found(rd, off)
			case 0x2bc00060: // FST.D
				found(32+rd, off)
			}
		})
	},
	"ppc64le": func(code []byte, order binary.ByteOrder, found func(reg, off int)) {
		const frame = 560
		r0, r11 := 0, 0 // what they hold: a register's number, an offset
		eachWord(code, order, func(in uint32) {
			off, rs := int(int16(in)), int(in>>21&31)
			switch {
			case in == 0x7c0802a6: // MFLR R0
				r0 = 65
			case in == 0x7c000026: // MFCR R0
				r0 = 70
			case in>>16 == 0xf801 && in&3 == 0, in>>16 == 0x9001: // STD, STW R0, off(R1), before the frame is made
				found(r0, frame+off)
			case in>>26 == 62 && in&3 == 0 && in>>16&31 == 1: // STD
				found(rs, off)
			case in>>26 == 54 && in>>16&31 == 1: // STFD
				found(32+rs, off)
			case in>>16 == 0x3960: // LI R11, off
				r11 = off
			case in&0xfc1fffff == 0x7c0159ce: // STVX vs, R1, R11
				found(77+rs, r11)
			}
		})
	},
	"s390x": func(code []byte, order binary.ByteOrder, found func(reg, off int)) {
		const frame = 128
		for off := 0; off < len(code); off += []int{2, 4, 4, 6}[code[off]>>6] {
			in := code[off:]
			reg := int(in[1] >> 4)
			displacement := func() int { return int(order.Uint16(in[2:]) & 0xfff) }
			switch {
			case in[0] == 0xeb && in[5] == 0x24: // STMG, before the frame is made
				for i := reg; i <= int(in[1]&15); i++ {
					found(i, frame+displacement()+8*(i-reg))
				}
			case in[0] == 0x60: // STD f8 to f15
				found(map[int]int{8: 24, 10: 25, 12: 26, 14: 27, 9: 28, 11: 29, 13: 30, 15: 31}[reg], displacement())
			}
		}
	},
	"riscv64": func(code []byte, order binary.ByteOrder, found func(reg, off int)) {
		for off := 0; off < len(code); {
			if code[off]&3 == 3 {
				in := order.Uint32(code[off:])
				imm, rs2 := int(int32(in)>>25<<5|int32(in>>7&31)), int(in>>20&31)
				switch in & 0xff07f {
				case 0x13023: // SD rs2, imm(SP)
					found(rs2, imm)
				case 0x13027: // FSD
					found(32+rs2, imm)
				}
				off += 4
				continue
			}
			in := order.Uint16(code[off:])
			imm, rs2 := int(in>>10&7<<3|in>>7&7<<6), int(in>>2&31)
			switch in & 0xe003 {
			case 0xe002: // C.SDSP
				found(rs2, imm)
			case 0xa002: // C.FSDSP
				found(32+rs2, imm)
			}
			off += 2
		}
	},
	"arm": func(code []byte, order binary.ByteOrder, found func(reg, off int)) {
		r12 := 0
		eachWord(code, order, func(in uint32) {
			switch {
			case in&0xffff0000 == 0xe58d0000: // STR rt, [SP, #off]
				found(int(in>>12&15), int(in&0xfff))
			case in&0xfffff000 == 0xe28dc000: // ADD R12, SP, #off
				r12 = int(in & 0xff)
			case in>>16 == 0xe88c: // STM R12, {...}
				off := r12
				for reg := range 16 {
					if in>>reg&1 == 1 {
						found(reg, off)
						off += 4
					}
				}
			case in&0xffff0f00 == 0xed8d0b00: // VSTR Dd, [SP, #off]
				found(256+int(in>>12&15), int(in&0xff)*4)
			}
		})
	},
}

func eachWord(code []byte, order binary.ByteOrder, f func(in uint32)) {
	for ; len(code) >= 4; code = code[4:] {
		f(order.Uint32(code))
	}
}
