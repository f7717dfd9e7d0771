// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"fmt"
	"slices"
	"testing"
)

// TestExidx compares the two unwind tables of arm, as an unwinder reads them. They agree at each
// instruction.
func TestExidx(t *testing.T) {
	f := openProduct(t, "arm")
	fdes := parseEHFrame(t, arm, sectionData(t, f, ".eh_frame"), f.Section(".eh_frame").Addr)
	index := readExidx(t, f)
	for i, d := range fdes {
		for pc := d.start; pc < d.start+d.size; pc += 4 {
			if i == 0 && pc == d.start {
				continue // nothing precedes it
			}
			want := d.at(pc - d.start + 1) // after the row of one byte; see rows.saveRA
			got := index.at(pc - lookBack)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("at %#x, in the function at %#x: %v, want %v", pc, d.start, got, want)
			}
		}
	}
	text := f.Section(".text")
	last := index[len(index)-1]
	if last.start != text.Addr+text.Size || last.word != exidxCantUnwind {
		t.Errorf("the index ends with %#x at %#x", last.word, last.start)
	}
}

type exidxEntry struct {
	start uint64
	word  uint32
	state state
}

type exidxTable []exidxEntry

func (table exidxTable) at(addr uint64) state {
	i, found := slices.BinarySearchFunc(table, addr, func(e exidxEntry, addr uint64) int { return int(int64(e.start - addr)) })
	if !found {
		i--
	}
	return table[max(i, 0)].state
}

func readExidx(t *testing.T, f *elf.File) (table exidxTable) {
	t.Helper()
	s := f.Section(".ARM.exidx")
	data := sectionData(t, f, ".ARM.exidx")
	if len(data)%8 != 0 || s.Type != 0x70000001 {
		t.Fatalf(".ARM.exidx has type %v and %d bytes", s.Type, len(data))
	}
	for off := 0; off < len(data); off += 8 {
		prel31 := func(off int) uint64 {
			return s.Addr + uint64(off) + uint64(int64(int32(arm.order.Uint32(data[off:])<<1)>>1))
		}
		e := exidxEntry{start: prel31(off), word: arm.order.Uint32(data[off+4:])}
		var ops []byte
		switch {
		case e.word == exidxCantUnwind:
		case e.word>>24 == exidxRoutine0:
			ops = []byte{byte(e.word >> 16), byte(e.word >> 8), byte(e.word)}
		case e.word>>31 == 0:
			ops = readExtab(t, f, prel31(off+4))
		default:
			t.Errorf("entry %#x", e.word)
		}
		e.state = runUnwindOps(t, ops)
		if n := len(table); n > 0 && e.start <= table[n-1].start {
			t.Errorf("%#x follows %#x", e.start, table[n-1].start)
		}
		table = append(table, e)
	}
	return table
}

func readExtab(t *testing.T, f *elf.File, addr uint64) (ops []byte) {
	t.Helper()
	data := sectionData(t, f, ".ARM.extab")[addr-f.Section(".ARM.extab").Addr:]
	first := arm.order.Uint32(data)
	if first>>24 != extabRoutine1 {
		t.Fatalf("the table has %#x at %#x", first, addr)
	}
	more := int(first >> 16 & 0xff)
	ops = []byte{byte(first >> 8), byte(first)}
	for i := range more {
		word := arm.order.Uint32(data[4+4*i:])
		ops = append(ops, byte(word>>24), byte(word>>16), byte(word>>8), byte(word))
	}
	if end := arm.order.Uint32(data[4+4*more:]); end != 0 {
		t.Errorf("the table's entry at %#x ends with %#x", addr, end)
	}
	return ops
}

// runUnwindOps executes instructions up to Finish.
func runUnwindOps(t *testing.T, ops []byte) state {
	t.Helper()
	at := 0
	offsets := map[int]int{}
loop:
	for i := 0; i < len(ops); i++ {
		switch op := ops[i]; {
		case op>>6 == 0:
			at += int(op)*4 + 4
		case op>>4 == 8:
			i++
			for bit := range 12 {
				if (int(op&15)<<8|int(ops[i]))>>bit&1 == 1 {
					offsets[4+bit] = at
					at += 4
				}
			}
		case op>>3 == 0x1a:
			for d := range int(op&7) + 1 {
				offsets[armD0+8+d] = at
				at += 8
			}
		case op == unwindFinish:
			break loop
		default:
			t.Errorf("instruction %#x", op)
		}
	}
	s := state{at, map[int]int{}}
	for reg, off := range offsets {
		s.saved[reg] = at - off
	}
	return s
}

func TestUnwindOps(t *testing.T) {
	for _, test := range []struct {
		row  row
		want []byte
	}{
		{row{}, nil},
		{row{depth: 4, saved: []slot{{7, 4}}}, []byte{0x80, 0x08}},
		{row{depth: 36, saved: []slot{{14, 36}}}, []byte{0x84, 0x00, 0x07}},
		{row{depth: 0x204, saved: nil}, []byte{0x3f, 0x3f, 0x00}},
		{row{depth: 24, saved: []slot{{264, 16}, {265, 8}, {4, 24}, {5, 20}}}, []byte{0x80, 0x03, 0xd1}},
		{row{depth: 16, saved: []slot{{4, 16}, {5, 8}}}, []byte{0x80, 0x01, 0x00, 0x80, 0x02, 0x00}},
		{row{depth: 8, saved: []slot{{264, 8}}}, []byte{0xd0}},
	} {
		if got := unwindOps(test.row); !slices.Equal(got, test.want) {
			t.Errorf("%v: % x, want % x", test.row, got, test.want)
		}
	}
}

// TestSlotSize uses DWARF for the Arm Architecture: D0 to D31 are registers 256 to 287.
func TestSlotSize(t *testing.T) {
	for reg, want := range map[int]int{4: 4, 14: 4, 256: 8, 264: 8, 271: 8} {
		if got := slotSize(reg); got != want {
			t.Errorf("register %d: %d bytes, want %d", reg, got, want)
		}
	}
}

// TestExtab compares with the format of __aeabi_unwind_cpp_pr1: 0x81, the number of additional
// words, the instructions, which end with 0xb0 if there is room, and an empty list.
func TestExtab(t *testing.T) {
	ops := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	for count, want := range map[int][]uint32{
		4:  {0x81010102, 0x0304b0b0, 0},
		6:  {0x81010102, 0x03040506, 0},
		7:  {0x81020102, 0x03040506, 0x07b0b0b0, 0},
		11: {0x81030102, 0x03040506, 0x0708090a, 0x0bb0b0b0, 0},
	} {
		got, b := &buffer{arch: arm}, &buffer{arch: arm}
		got.extab(ops[:count])
		if b.u32(want...); string(got.data) != string(b.data) {
			t.Errorf("%d instructions: % x, want % x", count, got.data, b.data)
		}
	}
}

// TestMakeExidx compares the tables of two functions at known addresses. The ABI defines prel31: bit
// 31 is clear, and the others are the distance from the word itself.
func TestMakeExidx(t *testing.T) {
	lib := &library{object: &object{arch: arm}}
	first, second := &atom{}, &atom{addr: 16}
	lib.text = &section{atoms: []*atom{first, second}, size: 48}
	six, four := []slot{{4, 16}, {5, 8}}, []slot{{4, 8}, {6, 4}} // as many instructions
	lib.makeExidx(map[*atom][]row{
		first:  {{}, {1, 8, []slot{{14, 8}}}, {8, 0, nil}},
		second: {{}, {4, 16, nil}, {5, 16, six}, {12, 8, four}, {20, 16, six}, {24, 0, nil}},
	})
	lib.text.addr, lib.exidx.addr, lib.extab.addr = 0x1000, 0x400, 0x300
	for _, test := range []struct {
		section *section
		want    []uint32
	}{
		{lib.extab, []uint32{0x81018001, 0x00800200, 0, 0x81018001, 0x8004b0b0, 0}},
		{lib.exidx, []uint32{
			0x1000 - 0x400, 0x80840000, // at 0; the row at 1 replaces the one at 0
			0x1006 - 0x408, 0x80b0b0b0, // from here on two bytes early
			0x100e - 0x410, 0x80b0b0b0,
			0x1012 - 0x418, 0x7fffffff & (0x300 - 0x41c),
			0x101a - 0x420, 0x7fffffff & (0x30c - 0x424),
			0x1022 - 0x428, 0x7fffffff & (0x300 - 0x42c),
			0x1026 - 0x430, 0x80b0b0b0,
			0x1030 - 0x438, 1,
		}},
	} {
		got, want := &buffer{arch: arm}, &buffer{arch: arm}
		test.section.render(got)
		if want.u32(test.want...); string(got.data) != string(want.data) || test.section.align != 4 {
			t.Errorf("%s, aligned to %d:\n% x, want\n% x", test.section.name, test.section.align, got.data, want.data)
		}
	}
}

func TestRows(t *testing.T) {
	link := rows{{}}
	link.saveRA([]step{{4, 32}, {20, 0}, {24, 32}, {40, 0}}, func(depth uint64) []slot { return []slot{{30, int(depth)}} })
	saved := []slot{{30, 32}}
	want := rows{{}, {4, 32, nil}, {5, 32, saved}, {20, 0, nil}, {24, 32, saved}, {40, 0, nil}}
	if fmt.Sprint(link) != fmt.Sprint(want) {
		t.Errorf("saveRA: %v, want %v", link, want)
	}

	push := rows{{}}
	regs := map[uint64]int{1: 6, 2: 3, 30: 3, 31: 6}
	push.push([]step{{1, 8}, {2, 16}, {6, 56}, {28, 16}, {30, 8}, {31, 0}}, func(end uint64) (int, bool) {
		reg, ok := regs[end]
		return reg, ok
	})
	want = rows{{}, {1, 8, []slot{{6, 8}}}, {2, 16, []slot{{6, 8}, {3, 16}}}, {6, 56, []slot{{6, 8}, {3, 16}}},
		{28, 16, []slot{{6, 8}, {3, 16}}}, {30, 8, []slot{{6, 8}}}, {31, 0, nil}}
	if fmt.Sprint(push) != fmt.Sprint(want) {
		t.Errorf("push: %v, want %v", push, want)
	}

	all := rows{{}}
	all.saveAll(&frame{size: 64, saves: []save{{19, 2, 16, 8}, {30, 1, 72, 8}}}, []step{{8, 64}, {80, 0}}, 40)
	want = rows{{}, {8, 64, nil}, {40, 64, []slot{{19, 48}, {20, 40}, {30, -8}}}, {80, 0, nil}}
	if fmt.Sprint(all) != fmt.Sprint(want) {
		t.Errorf("saveAll: %v, want %v", all, want)
	}
}
