// SPDX-License-Identifier: MIT

// C functions for ppc64le: ELFv2 calls in, Go's register ABI or the kernel out.
//
//   argument | C  | Go | system call
//   ---------+----+----+------------
//   number   |    |    | R0
//   1        | R3 | R3 | R3
//   2        | R4 | R4 | R4
//   3        | R5 | R5 | R5
//   4        | R6 | R6 | R6
//   5        | R7 | R7 | R7
//   6        | R8 | R8 | R8
//   result   | R3 | R3 | R3
//
// Callee-saved in C: R14-R31, F14-F31, V20-V31 and CR2-CR4; in Go none. Go expects
// R0 = 0 and does not use R13. R30 is g. The assembler begins each function with the
// two instructions that set R2, the TOC pointer, from R12; the caller's PLT stub has
// saved its own R2.

#include "go_asm.h"
#include "textflag.h"

#define ENTRY(name) \
TEXT name(SB),NOSPLIT|NOFRAME,$0

// The frame, upwards from R1, repeated in linker/ppc64le.go:
//
//    0  back chain; the rest of the 32-byte header is for Go
//   32  48 bytes, the spill space of Go's arguments
//  560  the caller's frame, whose header has slots for our CR and LR
#define SAVED_R14	80
#define SAVED_F14	224
#define SAVED_V20	368
#define FRAME		560
#define SAVED_CR	(FRAME+8)
#define SAVED_LR	(FRAME+16)

// FPSCR, VSCR and VRSAVE are not saved: Go does not change them.
#define SAVE \
	MOVD	LR, R0 \
	MOVD	R0, (SAVED_LR-FRAME)(R1) \
	MOVW	CR, R0 \
	MOVW	R0, (SAVED_CR-FRAME)(R1) \
	MOVDU	R1, -FRAME(R1) \
	MOVD R14, (SAVED_R14+0)(R1); MOVD R15, (SAVED_R14+8)(R1) \
	MOVD R16, (SAVED_R14+16)(R1); MOVD R17, (SAVED_R14+24)(R1) \
	MOVD R18, (SAVED_R14+32)(R1); MOVD R19, (SAVED_R14+40)(R1) \
	MOVD R20, (SAVED_R14+48)(R1); MOVD R21, (SAVED_R14+56)(R1) \
	MOVD R22, (SAVED_R14+64)(R1); MOVD R23, (SAVED_R14+72)(R1) \
	MOVD R24, (SAVED_R14+80)(R1); MOVD R25, (SAVED_R14+88)(R1) \
	MOVD R26, (SAVED_R14+96)(R1); MOVD R27, (SAVED_R14+104)(R1) \
	MOVD R28, (SAVED_R14+112)(R1); MOVD R29, (SAVED_R14+120)(R1) \
	MOVD g, (SAVED_R14+128)(R1); MOVD R31, (SAVED_R14+136)(R1) \
	FMOVD F14, (SAVED_F14+0)(R1); FMOVD F15, (SAVED_F14+8)(R1) \
	FMOVD F16, (SAVED_F14+16)(R1); FMOVD F17, (SAVED_F14+24)(R1) \
	FMOVD F18, (SAVED_F14+32)(R1); FMOVD F19, (SAVED_F14+40)(R1) \
	FMOVD F20, (SAVED_F14+48)(R1); FMOVD F21, (SAVED_F14+56)(R1) \
	FMOVD F22, (SAVED_F14+64)(R1); FMOVD F23, (SAVED_F14+72)(R1) \
	FMOVD F24, (SAVED_F14+80)(R1); FMOVD F25, (SAVED_F14+88)(R1) \
	FMOVD F26, (SAVED_F14+96)(R1); FMOVD F27, (SAVED_F14+104)(R1) \
	FMOVD F28, (SAVED_F14+112)(R1); FMOVD F29, (SAVED_F14+120)(R1) \
	FMOVD F30, (SAVED_F14+128)(R1); FMOVD F31, (SAVED_F14+136)(R1) \
	MOVD $(SAVED_V20+0), R11; STVX V20, (R11)(R1) \
	MOVD $(SAVED_V20+16), R11; STVX V21, (R11)(R1) \
	MOVD $(SAVED_V20+32), R11; STVX V22, (R11)(R1) \
	MOVD $(SAVED_V20+48), R11; STVX V23, (R11)(R1) \
	MOVD $(SAVED_V20+64), R11; STVX V24, (R11)(R1) \
	MOVD $(SAVED_V20+80), R11; STVX V25, (R11)(R1) \
	MOVD $(SAVED_V20+96), R11; STVX V26, (R11)(R1) \
	MOVD $(SAVED_V20+112), R11; STVX V27, (R11)(R1) \
	MOVD $(SAVED_V20+128), R11; STVX V28, (R11)(R1) \
	MOVD $(SAVED_V20+144), R11; STVX V29, (R11)(R1) \
	MOVD $(SAVED_V20+160), R11; STVX V30, (R11)(R1) \
	MOVD $(SAVED_V20+176), R11; STVX V31, (R11)(R1)

#define RESTORE \
	MOVD (SAVED_R14+0)(R1), R14; MOVD (SAVED_R14+8)(R1), R15 \
	MOVD (SAVED_R14+16)(R1), R16; MOVD (SAVED_R14+24)(R1), R17 \
	MOVD (SAVED_R14+32)(R1), R18; MOVD (SAVED_R14+40)(R1), R19 \
	MOVD (SAVED_R14+48)(R1), R20; MOVD (SAVED_R14+56)(R1), R21 \
	MOVD (SAVED_R14+64)(R1), R22; MOVD (SAVED_R14+72)(R1), R23 \
	MOVD (SAVED_R14+80)(R1), R24; MOVD (SAVED_R14+88)(R1), R25 \
	MOVD (SAVED_R14+96)(R1), R26; MOVD (SAVED_R14+104)(R1), R27 \
	MOVD (SAVED_R14+112)(R1), R28; MOVD (SAVED_R14+120)(R1), R29 \
	MOVD (SAVED_R14+128)(R1), g; MOVD (SAVED_R14+136)(R1), R31 \
	FMOVD (SAVED_F14+0)(R1), F14; FMOVD (SAVED_F14+8)(R1), F15 \
	FMOVD (SAVED_F14+16)(R1), F16; FMOVD (SAVED_F14+24)(R1), F17 \
	FMOVD (SAVED_F14+32)(R1), F18; FMOVD (SAVED_F14+40)(R1), F19 \
	FMOVD (SAVED_F14+48)(R1), F20; FMOVD (SAVED_F14+56)(R1), F21 \
	FMOVD (SAVED_F14+64)(R1), F22; FMOVD (SAVED_F14+72)(R1), F23 \
	FMOVD (SAVED_F14+80)(R1), F24; FMOVD (SAVED_F14+88)(R1), F25 \
	FMOVD (SAVED_F14+96)(R1), F26; FMOVD (SAVED_F14+104)(R1), F27 \
	FMOVD (SAVED_F14+112)(R1), F28; FMOVD (SAVED_F14+120)(R1), F29 \
	FMOVD (SAVED_F14+128)(R1), F30; FMOVD (SAVED_F14+136)(R1), F31 \
	MOVD $(SAVED_V20+0), R11; LVX (R11)(R1), V20 \
	MOVD $(SAVED_V20+16), R11; LVX (R11)(R1), V21 \
	MOVD $(SAVED_V20+32), R11; LVX (R11)(R1), V22 \
	MOVD $(SAVED_V20+48), R11; LVX (R11)(R1), V23 \
	MOVD $(SAVED_V20+64), R11; LVX (R11)(R1), V24 \
	MOVD $(SAVED_V20+80), R11; LVX (R11)(R1), V25 \
	MOVD $(SAVED_V20+96), R11; LVX (R11)(R1), V26 \
	MOVD $(SAVED_V20+112), R11; LVX (R11)(R1), V27 \
	MOVD $(SAVED_V20+128), R11; LVX (R11)(R1), V28 \
	MOVD $(SAVED_V20+144), R11; LVX (R11)(R1), V29 \
	MOVD $(SAVED_V20+160), R11; LVX (R11)(R1), V30 \
	MOVD $(SAVED_V20+176), R11; LVX (R11)(R1), V31 \
	MOVD	SAVED_LR(R1), R0 \
	MOVD	R0, LR \
	MOVWZ	SAVED_CR(R1), R0 \
	MOVW	R0, CR \
	ADD	$FRAME, R1

// All shapes share one copy, with the Go function in R12: saving and restoring takes
// 140 instructions.
ENTRY(callGo<>)
	SAVE
	MOVD	$0, R0
	MOVD	R12, CTR
	CALL	(CTR)
	RESTORE
	RET

#define GOCALL(name, fn) \
ENTRY(name) \
	MOVD	$fn(SB), R12 \
	JMP	callGo<>(SB)

// The kernel reports an error by CR0's summary overflow bit, which BVC tests, and
// returns it as a positive number.
#define RETURN \
	BVC	2(PC) \
	NEG	R3 \
	RET

#define SYS(name, number) \
ENTRY(name) \
	SYSCALL	number \
	RETURN

#define FCNTL1(name, command) \
ENTRY(name) \
	MOVD	command, R4 \
	SYSCALL	$const_sysFcntl \
	RETURN

#define FCNTL2(name, command) \
ENTRY(name) \
	MOVWZ	R4, R5 \ // the kernel reads a long: clear its upper half
	MOVD	command, R4 \
	SYSCALL	$const_sysFcntl \
	RETURN

#include "registers.h"
#include "word64.h"
#include "exports.h"
