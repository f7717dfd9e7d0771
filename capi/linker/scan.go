// SPDX-License-Identifier: MIT

package main

// Scanning machine code.
//
// Relocations show most references of a function. Its instructions are scanned for the rest:
// branches that cmd/link has resolved itself, on architectures with instructions of variable
// length; indirect branches, whose target is unknown; access to thread-local storage through the
// thread pointer; and stores to variables, if the address is computed for the store.

// A branch is a PC-relative field without a relocation, whose target is outside its function.
// Offsets are from the function's start.
type branch struct {
	field  uint64
	target int64
	bias   int64 // the field minus the address to which the target is relative, for the addend
}

// A fault is an instruction that must not be in the library.
type fault struct {
	off  uint64
	what string
}

// fields holds the offsets of the relocated fields in a function.
type fields map[uint64]bool

const (
	faultDecode   = "an instruction that the linker cannot decode"
	faultField    = "a relocation that is not within an instruction"
	faultIndirect = "an indirect call or jump: a func value, a method of an interface, or a jump table"
	faultStore    = "a store to a package variable, which is read-only here"
	faultTarget   = "a branch to an address outside all functions"
	faultTLS      = "access to thread-local storage"
)

// scanWords calls what for each instruction of a function, where each is a 32-bit word. what
// returns its fault, or "".
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

// A mapping has the names of the architecture's mapping symbols, which mark data in the code for
// debuggers and disassemblers, or empty names if it has none.
type mapping struct {
	code, data string
	// pools returns the literal pools in a function's code: the words that its instructions
	// load relative to the PC.
	pools func(code []byte) []span
}

// A span is a range of bytes in a function.
type span struct{ start, end uint64 }
