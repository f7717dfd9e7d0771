// SPDX-License-Identifier: MIT

package library

import (
	"debug/elf"
	"testing"
)

// Each export is found in .gnu.hash, which glibc and musl use, and in .hash, which other loaders use.
func TestHashTablesFindEveryExport(t *testing.T) {
	each(t, func(t *testing.T, l library) {
		symbols, err := l.DynamicSymbols()
		if err != nil {
			t.Fatal(err)
		}
		gnu, sysv := sectionOf(t, l, elf.SHT_GNU_HASH), sectionOf(t, l, elf.SHT_HASH)
		for i, s := range symbols {
			if s.Section == elf.SHN_UNDEF {
				continue
			}
			index := uint32(i + 1) // DynamicSymbols omits the null symbol
			if !gnuFinds(l, gnu, symbols, s.Name, index) {
				t.Errorf(".gnu.hash does not find %s", s.Name)
			}
			if !sysvFinds(l, sysv, symbols, s.Name, index) {
				t.Errorf(".hash does not find %s", s.Name)
			}
		}
		if absent := "memfd_go_no_such_function"; gnuFinds(l, gnu, symbols, absent, 1) || sysvFinds(l, sysv, symbols, absent, 1) {
			t.Errorf("a hash table finds %s, which does not exist", absent)
		}
	})
}

func sectionOf(t *testing.T, l library, kind elf.SectionType) []byte {
	for _, s := range l.Sections {
		if s.Type == kind {
			data, err := s.Data()
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
	t.Fatalf("no section of type %v", kind)
	return nil
}

// gnuFinds looks a symbol up in .gnu.hash: Bloom filter, bucket, chain that ends at an odd hash.
func gnuFinds(l library, table []byte, symbols []elf.Symbol, name string, index uint32) bool {
	hash := uint32(5381)
	for _, c := range []byte(name) {
		hash = hash*33 + uint32(c)
	}
	word := func(i uint32) uint32 { return l.ByteOrder.Uint32(table[4*i:]) }
	buckets, first, filters, shift := word(0), word(1), word(2), word(3)
	filterWords, bits := uint32(1), uint32(32)
	if l.Class == elf.ELFCLASS64 {
		filterWords, bits = 2, 64
	}
	var filter uint64
	at := 4 + hash/bits%filters*filterWords
	if bits == 64 {
		filter = l.ByteOrder.Uint64(table[4*at:])
	} else {
		filter = uint64(word(at))
	}
	if filter>>(hash%bits)&1 == 0 || filter>>(hash>>shift%bits)&1 == 0 {
		return false
	}
	bucket := 4 + filters*filterWords
	chain := bucket + buckets
	for i := word(bucket + hash%buckets); i != 0; i++ {
		entry := word(chain + i - first)
		if entry|1 == hash|1 && symbols[i-1].Name == name {
			return i == index
		}
		if entry&1 != 0 {
			break
		}
	}
	return false
}

// sysvFinds looks a symbol up in .hash, which has 64-bit entries on s390x.
func sysvFinds(l library, table []byte, symbols []elf.Symbol, name string, index uint32) bool {
	hash := uint32(0)
	for _, c := range []byte(name) {
		hash = hash<<4 + uint32(c)
		hash = (hash ^ hash>>24&0xf0) & 0x0fffffff
	}
	word := func(i uint32) uint32 {
		if l.Machine == elf.EM_S390 {
			return uint32(l.ByteOrder.Uint64(table[8*i:]))
		}
		return l.ByteOrder.Uint32(table[4*i:])
	}
	buckets := word(0)
	for i := word(2 + hash%buckets); i != 0; i = word(2 + buckets + i) {
		if symbols[i-1].Name == name {
			return i == index
		}
	}
	return false
}
