// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestReadSteps reads programs as cmd/link writes them, with operands that are also opcodes.
func TestReadSteps(t *testing.T) {
	for _, test := range []struct {
		arch    *arch
		program string
		want    []step
	}{
		{arm64, "", nil},
		{arm64, "\x13\x00\x7f\x00", nil}, // the depth on entry
		{arm64, "\x13\x00\x44\x11\x1e\x74\x13\x74\x48\x08\x1e\x13\x00\x41", []step{{4, 48}, {12, 0}}},
		{arm64, "\x41\x13\x7c\x41\x13\x7c\x41\x13\x78", []step{{1, 16}, {3, 32}}},
		{arm64, "\x02\x80\x13\x7e", []step{{0x80, 8}}},
		{arm64, "\x41\x02\x80\x13\x7e", []step{{0x81, 8}}},
		{arm64, "\x41\x03\x34\x12\x13\x7e", []step{{0x1235, 8}}},
		{arm64, "\x41\x04\x78\x56\x34\x12\x13\x7e\x7f\x13\x00", []step{{0x12345679, 8}, {0x123456b8, 0}}},
		{s390x, "\x41\x03\x12\x34\x13\x7e", []step{{0x1235, 8}}},
		{s390x, "\x41\x04\x12\x34\x56\x78\x13\x7e", []step{{0x12345679, 8}}},
		{i386, "\x13\x7f\x41\x13\x7e\x42\x13\x7f", []step{{1, 4}, {3, 0}}}, // the CFA is 4 bytes above SP on entry
		{amd64, "\x13\x7e\x41\x13\x7c\x42\x13\x7e", []step{{1, 8}, {3, 0}}},
	} {
		lib := &library{object: &object{arch: test.arch}}
		got, err := lib.readSteps([]byte(test.program))
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%v: % x: %v, %v, want %v", test.arch.machine, test.program, got, err, test.want)
		}
	}
	for program, want := range map[string]string{
		"\x41\x3f": "unknown call frame instruction 0x3f",
		"\x0a\x0b": "unknown call frame instruction 0xa", // the first one
		"\x80\x01": "unknown call frame instruction 0x80",
	} {
		lib := &library{object: &object{arch: arm64}}
		if _, err := lib.readSteps([]byte(program)); err == nil || err.Error() != want {
			t.Errorf("% x: error %v, want %s", program, err, want)
		}
	}
}

// framesOf returns a library with one function, and a .debug_frame with the entries of a dropped
// function, which is invalid, and of the kept one.
func framesOf(program string) (lib *library, kept *atom) {
	b := &buffer{arch: s390x}
	b.u32(12, 0xffffffff, 0x03000178, 0x0e000000)
	kept, dropped := &atom{name: "kept", symbol: &symbol{}}, &symbol{}
	frame := &objSection{}
	for _, f := range []struct {
		symbol  *symbol
		program string
	}{{dropped, "\x3f\x00"}, {kept.symbol, program}} {
		b.u32(uint32(20+len(f.program)), 0)
		frame.relocs = append(frame.relocs, reloc{off: b.len() - 4, sym: &symbol{}}, reloc{off: b.len(), sym: f.symbol})
		b.word(0, 0x30)
		b.bytes([]byte(f.program)...)
	}
	frame.data = b.data
	lib = &library{object: &object{arch: s390x, name: "go.o", debugFrame: frame}}
	lib.text = &section{atoms: []*atom{kept}}
	return lib, kept
}

// TestReadFrames finds the entries of kept functions.
func TestReadFrames(t *testing.T) {
	lib, kept := framesOf("\x44\x13\x7e")
	frames, err := lib.readFrames()
	if len(frames) != 1 || !slices.Equal(frames[kept], []step{{4, 8}}) || err != nil {
		t.Errorf("%v, %v, want a step at 4 of kept", frames, err)
	}
	lib, _ = framesOf("\x13\x00\x3f")
	if _, err := lib.readFrames(); err == nil || err.Error() != "go.o: .debug_frame: kept: unknown call frame instruction 0x3f" {
		t.Errorf("an unknown instruction: %v", err)
	}
	lib, _ = framesOf("")
	lib.debugFrame.data = lib.debugFrame.data[:4] // the length of the CIE
	lib.debugFrame.relocs = nil
	if _, err := lib.readFrames(); err == nil || err.Error() != "go.o: .debug_frame is cut off" {
		t.Errorf("only a length: %v", err)
	}
}

// TestFunctionInfo compares FDEs with the encoding that DWARF 4 defines in 6.4.2 and 7.23.
func TestFunctionInfo(t *testing.T) {
	bp, both := []slot{{6, 8}}, []slot{{6, 8}, {3, 16}}
	for _, test := range []struct {
		arch   *arch
		rows   []row
		length uint32
		want   string
	}{
		{amd64, []row{{}, {1, 8, bp}, {2, 16, both}, {6, 56, both}, {28, 16, both}, {30, 8, bp}, {31, 0, nil}}, 0x24,
			"\x41\x0a\x0e\x10\x86\x02" + "\x41\x0e\x18\x83\x03" + "\x44\x0e\x40" + "\x56\x0e\x18" + "\x42\x0e\x10\xc3" + "\x41\x0b"},
		{arm64, []row{{}, {4, 48, nil}, {5, 48, []slot{{30, 48}}}, {24, 0, nil}}, 0x1c,
			"\x44\x0a\x0e\x30" + "\x41\x9e\x06" + "\x53\x0b" + "\x00\x00\x00\x00\x00\x00"},
		{ppc64le, []row{{}, {8, 0, []slot{{65, -16}}}, {12, 8, []slot{{65, -16}}}, {16, 8, nil}, {20, 0, nil}}, 0x1c,
			"\x48\x0a\x11\x41\x7e" + "\x44\x0e\x08" + "\x44\x06\x41" + "\x44\x0b" + "\x00\x00"},
		{i386, []row{{}, {1, 4, []slot{{5, 4}}}, {9, 0, nil}}, 0x18,
			"\x41\x0a\x0e\x08\x85\x02" + "\x48\x0b" + "\x00\x00\x00"},
	} {
		lib := &library{object: &object{arch: test.arch}}
		lib.ehFrame = &section{addr: 0x100}
		b := &buffer{arch: test.arch, data: make([]byte, 24)} // the CIE
		lib.functionInfo(b, &atom{addr: 0x1000, end: 0x30}, test.rows)
		want := &buffer{arch: test.arch}
		want.u32(test.length, 28, 0x1000-0x120, 0x30)
		want.bytes([]byte("\x00" + test.want)...)
		if got := b.data[24:]; string(got) != string(want.data) {
			t.Errorf("%v:\n% x, want\n% x", test.arch.machine, got, want.data)
		}
	}
}

// TestFrameInstructions tests the limits of the encodings of offsets and of registers.
func TestFrameInstructions(t *testing.T) {
	little, big := &buffer{arch: amd64}, &buffer{arch: s390x}
	for delta, want := range map[uint64]string{
		1: "\x41", 63: "\x7f", 64: "\x02\x40", 255: "\x02\xff", 256: "\x03\x00\x01", 65535: "\x03\xff\xff",
		65536: "\x04\x00\x00\x01\x00",
	} {
		little.data = nil
		if little.advance(delta); string(little.data) != want {
			t.Errorf("advance by %d: % x, want % x", delta, little.data, want)
		}
	}
	big.advance(0x102)
	big.advance(0x1020304)
	if want := "\x03\x01\x02\x04\x01\x02\x03\x04"; string(big.data) != want {
		t.Errorf("big endian: % x, want % x", big.data, want)
	}
	for _, test := range []struct {
		reg, below      int
		saved, restored string
	}{
		{3, 16, "\x83\x02", "\xc3"}, {6, 0, "\x86\x00", "\xc6"}, {63, 8, "\xbf\x01", "\xff"},
		{64, 8, "\x05\x40\x01", "\x06\x40"}, {128, 8, "\x05\x80\x01\x01", "\x06\x80\x01"},
		{3, -8, "\x11\x03\x7f", "\xc3"}, {65, -16, "\x11\x41\x7e", "\x06\x41"},
	} {
		little.data = nil
		if little.savedAt(test.reg, test.below); string(little.data) != test.saved {
			t.Errorf("register %d saved at %d: % x, want % x", test.reg, -test.below, little.data, test.saved)
		}
		little.data = nil
		if little.restored(test.reg); string(little.data) != test.restored {
			t.Errorf("register %d restored: % x, want % x", test.reg, little.data, test.restored)
		}
	}
}

// TestRowsOf tells trampolines from Go functions.
func TestRowsOf(t *testing.T) {
	callGo := *ppc64le
	callGo.frames = []frame{{size: 64, routine: "callGo", call: ppc64BL, saves: []save{{65, 1, 80, 8}}}}
	pushes := "\x55\x53\x5b\x5d\xc3" // PUSH BP; PUSH BX; POP BX; POP BP; RET
	code := strings.Repeat("\x01\x00\x00\x00", 3) + "\x01\x00\x00\x48" + "\x01\x00\x00\x00"
	for _, test := range []struct {
		arch   *arch
		name   string
		export bool
		code   string
		steps  []step
		want   string
	}{
		{amd64, "memfd_go_x", true, pushes, []step{{1, 8}, {2, 16}, {3, 8}, {4, 0}},
			"[{0 0 []} {1 8 [{6 8}]} {2 16 [{6 8} {3 16}]} {3 8 [{6 8}]} {4 0 []}]"},
		{amd64, "main.x", false, pushes, []step{{1, 8}, {4, 0}}, "[{0 0 []} {1 8 []} {4 0 []}]"},
		{arm, "memfd_go_x", true, code, []step{{4, 4}, {16, 0}}, "[{0 0 []} {4 4 [{7 4}]} {16 0 []}]"},
		{arm, "memfd_go_x", true, code, []step{{4, 8}, {16, 0}}, "[{0 0 []} {4 8 []} {5 8 [{14 8}]} {16 0 []}]"},
		{arm, "main.x", false, code, []step{{4, 4}, {16, 0}}, "[{0 0 []} {4 4 []} {5 4 [{14 4}]} {16 0 []}]"},
		{&callGo, "callGo", false, code, []step{{8, 64}, {16, 0}}, "[{0 0 []} {8 64 []} {12 64 [{65 -16}]} {16 0 []}]"},
		{&callGo, "callGo", false, code[4:], []step{{8, 64}, {16, 0}}, "[{0 0 []} {8 64 [{65 -16}]} {16 0 []}]"},
		{&callGo, "memfd_go_x", true, code, []step{{8, 64}, {16, 0}}, "[{0 0 []} {8 64 []} {9 64 []} {16 0 []}]"},
	} {
		lib := &library{object: &object{arch: test.arch}}
		a := &atom{name: test.name, section: &objSection{data: []byte(test.code)}, end: uint64(len(test.code))}
		if test.export {
			a.from = a
		}
		if got := fmt.Sprint(lib.rowsOf(a, test.steps)); got != test.want {
			t.Errorf("%v: %s, steps %v: %s, want %s", test.arch.machine, a.name, test.steps, got, test.want)
		}
	}
}

// TestCallIn finds the first call by its relocation, or else by its instruction.
func TestCallIn(t *testing.T) {
	text := &objSection{data: []byte("\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00"), flags: elf.SHF_EXECINSTR}
	a, function, variable := &atom{section: text, end: 12}, &atom{section: text}, &atom{section: &objSection{}}
	for _, test := range []struct {
		refs []ref
		call uint32
		want uint64
	}{
		{[]ref{{reloc{off: 4}, nil}, {reloc{off: 8}, variable}, {reloc{off: 12}, a}, {reloc{off: 16}, function},
			{reloc{off: 20}, function}}, 2, 16},
		{[]ref{{reloc{off: 4}, variable}}, 2, 8},
		{nil, 2, 8},
		{nil, 3, 0},
		{nil, 0, 0}, // no call instruction, although the code has such a word
	} {
		lib := &library{object: &object{arch: arm}}
		a.refs = test.refs
		if got := lib.callIn(a, &frame{call: test.call}); got != test.want {
			t.Errorf("%v, instruction %d: %d, want %d", test.refs, test.call, got, test.want)
		}
	}
}
