// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"
)

// TestVersionsOfARM builds for each GOARM. The build attributes and the registers in the unwind
// table match the code.
func TestVersionsOfARM(t *testing.T) {
	for _, test := range []struct {
		goarm    string
		cpu, vfp byte
		saves    int
	}{
		{"5", tagARMv5T, tagNoVFP, 2}, {"6", tagARMv6, tagVFPv2, 3}, {"7", tagARMv7, tagVFPv3D16, 3},
	} {
		t.Run(test.goarm, func(t *testing.T) {
			r := testRecipe(t, "arm", "..", ".")
			r.settings = []string{"GOARM=" + test.goarm}
			env, err := r.environment()
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(t.TempDir(), "go.o")
			if err := r.compile(env, name); err != nil {
				t.Fatal(err)
			}
			obj, err := readObject(name)
			if err != nil {
				t.Fatal(err)
			}
			data := obj.attributes.data
			if len(data) != 1+int(data[1]) || data[17] != test.cpu || data[21] != test.vfp {
				t.Errorf("attributes % x, want CPU %d and VFP %d", data, test.cpu, test.vfp)
			}
			if got := len(obj.frames[0].saves); got != test.saves {
				t.Errorf("trampolines save %d ranges of registers, want %d", got, test.saves)
			}
			lib := &library{object: obj}
			if err := lib.reach(); err != nil {
				t.Fatal(err)
			}
			stores := 0
			for _, a := range lib.atoms {
				if a.isFunc() {
					stores += countVFP(a.code())
				}
			}
			if (stores > 0) != (test.vfp != tagNoVFP) {
				t.Errorf("%d instructions load or store floating-point registers", stores)
			}
		})
	}
}

// countVFP counts VLDR and VSTR, VLDM and VSTM.
func countVFP(code []byte) (n int) {
	for off := 0; off+4 <= len(code); off += 4 {
		if in := binary.LittleEndian.Uint32(code[off:]); in&0x0e000e00 == 0x0c000a00 && !inSpans(poolsARM(code), uint64(off)) {
			n++
		}
	}
	return n
}

// The build attributes for each GOARM, as encoded by an assembler, and the registers that the
// trampolines save. An object file without the variable that contains GOARM is treated as the
// default.
func TestAttributesOfARM(t *testing.T) {
	for _, test := range []struct {
		goarm    byte // 0: none
		cpu, vfp string
		saves    int
	}{
		{0, "0a", "04", 3}, {5, "03", "00", 2}, {6, "06", "02", 3}, {7, "0a", "04", 3},
	} {
		o := smallObject("arm")
		if test.goarm != 0 {
			s := o.add(".noptrdata", elf.SHF_ALLOC|elf.SHF_WRITE)
			s.data.bytes(1, test.goarm)
			o.symbol("runtime.goarm", elf.STT_OBJECT, 1)
		}
		obj, err := readObject(o.write(t))
		if err != nil {
			t.Fatal(err)
		}
		want := "411b0000006165616269000111000000" + "06" + test.cpu + "08010a" + test.vfp + "180119011c03"
		a := obj.attributes
		if got := hex.EncodeToString(a.data); got != want || a.section != ".ARM.attributes" || a.typ != 0x70000003 {
			t.Errorf("GOARM=%d: %s of type %#x: %s, want %s", test.goarm, a.section, uint32(a.typ), got, want)
		}
		if got := len(obj.frames[0].saves); got != test.saves || len(obj.frames[1].saves) != 1 {
			t.Errorf("GOARM=%d: trampolines save %d ranges of registers, want %d", test.goarm, got, test.saves)
		}
	}
	if got := len(arm.frames[0].saves); got != 3 {
		t.Errorf("the default table changed: trampolines save %d ranges of registers, want 3", got)
	}
}

// A trampoline that is a plain system call saves R7, which has the call's number, and nothing else.
func TestSystemCallOfARM(t *testing.T) {
	code := &buffer{arch: arm}
	code.u32(0xe52d7004, 0xe3a07003, 0xef000000, 0xe49d7004, 0xe12fff1e) // push {r7}; mov r7, #3; svc; pop {r7}; bx lr
	a := &atom{section: &objSection{data: code.data}, end: code.len()}
	a.from = a // an export
	lib := &library{object: &object{arch: arm}}
	got := fmt.Sprint(lib.rowsOf(a, []step{{4, 4}, {16, 0}}))
	if want := "[{0 0 []} {4 4 [{7 4}]} {16 0 []}]"; got != want {
		t.Errorf("rows %s, want %s", got, want)
	}
}
