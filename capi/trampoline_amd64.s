// SPDX-License-Identifier: MIT

// C functions for amd64: System V calls in, Go's register ABI or the kernel out.
//
//   argument | C  | Go | system call
//   ---------+----+----+------------
//   number   |    |    | AX
//   1        | DI | AX | DI
//   2        | SI | BX | SI
//   3        | DX | CX | DX
//   4        | CX | DI | R10, since SYSCALL overwrites CX
//   5        | R8 | SI | R8
//   6        | R9 | R8 | R9
//   result   | AX | AX | AX
//
// Callee-saved in C: BX, BP, R12-R15; in Go only SP. Go expects X15 = 0.

#include "go_asm.h"
#include "textflag.h"

// With IBT, an indirect call, as through the PLT, must land on an ENDBR64.
#define ENTRY(name) \
TEXT name(SB),NOSPLIT|NOFRAME,$0 \
	ENDBR64

// The frame, upwards from SP:
//
//    0  48 bytes, the spill space of Go's six register arguments
//   48  pad: a call leaves SP at 8 modulo 16
//   56  R15, R14, R13, R12, BX, BP: our linker reads these pushes
//  104  the return address
//
// BP is a frame pointer, for profilers that walk them. MXCSR, the x87 control word
// and the direction flag are not saved: Go does not change them.
#define SAVE \
	PUSHQ	BP \
	MOVQ	SP, BP \
	PUSHQ	BX \
	PUSHQ	R12 \
	PUSHQ	R13 \
	PUSHQ	R14 \
	PUSHQ	R15 \
	ADJSP	$56

#define RESTORE \
	ADJSP	$-56 \
	POPQ	R15 \
	POPQ	R14 \
	POPQ	R13 \
	POPQ	R12 \
	POPQ	BX \
	POPQ	BP

#define GOCALL(name, fn) \
ENTRY(name) \
	SAVE \
	MOVQ	DI, AX \
	MOVQ	SI, BX \
	MOVQ	CX, DI \ // before CX is overwritten
	MOVQ	DX, CX \
	MOVQ	R8, SI \
	MOVQ	R9, R8 \
	XORPS	X15, X15 \
	CALL	fn(SB) \
	RESTORE \
	RET

#define SYS(name, number) \
ENTRY(name) \
	MOVL	number, AX \
	SYSCALL \
	RET

#define FCNTL1(name, command) \
ENTRY(name) \
	MOVL	command, SI \
	MOVL	$const_sysFcntl, AX \
	SYSCALL \
	RET

#define FCNTL2(name, command) \
ENTRY(name) \
	MOVL	SI, DX \ // the kernel reads a long: MOVL clears its upper half
	MOVL	command, SI \
	MOVL	$const_sysFcntl, AX \
	SYSCALL \
	RET

#include "registers.h"
#include "word64.h"
#include "exports.h"
