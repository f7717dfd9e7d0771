// SPDX-License-Identifier: MIT

package main

import "debug/elf"

// The hash tables in which the dynamic linker looks up symbols: .gnu.hash, which all current ones
// support, and the gABI's .hash.
//
// .gnu.hash consists of a header (number of buckets, index of the first symbol, number of words
// of the Bloom filter, shift), the filter, the index of the first symbol of each bucket, and the
// hash of each symbol, whose lowest bit marks the end of the bucket. The symbols are sorted by
// bucket.

const bloomShift = 6

func gnuHash(name string) uint32 {
	h := uint32(5381)
	for i := range len(name) {
		h = h*33 + uint32(name[i])
	}
	return h
}

func sysvHash(name string) uint32 {
	h := uint32(0)
	for i := range len(name) {
		h = h<<4 + uint32(name[i])
		high := h & 0xf0000000
		h = (h ^ high>>24) &^ high
	}
	return h
}

// buckets returns the number of buckets of either table, for two symbols each on average.
func (lib *library) buckets() uint32 { return uint32(len(lib.exports)+1) / 2 }

// bucket returns a's bucket in .gnu.hash.
func (lib *library) bucket(a *atom) uint32 { return gnuHash(a.name) % lib.buckets() }

func (lib *library) makeHashes() {
	word := uint64(lib.wordSize())
	lib.gnuHash = &section{name: ".gnu.hash", typ: elf.SHT_GNU_HASH, flags: elf.SHF_ALLOC, align: word,
		link: lib.dynsym, render: lib.renderGNUHash}
	if word == 4 {
		lib.gnuHash.entry = 4 // with 64-bit words the entries differ in size
	}
	entry := uint64(lib.hashEntry)
	lib.hash = &section{name: ".hash", typ: elf.SHT_HASH, flags: elf.SHF_ALLOC, align: entry,
		entry: entry, link: lib.dynsym, render: lib.renderHash}
}

func (lib *library) renderGNUHash(b *buffer) {
	wordBits := uint32(8 * lib.wordSize())
	filter := make([]uint64, bloomWords(len(lib.exports), wordBits))
	buckets := make([]uint32, lib.buckets())
	var hashes []uint32
	for i, a := range lib.exports {
		h := gnuHash(a.name)
		filter[h/wordBits%uint32(len(filter))] |= 1<<(h%wordBits) | 1<<(h>>bloomShift%wordBits)
		if first := &buckets[lib.bucket(a)]; *first == 0 {
			*first = uint32(i + 1)
		}
		last := i+1 == len(lib.exports) || lib.bucket(lib.exports[i+1]) != lib.bucket(a)
		h &^= 1
		if last {
			h |= 1
		}
		hashes = append(hashes, h)
	}
	b.u32(uint32(len(buckets)), 1, uint32(len(filter)), bloomShift)
	b.word(filter...)
	b.u32(buckets...)
	b.u32(hashes...)
}

// bloomWords returns the smallest power of two with which the filter has eight bits per symbol.
func bloomWords(symbols int, wordBits uint32) int {
	words := 1
	for uint32(words)*wordBits < 8*uint32(symbols) {
		words *= 2
	}
	return words
}

// renderHash writes the gABI's table: the number of buckets, the number of symbols, the first
// symbol of each bucket, and the next symbol in the bucket of each symbol.
func (lib *library) renderHash(b *buffer) {
	heads := make([]uint32, lib.buckets())
	next := make([]uint32, len(lib.exports)+1)
	for i, a := range lib.exports {
		head := &heads[sysvHash(a.name)%lib.buckets()]
		next[i+1], *head = *head, uint32(i+1)
	}
	table := append([]uint32{uint32(len(heads)), uint32(len(next))}, append(heads, next...)...)
	for _, v := range table {
		if lib.hashEntry == 8 {
			b.u64(uint64(v))
		} else {
			b.u32(v)
		}
	}
}
