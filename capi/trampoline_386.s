// SPDX-License-Identifier: MIT

// C functions for 386: cdecl calls in, Go's stack ABI or the kernel out.
//
//   argument | C      | Go     | system call
//   ---------+--------+--------+------------
//   number   |        |        | AX
//   1        |  4(SP) |  0(SP) | BX
//   2        |  8(SP) |  4(SP) | CX
//   3        | 12(SP) |  8(SP) | DX
//   4        | 16(SP) | 12(SP) | SI
//   5        | 20(SP) | 16(SP) | DI
//   6        | 24(SP) | 20(SP) | BP
//   7        | 28(SP) | 24(SP) |
//   result   | AX     | after the arguments | AX
//
// Callee-saved in C: BX, SI, DI, BP; in Go none. C's offsets are those on entry,
// with the return address at 0(SP); Go's are those in its caller.

#include "go_asm.h"
#include "textflag.h"

#define ENTRY(name) \
TEXT name(SB),NOSPLIT|NOFRAME,$0

// The frame, upwards from SP:
//
//    0  seven arguments and the result, for Go
//   32  pad: a call leaves SP at 12 modulo 16
//   44  DI, SI, BX, BP: our linker reads these pushes
//   60  the return address, then C's arguments
//
// The x87 and SSE control words and the direction flag are not saved: Go does not
// change them.
#define SAVE \
	PUSHL	BP \
	PUSHL	BX \
	PUSHL	SI \
	PUSHL	DI \
	ADJSP	$44

#define RESTORE \
	ADJSP	$-44 \
	POPL	DI \
	POPL	SI \
	POPL	BX \
	POPL	BP

#define ARG0	MOVL 64(SP), AX; MOVL AX, 0(SP)
#define ARG1	MOVL 68(SP), AX; MOVL AX, 4(SP)
#define ARG2	MOVL 72(SP), AX; MOVL AX, 8(SP)
#define ARG3	MOVL 76(SP), AX; MOVL AX, 12(SP)
#define ARG4	MOVL 80(SP), AX; MOVL AX, 16(SP)
#define ARG5	MOVL 84(SP), AX; MOVL AX, 20(SP)
#define ARG6	MOVL 88(SP), AX; MOVL AX, 24(SP)

#define GOCALL(name, fn, args, n) \
ENTRY(name) \
	SAVE \
	args \
	CALL	fn(SB) \
	MOVL	(4*n)(SP), AX \
	RESTORE \
	RET

// INT $0x80, since the address of the vDSO's entry is in the auxiliary vector, which
// only libc and the dynamic linker have.
#define SYS(name, number) \
ENTRY(name) \
	PUSHL	BX \
	MOVL	8(SP), BX \
	MOVL	12(SP), CX \
	MOVL	number, AX \
	INT	$0x80 \
	POPL	BX \
	RET

#define FCNTL1(name, command) \
ENTRY(name) \
	PUSHL	BX \
	MOVL	8(SP), BX \
	MOVL	command, CX \
	MOVL	$const_sysFcntl, AX \
	INT	$0x80 \
	POPL	BX \
	RET

#define FCNTL2(name, command) \
ENTRY(name) \
	PUSHL	BX \
	MOVL	8(SP), BX \
	MOVL	command, CX \
	MOVL	12(SP), DX \
	MOVL	$const_sysFcntl, AX \
	INT	$0x80 \
	POPL	BX \
	RET

#include "stack.h"
#include "word32.h"
#include "exports.h"
