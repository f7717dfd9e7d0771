// SPDX-License-Identifier: MIT

// C functions for arm: AAPCS calls in, Go's stack ABI or the kernel out.
//
//   argument | C      | Go      | system call
//   ---------+--------+---------+------------
//   number   |        |         | R7
//   1        | R0     |  4(R13) | R0
//   2        | R1     |  8(R13) | R1
//   3        | R2     | 12(R13) | R2
//   4        | R3     | 16(R13) | R3
//   5        | 0(R13) | 20(R13) | R4
//   6        | 4(R13) | 24(R13) | R5
//   7        | 8(R13) | 28(R13) |
//   result   | R0     | after the arguments | R0
//
// Callee-saved in C: R4-R11 and F8-F15 (d8-d15); in Go none. With GOARM=5, for machines
// without a floating-point unit, Go does not use F8-F15. R10 is g. C's offsets are those
// on entry, Go's those in its caller.

#include "go_asm.h"
#include "textflag.h"

#define ENTRY(name) \
TEXT name(SB),NOSPLIT|NOFRAME,$0

// BX LR returns to callers in Thumb state; the assembler's RET stays in ARM state.
#define RETURN	WORD $0xe12fff1e

// The frame, upwards from R13, repeated in linker/arm.go:
//
//    0  R14
//    4  seven arguments and the result, for Go; 4 bytes of padding
#define SAVED_R14	0
#define SAVED_R4	40
#define SAVED_F8	72
#define FRAME		136

// FPSCR is not saved: Go does not change it.
#ifdef GOARM_6 // or later
#define SAVE_FLOATS \
	MOVD	F8, (SAVED_F8+0)(R13) \
	MOVD	F9, (SAVED_F8+8)(R13) \
	MOVD	F10, (SAVED_F8+16)(R13) \
	MOVD	F11, (SAVED_F8+24)(R13) \
	MOVD	F12, (SAVED_F8+32)(R13) \
	MOVD	F13, (SAVED_F8+40)(R13) \
	MOVD	F14, (SAVED_F8+48)(R13) \
	MOVD	F15, (SAVED_F8+56)(R13)
#define RESTORE_FLOATS \
	MOVD	(SAVED_F8+0)(R13), F8 \
	MOVD	(SAVED_F8+8)(R13), F9 \
	MOVD	(SAVED_F8+16)(R13), F10 \
	MOVD	(SAVED_F8+24)(R13), F11 \
	MOVD	(SAVED_F8+32)(R13), F12 \
	MOVD	(SAVED_F8+40)(R13), F13 \
	MOVD	(SAVED_F8+48)(R13), F14 \
	MOVD	(SAVED_F8+56)(R13), F15
#else
#define SAVE_FLOATS
#define RESTORE_FLOATS
#endif

#define SAVE \
	SUB	$FRAME, R13 \
	MOVW	R14, SAVED_R14(R13) \
	ADD	$SAVED_R4, R13, R12 \
	MOVM.IA	[R4, R5, R6, R7, R8, R9, g, R11], (R12) \
	SAVE_FLOATS

#define RESTORE \
	MOVW	SAVED_R14(R13), R14 \
	ADD	$SAVED_R4, R13, R12 \
	MOVM.IA	(R12), [R4, R5, R6, R7, R8, R9, g, R11] \
	RESTORE_FLOATS \
	ADD	$FRAME, R13

#define ARG0	MOVW R0, 4(R13)
#define ARG1	MOVW R1, 8(R13)
#define ARG2	MOVW R2, 12(R13)
#define ARG3	MOVW R3, 16(R13)
#define ARG4	MOVW (FRAME+0)(R13), R12; MOVW R12, 20(R13)
#define ARG5	MOVW (FRAME+4)(R13), R12; MOVW R12, 24(R13)
#define ARG6	MOVW (FRAME+8)(R13), R12; MOVW R12, 28(R13)

#define GOCALL(name, fn, args, n) \
ENTRY(name) \
	SAVE \
	args \
	CALL	fn(SB) \
	MOVW	(4+4*n)(R13), R0 \
	RESTORE \
	RETURN

#define SYS(name, number) \
ENTRY(name) \
	MOVW.W	R7, -4(R13) \
	MOVW	number, R7 \
	SWI	$0 \
	MOVW.P	4(R13), R7 \
	RETURN

#define FCNTL1(name, command) \
ENTRY(name) \
	MOVW.W	R7, -4(R13) \
	MOVW	command, R1 \
	MOVW	$const_sysFcntl, R7 \
	SWI	$0 \
	MOVW.P	4(R13), R7 \
	RETURN

#define FCNTL2(name, command) \
ENTRY(name) \
	MOVW.W	R7, -4(R13) \
	MOVW	R1, R2 \
	MOVW	command, R1 \
	MOVW	$const_sysFcntl, R7 \
	SWI	$0 \
	MOVW.P	4(R13), R7 \
	RETURN

#include "stack.h"
#include "word32.h"
#include "exports.h"
