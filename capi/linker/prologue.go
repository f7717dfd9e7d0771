// SPDX-License-Identifier: MIT

package main

import "fmt"

// Go's prologues assume a goroutine's stack. Signal handlers have another one, and
// nobody walks a goroutine's frames but the runtime, which has tables. On a C
// thread's stack a handler may overwrite everything below SP, at any instruction.
// And it may follow the chain of frames that C functions make, to take a profile
// or to report a crash.
//
// This is how the assembler saves the return address in a new frame:
//
//	amd64, 386                 the caller's call has pushed it
//	arm, ppc64le               in the instruction that moves SP
//	arm64, up to 240 bytes     in the instruction that moves SP
//	arm64, more                below SP, which then moves
//	riscv64, loong64, s390x    below SP, which then moves; then again at SP
//
// All are safe but that of large frames on arm64: what a handler overwrites is
// stored again. Epilogues are safe everywhere: they load the address before they move
// SP back, or while. On the architectures that have more than one way, whatever else
// there is below SP is refused.
//
// C functions chain their frames on amd64, arm64 and ppc64le. Go does as they do on
// amd64; on arm64 its links lie below SP, and on ppc64le it has none.
//
// Where this does not suit C, a few instructions of each function are replaced,
// one by one, so that nothing else moves.

const (
	faultBelowSP = "memory below SP, where signal handlers write, in a way that the linker cannot adapt"
	faultHeader  = "a stack frame that the linker cannot turn into one for C"
)

// adaptFrames makes the frames of the kept functions fit for a C stack, and brings
// the descriptions in frames into line. Trampolines are made for C as they are.
func (lib *library) adaptFrames(frames map[*atom][]step) error {
	if lib.adaptFrame == nil {
		return nil
	}
	var refused refusals
	for _, a := range lib.text.atoms {
		if lib.frameIn(a, frames[a]) != nil {
			continue
		}
		for _, f := range lib.adaptFrame(instructions{a.code(), lib.order}, frames[a]) {
			refused.add(a, a.start+f.off, fmt.Sprintf("%s+%#x", a.name, f.off), f.what)
		}
	}
	return lib.locate(refused)
}

// instructions are a function's machine code where each instruction is a word.
type instructions struct {
	code  []byte
	order byteOrder
}

func (in instructions) count() int { return len(in.code) / 4 }

// at returns an instruction, or 0, which is none, outside the function.
func (in instructions) at(i int) uint32 {
	if i < 0 || i >= in.count() {
		return 0
	}
	return in.order.Uint32(in.code[4*i:])
}

func (in instructions) set(i int, word uint32) { in.order.PutUint32(in.code[4*i:], word) }

// moveStep says that what a step describes now happens at the end of instruction
// to instead of from. It returns whether there is such a step.
func moveStep(steps []step, from, to int) bool {
	for i := range steps {
		if steps[i].pc == 4*uint64(from+1) {
			steps[i].pc = 4 * uint64(to+1)
			return true
		}
	}
	return false
}
