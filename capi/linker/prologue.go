// SPDX-License-Identifier: MIT

package main

import "fmt"

// Go's prologues assume a goroutine's stack: signal handlers run on a different one, and only the
// runtime walks the frames, with its own tables. On the stack of a C thread, a signal handler may
// overwrite everything below SP, at any instruction. It may also walk the frame pointers, to take
// a profile or to report a crash.
//
// Go saves the return address in a new frame as follows:
//
//	amd64, 386                 the caller's CALL has pushed it
//	arm, ppc64le               in the instruction that moves SP
//	arm64, up to 240 bytes     in the instruction that moves SP
//	arm64, larger frames       below SP, then it moves SP
//	riscv64, loong64, s390x    below SP, then it moves SP, then again at SP
//
// Only large frames on arm64 are unsafe; in the last row the second store repairs what a handler
// has overwritten. Epilogues are safe everywhere: they load the address before, or in the same
// instruction as, moving SP back. On architectures that store below SP, any other access there
// is refused.
//
// C functions chain their frames on amd64, arm64 and ppc64le. Go does the same on amd64. On arm64
// its frame records are below SP, and on ppc64le it has no back chain.
//
// These frames are adapted by replacing single instructions in place, so no code moves.

const (
	faultBelowSP = "an access to memory below SP, which signal handlers overwrite"
	faultHeader  = "a stack frame that the linker cannot convert to the C ABI"
)

// adaptFrames adapts the frames of the kept functions to a C stack, and updates their
// descriptions in frames. Trampolines need no change.
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

// at returns an instruction, or 0, which is not an instruction, outside the function.
func (in instructions) at(i int) uint32 {
	if i < 0 || i >= in.count() {
		return 0
	}
	return in.order.Uint32(in.code[4*i:])
}

func (in instructions) set(i int, word uint32) { in.order.PutUint32(in.code[4*i:], word) }

// moveStep moves the step at the end of instruction from to the end of instruction to. It reports
// whether there is such a step.
func moveStep(steps []step, from, to int) bool {
	for i := range steps {
		if steps[i].pc == 4*uint64(from+1) {
			steps[i].pc = 4 * uint64(to+1)
			return true
		}
	}
	return false
}
