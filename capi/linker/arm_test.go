// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"encoding/binary"
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

// An object file without the variable that contains GOARM is treated as the default.
func TestUnknownVersionOfARM(t *testing.T) {
	obj, err := readObject(smallObject("arm").write(t))
	if err != nil || obj.machine != elf.EM_ARM || obj.attributes.data[17] != tagARMv7 {
		t.Errorf("%+v, %v", obj.attributes, err)
	}
}
