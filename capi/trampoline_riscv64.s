// SPDX-License-Identifier: MIT

// C functions for riscv64: LP64D calls in, Go's register ABI or the kernel out.
//
//   argument | C  | Go | system call
//   ---------+----+----+------------
//   number   |    |    | A7
//   1        | A0 | A0 | A0
//   2        | A1 | A1 | A1
//   3        | A2 | A2 | A2
//   4        | A3 | A3 | A3
//   5        | A4 | A4 | A4
//   6        | A5 | A5 | A5
//   result   | A0 | A0 | A0
//
// Callee-saved in C: S0-S11 (X8, X9, X18-X27) and FS0-FS11 (F8, F9, F18-F27); in Go
// none. Go does not use GP and TP. S11 is g.

#include "go_asm.h"
#include "textflag.h"

#define ENTRY(name) \
TEXT name(SB),NOSPLIT|NOFRAME,$0

// The frame, upwards from SP, repeated in linker/riscv64.go:
//
//    0  RA, then 48 bytes, the spill space of Go's arguments
#define SAVED_RA	0
#define SAVED_S0	64
#define SAVED_FS0	160
#define FRAME		256

// FCSR is not saved: Go does not change it.
#define SAVE \
	ADD	$-FRAME, X2 \
	MOV	X1, SAVED_RA(X2) \
	MOV	X8, (SAVED_S0+0)(X2) \
	MOV	X9, (SAVED_S0+8)(X2) \
	MOV	X18, (SAVED_S0+16)(X2) \
	MOV	X19, (SAVED_S0+24)(X2) \
	MOV	X20, (SAVED_S0+32)(X2) \
	MOV	X21, (SAVED_S0+40)(X2) \
	MOV	X22, (SAVED_S0+48)(X2) \
	MOV	X23, (SAVED_S0+56)(X2) \
	MOV	X24, (SAVED_S0+64)(X2) \
	MOV	X25, (SAVED_S0+72)(X2) \
	MOV	X26, (SAVED_S0+80)(X2) \
	MOV	g, (SAVED_S0+88)(X2) \
	MOVD	F8, (SAVED_FS0+0)(X2) \
	MOVD	F9, (SAVED_FS0+8)(X2) \
	MOVD	F18, (SAVED_FS0+16)(X2) \
	MOVD	F19, (SAVED_FS0+24)(X2) \
	MOVD	F20, (SAVED_FS0+32)(X2) \
	MOVD	F21, (SAVED_FS0+40)(X2) \
	MOVD	F22, (SAVED_FS0+48)(X2) \
	MOVD	F23, (SAVED_FS0+56)(X2) \
	MOVD	F24, (SAVED_FS0+64)(X2) \
	MOVD	F25, (SAVED_FS0+72)(X2) \
	MOVD	F26, (SAVED_FS0+80)(X2) \
	MOVD	F27, (SAVED_FS0+88)(X2)

#define RESTORE \
	MOV	SAVED_RA(X2), X1 \
	MOV	(SAVED_S0+0)(X2), X8 \
	MOV	(SAVED_S0+8)(X2), X9 \
	MOV	(SAVED_S0+16)(X2), X18 \
	MOV	(SAVED_S0+24)(X2), X19 \
	MOV	(SAVED_S0+32)(X2), X20 \
	MOV	(SAVED_S0+40)(X2), X21 \
	MOV	(SAVED_S0+48)(X2), X22 \
	MOV	(SAVED_S0+56)(X2), X23 \
	MOV	(SAVED_S0+64)(X2), X24 \
	MOV	(SAVED_S0+72)(X2), X25 \
	MOV	(SAVED_S0+80)(X2), X26 \
	MOV	(SAVED_S0+88)(X2), g \
	MOVD	(SAVED_FS0+0)(X2), F8 \
	MOVD	(SAVED_FS0+8)(X2), F9 \
	MOVD	(SAVED_FS0+16)(X2), F18 \
	MOVD	(SAVED_FS0+24)(X2), F19 \
	MOVD	(SAVED_FS0+32)(X2), F20 \
	MOVD	(SAVED_FS0+40)(X2), F21 \
	MOVD	(SAVED_FS0+48)(X2), F22 \
	MOVD	(SAVED_FS0+56)(X2), F23 \
	MOVD	(SAVED_FS0+64)(X2), F24 \
	MOVD	(SAVED_FS0+72)(X2), F25 \
	MOVD	(SAVED_FS0+80)(X2), F26 \
	MOVD	(SAVED_FS0+88)(X2), F27 \
	ADD	$FRAME, X2

#define GOCALL(name, fn) \
ENTRY(name) \
	SAVE \
	CALL	fn(SB) \
	RESTORE \
	RET

#define SYS(name, number) \
ENTRY(name) \
	MOV	number, A7 \
	ECALL \
	RET

#define FCNTL1(name, command) \
ENTRY(name) \
	MOV	command, A1 \
	MOV	$const_sysFcntl, A7 \
	ECALL \
	RET

#define FCNTL2(name, command) \
ENTRY(name) \
	MOVWU	A1, A2 \ // the kernel reads a long, C sign-extends 32-bit arguments
	MOV	command, A1 \
	MOV	$const_sysFcntl, A7 \
	ECALL \
	RET

#include "registers.h"
#include "word64.h"
#include "exports.h"
