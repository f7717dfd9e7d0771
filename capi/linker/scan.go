// SPDX-License-Identifier: MIT

package main

// Reading machine code.
//
// Relocations show most of what a function refers to. Its instructions are read for what
// they do not show: branches that cmd/link has resolved itself, on the architectures with
// instructions of variable length; indirect branches, whose target is unknown; access to
// thread-local storage through the thread pointer; and stores to variables, if the address
// is formed for the store.

// A branch is a PC-relative field without a relocation that refers to a place
// outside its function. Offsets count from the function's start.
type branch struct {
	field  uint64
	target int64
	bias   int64 // what a relocation's addend holds besides the distance
}

// A fault is an instruction that must not be in the library.
type fault struct {
	off  uint64
	what string
}

// fields holds the offsets of the relocated fields in a function.
type fields map[uint64]bool

const (
	faultDecode   = "an instruction that the linker does not know"
	faultField    = "a relocation that does not lie within an instruction"
	faultIndirect = "an indirect call or jump: a func value, a method of an interface, or a jump table"
	faultStore    = "a store to a package variable, which is read-only here"
	faultNowhere  = "a branch to where there is no function"
	faultTLS      = "access to thread-local storage"
)

// scanWords reads the instructions of a function where each is a word. what tells
// what is wrong with one, if anything.
func scanWords(code []byte, order byteOrder, pools []span, what func(in uint32, off uint64) string) (faults []fault) {
	for off := uint64(0); off+4 <= uint64(len(code)); off += 4 {
		if inSpans(pools, off) {
			continue
		}
		if w := what(order.Uint32(code[off:]), off); w != "" {
			faults = append(faults, fault{off, w})
		}
	}
	return faults
}

// A mapping tells debuggers and disassemblers where there is data amid the code,
// by symbols of these names. Empty names: the architecture has no such custom.
type mapping struct {
	code, data string
	// pools returns the literals in a function's code: the words that its
	// instructions load relative to the PC.
	pools func(code []byte) []span
}

// A span is a range of bytes in a function.
type span struct{ start, end uint64 }
