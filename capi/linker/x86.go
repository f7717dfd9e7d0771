// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/arch/x86/x86asm"
)

// amd64 and 386: cmd/link leaves no relocations for branches within .text, so the instructions
// have to be decoded to find them.

// endbr64 is the landing pad of an indirect branch. x86asm does not decode it.
var endbr64 = []byte{0xf3, 0x0f, 0x1e, 0xfa}

func decodeX86(code []byte, mode int) (x86asm.Inst, bool) {
	if bytes.HasPrefix(code, endbr64) {
		return x86asm.Inst{Op: x86asm.NOP, Len: len(endbr64)}, true
	}
	in, err := x86asm.Decode(code, mode)
	return in, err == nil && in.Op != 0
}

// eachX86 calls f for each instruction up to the first that it cannot decode, and returns the
// offset of that one, or the end.
func eachX86(code []byte, mode int, f func(off uint64, in x86asm.Inst)) (end uint64) {
	for end < uint64(len(code)) {
		in, ok := decodeX86(code[end:], mode)
		if !ok {
			return end
		}
		f(end, in)
		end += uint64(in.Len)
	}
	return end
}

func scanX86(code []byte, fields fields, mode int) (branches []branch, faults []fault) {
	within := 0 // number of fields that are within an instruction
	// Registers that contain the address of a variable.
	variables := map[x86asm.Reg]bool{x86asm.RIP: true}
	end := eachX86(code, mode, func(off uint64, in x86asm.Inst) {
		next := off + uint64(in.Len)
		for field := off; field+4 <= next; field++ {
			if fields[field] {
				within++
			}
		}
		switch {
		case usesSegment(in):
			faults = append(faults, fault{off, faultTLS})
		case isIndirect(in):
			faults = append(faults, fault{off, faultIndirect})
		case storesTo(in, variables):
			faults = append(faults, fault{off, faultStore})
		}
		if r, ok := in.Args[0].(x86asm.Reg); ok {
			variables[r] = in.Op == x86asm.LEA && fields[next-4] || variables[r] && reads(in.Op)
		}
		field := off + uint64(in.PCRelOff)
		if in.PCRel == 0 || fields[field] {
			return
		}
		target := int64(next) + pcRelative(code[field:next], in.PCRel)
		switch {
		case target >= 0 && target < int64(len(code)):
		case in.PCRel != 4:
			faults = append(faults, fault{off, faultDecode})
		default:
			branches = append(branches, branch{field, target, int64(field) - int64(next)})
		}
	})
	if end < uint64(len(code)) {
		faults = append(faults, fault{end, faultDecode})
	} else if within != len(fields) {
		faults = append(faults, fault{0, faultField})
	}
	return branches, faults
}

func pcRelative(field []byte, size int) int64 {
	switch size {
	case 1:
		return int64(int8(field[0]))
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(field)))
	}
	return int64(int32(binary.LittleEndian.Uint32(field)))
}

// usesSegment reports whether an instruction addresses thread-local storage, through FS or GS.
func usesSegment(in x86asm.Inst) bool {
	for _, p := range in.Prefix {
		if p&0xff == x86asm.PrefixFS || p&0xff == x86asm.PrefixGS {
			return true
		}
	}
	return false
}

func isIndirect(in x86asm.Inst) bool {
	switch in.Op {
	case x86asm.CALL, x86asm.JMP:
		_, direct := in.Args[0].(x86asm.Rel)
		return !direct
	case x86asm.LCALL, x86asm.LJMP:
		return true
	}
	return false
}

// storesTo reports whether an instruction stores to memory relative to one of these registers.
// In Intel's syntax the destination comes first.
func storesTo(in x86asm.Inst, registers map[x86asm.Reg]bool) bool {
	mem, ok := in.Args[0].(x86asm.Mem)
	return ok && registers[mem.Base] && !reads(in.Op)
}

// reads reports whether an instruction only reads its first operand.
func reads(op x86asm.Op) bool {
	switch op {
	case x86asm.CMP, x86asm.TEST, x86asm.BT, x86asm.PUSH, x86asm.NOP,
		x86asm.MUL, x86asm.IMUL, x86asm.DIV, x86asm.IDIV,
		x86asm.PREFETCHT0, x86asm.PREFETCHT1, x86asm.PREFETCHT2, x86asm.PREFETCHNTA:
		return true
	}
	return false
}

// pushedRegister returns the register that the instruction before end pushes or
// pops.
func pushedRegister(code []byte, end uint64, mode int) (reg x86asm.Reg, ok bool) {
	eachX86(code, mode, func(off uint64, in x86asm.Inst) {
		if off+uint64(in.Len) == end && (in.Op == x86asm.PUSH || in.Op == x86asm.POP) {
			reg, ok = in.Args[0].(x86asm.Reg)
		}
	})
	return reg, ok
}

// implicit32 reads the addend of a REL relocation of a whole word.
func implicit32(_ uint32, field []byte) int64 {
	return wrap32(int64(binary.LittleEndian.Uint32(field)))
}
