// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"testing"
)

func TestHashFunctions(t *testing.T) {
	for name, want := range map[string][2]uint32{
		"":        {0, 5381},
		"printf":  {0x077905a6, 0x156b2bb8},
		"exit":    {0x0006cf04, 0x7c967e3f},
		"syscall": {0x0b09985c, 0xbac212a0},
	} {
		if got := sysvHash(name); got != want[0] {
			t.Errorf("sysvHash(%q) = %#x, want %#x", name, got, want[0])
		}
		if got := gnuHash(name); got != want[1] {
			t.Errorf("gnuHash(%q) = %#x, want %#x", name, got, want[1])
		}
	}
}

// TestHashTables looks up every symbol of the library.
func TestHashTables(t *testing.T) {
	eachArch(t, func(t *testing.T, goarch string) { checkHashTables(t, openProduct(t, goarch), goarches[goarch]) })
}

// TestHashTablesOfManySymbols does the same with up to 20 symbols.
func TestHashTablesOfManySymbols(t *testing.T) {
	for _, goarch := range []string{"amd64", "386", "s390x"} { // words of both sizes, and large entries
		for exports := 2; exports <= 20; exports++ {
			o := smallObject(goarch)
			for i := 1; i < exports; i++ {
				function := o.symbols[0]
				function.name = fmt.Sprint(exportPrefix, "n", i)
				o.symbols = append(o.symbols, function)
				o.frames(o.sections[3], function.name)
			}
			f, err := linkObject(t, o)
			if err != nil {
				t.Fatal(err)
			}
			checkHashTables(t, f, o.arch)
		}
	}
}

// checkHashTables looks up every symbol like the dynamic linker, and names that do not exist.
func checkHashTables(t *testing.T, f *elf.File, arch *arch) {
	t.Helper()
	symbols, err := f.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	name := func(index uint32) string { return symbols[index-1].Name }
	gnu, sysv := sectionData(t, f, ".gnu.hash"), sectionData(t, f, ".hash")
	for i, s := range symbols {
		if got := lookUpGNU(arch, gnu, s.Name, name); got != uint32(i+1) {
			t.Errorf(".gnu.hash: %s is symbol %d, want %d", s.Name, got, i+1)
		}
		if got := lookUpSysV(arch, sysv, s.Name, name); got != uint32(i+1) {
			t.Errorf(".hash: %s is symbol %d, want %d", s.Name, got, i+1)
		}
	}
	for _, none := range []string{"", "memfd_go", "memfd_go_roots", "main", "memfd_create"} {
		if lookUpGNU(arch, gnu, none, name) != 0 || lookUpSysV(arch, sysv, none, name) != 0 {
			t.Errorf("there is a symbol %q", none)
		}
	}
	if got, want := arch.order.Uint32(gnu), uint32(len(symbols)+1)/2; got != want {
		t.Errorf("%d symbols in %d buckets, want %d", len(symbols), got, want)
	}
}

func lookUpGNU(arch *arch, table []byte, name string, nameOf func(uint32) string) uint32 {
	order := binary.ByteOrder(arch.order)
	buckets, first, words, shift := order.Uint32(table), order.Uint32(table[4:]), order.Uint32(table[8:]), order.Uint32(table[12:])
	size := uint32(arch.wordSize())
	filter, rest := table[16:16+words*size], table[16+words*size:]
	h := gnuHash(name)
	bits := 8 * size
	word := arch.word(filter[h/bits%words*size:])
	if word>>(h%bits)&1 == 0 || word>>(h>>shift%bits)&1 == 0 {
		return 0
	}
	i := order.Uint32(rest[4*(h%buckets):])
	for chain := rest[4*buckets:]; i >= first; i++ {
		got := order.Uint32(chain[4*(i-first):])
		if got|1 == h|1 && nameOf(i) == name {
			return i
		}
		if got&1 == 1 {
			break
		}
	}
	return 0
}

func lookUpSysV(arch *arch, table []byte, name string, nameOf func(uint32) string) uint32 {
	at := func(i uint32) uint32 {
		if arch.machine == elf.EM_S390 {
			return uint32(arch.order.Uint64(table[8*i:]))
		}
		return arch.order.Uint32(table[4*i:])
	}
	buckets := at(0)
	for i := at(2 + sysvHash(name)%buckets); i != 0; i = at(2 + buckets + i) {
		if nameOf(i) == name {
			return i
		}
	}
	return 0
}

func TestBloomWords(t *testing.T) {
	for _, test := range []struct {
		symbols, want int
		bits          uint32
	}{{1, 1, 64}, {8, 1, 64}, {9, 2, 64}, {17, 4, 64}, {4, 1, 32}, {16, 4, 32}} {
		if got := bloomWords(test.symbols, test.bits); got != test.want {
			t.Errorf("%d symbols: %d words of %d bits, want %d", test.symbols, got, test.bits, test.want)
		}
	}
}
