// SPDX-License-Identifier: MIT

// C functions for arm64: AAPCS64 calls in, Go's register ABI or the kernel out.
//
//   argument | C  | Go | system call
//   ---------+----+----+------------
//   number   |    |    | R8
//   1        | R0 | R0 | R0
//   2        | R1 | R1 | R1
//   3        | R2 | R2 | R2
//   4        | R3 | R3 | R3
//   5        | R4 | R4 | R4
//   6        | R5 | R5 | R5
//   result   | R0 | R0 | R0
//
// Callee-saved in C: R19-R29 and the low halves of V8-V15 (F8-F15); in Go none. Go
// does not use R18. R28 is g.

#include "go_asm.h"
#include "textflag.h"

// With BTI, an indirect call, as through the PLT, must land on a BTI C.
#define ENTRY(name) \
TEXT name(SB),NOSPLIT|NOFRAME,$0 \
	BTI	C

// The frame, upwards from RSP, repeated in linker/arm64.go:
//
//    0  a word that Go skips, then 48 bytes, the spill space of its arguments
#define SAVED_R19	64
#define SAVED_F8	144
#define SAVED_R29	208
#define FRAME		224

// R29 is a frame pointer, for profilers that walk them. NOFRAME, because the
// assembler would save R29 below RSP, where a signal handler overwrites it. FPCR is
// not saved: Go does not change it.
#define SAVE \
	SUB	$FRAME, RSP \
	STP	(R19, R20), (SAVED_R19+0)(RSP) \
	STP	(R21, R22), (SAVED_R19+16)(RSP) \
	STP	(R23, R24), (SAVED_R19+32)(RSP) \
	STP	(R25, R26), (SAVED_R19+48)(RSP) \
	STP	(R27, g), (SAVED_R19+64)(RSP) \
	FSTPD	(F8, F9), (SAVED_F8+0)(RSP) \
	FSTPD	(F10, F11), (SAVED_F8+16)(RSP) \
	FSTPD	(F12, F13), (SAVED_F8+32)(RSP) \
	FSTPD	(F14, F15), (SAVED_F8+48)(RSP) \
	STP	(R29, R30), SAVED_R29(RSP) \
	ADD	$SAVED_R29, RSP, R29

#define RESTORE \
	LDP	(SAVED_R19+0)(RSP), (R19, R20) \
	LDP	(SAVED_R19+16)(RSP), (R21, R22) \
	LDP	(SAVED_R19+32)(RSP), (R23, R24) \
	LDP	(SAVED_R19+48)(RSP), (R25, R26) \
	LDP	(SAVED_R19+64)(RSP), (R27, g) \
	FLDPD	(SAVED_F8+0)(RSP), (F8, F9) \
	FLDPD	(SAVED_F8+16)(RSP), (F10, F11) \
	FLDPD	(SAVED_F8+32)(RSP), (F12, F13) \
	FLDPD	(SAVED_F8+48)(RSP), (F14, F15) \
	LDP	SAVED_R29(RSP), (R29, R30) \
	ADD	$FRAME, RSP

#define GOCALL(name, fn) \
ENTRY(name) \
	SAVE \
	CALL	fn(SB) \
	RESTORE \
	RET

#define SYS(name, number) \
ENTRY(name) \
	MOVD	number, R8 \
	SVC \
	RET

#define FCNTL1(name, command) \
ENTRY(name) \
	MOVD	command, R1 \
	MOVD	$const_sysFcntl, R8 \
	SVC \
	RET

#define FCNTL2(name, command) \
ENTRY(name) \
	MOVWU	R1, R2 \ // the kernel reads a long, C leaves its upper half undefined
	MOVD	command, R1 \
	MOVD	$const_sysFcntl, R8 \
	SVC \
	RET

#include "registers.h"
#include "word64.h"
#include "exports.h"
