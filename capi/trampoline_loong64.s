// SPDX-License-Identifier: MIT

// C functions for loong64: LP64D calls in, Go's register ABI or the kernel out.
//
//   argument | C  | Go | system call
//   ---------+----+----+------------
//   number   |    |    | R11
//   1        | R4 | R4 | R4
//   2        | R5 | R5 | R5
//   3        | R6 | R6 | R6
//   4        | R7 | R7 | R7
//   5        | R8 | R8 | R8
//   6        | R9 | R9 | R9
//   result   | R4 | R4 | R4
//
// Callee-saved in C: R22-R31 and F24-F31; in Go none. R21 is saved too: the psABI
// reserves it, but Go allocates it. Go does not use R2. R22 is g.

#include "go_asm.h"
#include "textflag.h"

#define ENTRY(name) \
TEXT name(SB),NOSPLIT|NOFRAME,$0

// The frame, upwards from R3, repeated in linker/loong64.go:
//
//    0  R1, then 48 bytes, the spill space of Go's arguments
#define SAVED_R1	0
#define SAVED_R21	56
#define SAVED_F24	144
#define FRAME		208

// FCSR is not saved: Go does not change it.
#define SAVE \
	ADDV	$-FRAME, R3 \
	MOVV	R1, SAVED_R1(R3) \
	MOVV	R21, (SAVED_R21+0)(R3) \
	MOVV	g, (SAVED_R21+8)(R3) \
	MOVV	R23, (SAVED_R21+16)(R3) \
	MOVV	R24, (SAVED_R21+24)(R3) \
	MOVV	R25, (SAVED_R21+32)(R3) \
	MOVV	R26, (SAVED_R21+40)(R3) \
	MOVV	R27, (SAVED_R21+48)(R3) \
	MOVV	R28, (SAVED_R21+56)(R3) \
	MOVV	R29, (SAVED_R21+64)(R3) \
	MOVV	R30, (SAVED_R21+72)(R3) \
	MOVV	R31, (SAVED_R21+80)(R3) \
	MOVD	F24, (SAVED_F24+0)(R3) \
	MOVD	F25, (SAVED_F24+8)(R3) \
	MOVD	F26, (SAVED_F24+16)(R3) \
	MOVD	F27, (SAVED_F24+24)(R3) \
	MOVD	F28, (SAVED_F24+32)(R3) \
	MOVD	F29, (SAVED_F24+40)(R3) \
	MOVD	F30, (SAVED_F24+48)(R3) \
	MOVD	F31, (SAVED_F24+56)(R3)

#define RESTORE \
	MOVV	SAVED_R1(R3), R1 \
	MOVV	(SAVED_R21+0)(R3), R21 \
	MOVV	(SAVED_R21+8)(R3), g \
	MOVV	(SAVED_R21+16)(R3), R23 \
	MOVV	(SAVED_R21+24)(R3), R24 \
	MOVV	(SAVED_R21+32)(R3), R25 \
	MOVV	(SAVED_R21+40)(R3), R26 \
	MOVV	(SAVED_R21+48)(R3), R27 \
	MOVV	(SAVED_R21+56)(R3), R28 \
	MOVV	(SAVED_R21+64)(R3), R29 \
	MOVV	(SAVED_R21+72)(R3), R30 \
	MOVV	(SAVED_R21+80)(R3), R31 \
	MOVD	(SAVED_F24+0)(R3), F24 \
	MOVD	(SAVED_F24+8)(R3), F25 \
	MOVD	(SAVED_F24+16)(R3), F26 \
	MOVD	(SAVED_F24+24)(R3), F27 \
	MOVD	(SAVED_F24+32)(R3), F28 \
	MOVD	(SAVED_F24+40)(R3), F29 \
	MOVD	(SAVED_F24+48)(R3), F30 \
	MOVD	(SAVED_F24+56)(R3), F31 \
	ADDV	$FRAME, R3

#define GOCALL(name, fn) \
ENTRY(name) \
	SAVE \
	CALL	fn(SB) \
	RESTORE \
	RET

#define SYS(name, number) \
ENTRY(name) \
	MOVV	number, R11 \
	SYSCALL \
	RET

#define FCNTL1(name, command) \
ENTRY(name) \
	MOVV	command, R5 \
	MOVV	$const_sysFcntl, R11 \
	SYSCALL \
	RET

#define FCNTL2(name, command) \
ENTRY(name) \
	MOVWU	R5, R6 \ // the kernel reads a long, C sign-extends 32-bit arguments
	MOVV	command, R5 \
	MOVV	$const_sysFcntl, R11 \
	SYSCALL \
	RET

#include "registers.h"
#include "word64.h"
#include "exports.h"
