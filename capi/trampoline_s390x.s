// SPDX-License-Identifier: MIT

// C functions for s390x: ELF ABI calls in, Go's stack ABI or the kernel out.
//
//   argument | C        | Go      | system call
//   ---------+----------+---------+------------
//   number   |          |         | R1
//   1        | R2       |  8(R15) | R2
//   2        | R3       | 16(R15) | R3
//   3        | R4       | 24(R15) | R4
//   4        | R5       | 32(R15) | R5
//   5        | R6       | 40(R15) | R6
//   6        | 160(R15) | 48(R15) | R7
//   result   | R2       | after the arguments | R2
//
// Callee-saved in C: R6-R13 and F8-F15; in Go none. Go expects R0 = 0. R13 is g.
// C's offsets are those on entry, Go's those in its caller.

#include "go_asm.h"
#include "textflag.h"

#define ENTRY(name) \
TEXT name(SB),NOSPLIT|NOFRAME,$0

// The frame, upwards from R15, repeated in linker/s390x.go:
//
//    0  a word that Go skips, then six arguments and the result, for Go
//  128  the caller's frame, which begins with our register save area of 160 bytes
#define SAVED_F8	64
#define FRAME		128
#define SAVED_R6	(FRAME+48)

// FPC is not saved: Go does not change it.
#define SAVE \
	STMG	R6, R14, (SAVED_R6-FRAME)(R15) \
	SUB	$FRAME, R15 \
	FMOVD	F8, (SAVED_F8+0)(R15) \
	FMOVD	F9, (SAVED_F8+8)(R15) \
	FMOVD	F10, (SAVED_F8+16)(R15) \
	FMOVD	F11, (SAVED_F8+24)(R15) \
	FMOVD	F12, (SAVED_F8+32)(R15) \
	FMOVD	F13, (SAVED_F8+40)(R15) \
	FMOVD	F14, (SAVED_F8+48)(R15) \
	FMOVD	F15, (SAVED_F8+56)(R15)

#define RESTORE \
	FMOVD	(SAVED_F8+0)(R15), F8 \
	FMOVD	(SAVED_F8+8)(R15), F9 \
	FMOVD	(SAVED_F8+16)(R15), F10 \
	FMOVD	(SAVED_F8+24)(R15), F11 \
	FMOVD	(SAVED_F8+32)(R15), F12 \
	FMOVD	(SAVED_F8+40)(R15), F13 \
	FMOVD	(SAVED_F8+48)(R15), F14 \
	FMOVD	(SAVED_F8+56)(R15), F15 \
	LMG	SAVED_R6(R15), R6, R14 \
	ADD	$FRAME, R15

#define ARG0	MOVD R2, 8(R15)
#define ARG1	MOVD R3, 16(R15)
#define ARG2	MOVD R4, 24(R15)
#define ARG3	MOVD R5, 32(R15)
#define ARG4	MOVD R6, 40(R15)
#define ARG5	MOVD (FRAME+160)(R15), R1; MOVD R1, 48(R15)

#define GOCALL(name, fn, args, n) \
ENTRY(name) \
	SAVE \
	args \
	XOR	R0, R0 \
	CALL	fn(SB) \
	MOVD	(8+8*n)(R15), R2 \
	RESTORE \
	RET

#define SYS(name, number) \
ENTRY(name) \
	MOVD	number, R1 \
	SYSCALL \
	RET

#define FCNTL1(name, command) \
ENTRY(name) \
	MOVD	command, R3 \
	MOVD	$const_sysFcntl, R1 \
	SYSCALL \
	RET

#define FCNTL2(name, command) \
ENTRY(name) \
	MOVWZ	R3, R4 \ // the kernel reads a long: clear its upper half
	MOVD	command, R3 \
	MOVD	$const_sysFcntl, R1 \
	SYSCALL \
	RET

#define ARG6	NOP // no function has seven words here

#include "stack.h"
#include "word64.h"
#include "exports.h"
