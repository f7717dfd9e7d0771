// SPDX-License-Identifier: MIT

package main

import (
	"encoding/hex"
	"slices"
	"testing"
)

// Instructions that must not be in the library, and similar ones that are allowed, as encoded by
// the GNU assembler.
var encodings = []struct {
	arch *arch
	text string
	code string
	want string // "": allowed
}{
	{i386, "jmp *%eax", "ffe0", faultIndirect},
	{arm, "blx r1", "31ff2fe1", faultIndirect},
	{arm, "bx r2", "12ff2fe1", faultIndirect},
	{arm, "bx lr", "1eff2fe1", ""},
	{arm, "add pc, lr, #0", "00f08ee2", ""},
	{arm, "ldr pc, [r1]", "00f091e5", faultIndirect},
	{arm, "ldr pc, [r1, r3]", "03f091e7", faultIndirect},
	{arm, "ldr pc, [sp], #8", "08f09de4", ""},
	{arm, "add pc, pc, r0, lsl #2", "00f18fe0", faultIndirect},
	{arm, "add pc, r1, #0x90", "90f081e2", faultIndirect},
	{arm, "mov pc, r3", "03f0a0e1", faultIndirect},
	{arm, "pop {r4, pc}", "1080bde8", ""},
	{arm, "ldm r1, {r0, pc}", "018091e8", faultIndirect},
	{arm, "cmp r0, #1", "010050e3", ""},
	{arm, "umull r0, r1, r2, r3", "920381e0", ""},
	{arm, "nop", "00f020e3", ""},
	{arm, "yield", "01f020e3", ""},
	{arm, "stl r1, [r2]", "91fc82e1", ""},
	{arm64, "ret x3", "60005fd6", faultIndirect},
	{arm64, "mrs x1, tpidr_el0", "41d03bd5", faultTLS},
	{riscv64, "jalr x0, 0(x6)", "67000300", faultIndirect},
	{riscv64, "jalr x1, 0(x6)", "e7000300", faultIndirect},
	{riscv64, "ret", "67800000", ""},
	{riscv64, "c.jr x6", "0283", faultIndirect},
	{riscv64, "c.jalr x6", "0293", faultIndirect},
	{riscv64, "c.jalr ra", "8290", faultIndirect},
	{riscv64, "c.ret", "8280", ""},
	{riscv64, "half of ret", "6780", ""},
	{riscv64, "ld t0, 8(tp)", "83328200", faultTLS},
	{riscv64, "fld ft0, 8(tp)", "07308200", faultTLS},
	{riscv64, "sd t0, 8(tp)", "23345200", faultTLS},
	{riscv64, "fsd ft0, 8(tp)", "27340200", faultTLS},
	{riscv64, "add t0, t1, tp", "b3024300", faultTLS},
	{riscv64, "addw t0, t1, tp", "bb024300", faultTLS},
	{riscv64, "mv t0, tp", "93020200", faultTLS},
	{riscv64, "sext.w t0, tp", "9b020200", faultTLS},
	{riscv64, "c.addi tp, 8", "2102", faultTLS},
	{riscv64, "c.mv t0, tp", "9282", faultTLS},
	{riscv64, "c.add t0, tp", "9292", faultTLS},
	{riscv64, "add t0, t0, t1", "b3826200", ""},
	{ppc64le, "bctrl", "2104804e", faultIndirect},
	{ppc64le, "bctr", "2004804e", faultIndirect},
	{ppc64le, "blrl", "2100804e", faultIndirect},
	{ppc64le, "blr", "2000804e", ""},
	{ppc64le, "beqlr", "2000824d", ""},
	{ppc64le, "ld 3, 8(13)", "08006de8", faultTLS},
	{ppc64le, "addi 3, 13, 8", "08006d38", faultTLS},
	{ppc64le, "add 3, 4, 13", "146a647c", faultTLS},
	{ppc64le, "ldx 3, 4, 13", "2a68647c", faultTLS},
	{ppc64le, "mr 3, 13", "786ba37d", faultTLS},
	{ppc64le, "fadd 1, 13, 2", "2a102dfc", ""},
	{ppc64le, "sradi 3, 4, 13", "746e837c", ""},
	{s390x, "basr %r14, %r3", "0de3", faultIndirect},
	{s390x, "basr %r14, %r1", "0de1", faultIndirect},
	{s390x, "basr %r14, %r0", "0de0", ""},
	{s390x, "bassm %r14, %r1", "0ce1", faultIndirect},
	{s390x, "bsm %r2, %r1", "0b21", faultIndirect},
	{s390x, "bsm %r2, %r0", "0b20", ""},
	{s390x, "bas %r14, 0(%r3)", "4de03000", faultIndirect},
	{s390x, "bal %r14, 0(%r3)", "45e03000", faultIndirect},
	{s390x, "ipm %r2", "b2220020", ""},
	{s390x, "br %r14", "07fe", ""},
	{s390x, "br %r3", "07f3", faultIndirect},
	{s390x, "br %r1", "07f1", faultIndirect},
	{s390x, "br %r0", "07f0", ""},
	{s390x, "bor %r3", "0713", faultIndirect},
	{s390x, "nopr %r3", "0703", ""},
	{s390x, "nopr", "0700", ""},
	{s390x, "b 0(%r3)", "47f03000", faultIndirect},
	{s390x, "nop", "47000000", ""},
	{loong64, "jirl $zero, $t0, 0", "8001004c", faultIndirect},
	{loong64, "jirl $ra, $t0, 0", "8101004c", faultIndirect},
	{loong64, "ret", "2000004c", ""},
	{loong64, "ld.d $t0, $tp, 8", "4c20c028", faultTLS},
	{loong64, "st.d $t0, $tp, 8", "4c20c029", faultTLS},
	{loong64, "add.d $t0, $t1, $tp", "ac891000", faultTLS},
	{loong64, "move $t0, $tp", "4c001500", faultTLS},
	{loong64, "addi.d $t0, $tp, 8", "4c20c002", faultTLS},
	{loong64, "alsl.w $t0, $t1, $tp, 1", "ac090400", faultTLS},
	{loong64, "addu16i.d $t0, $tp, 1", "4c040010", faultTLS},
	{loong64, "ll.w $t0, $tp, 0", "4c000020", faultTLS},
	{loong64, "fst.d $fa0, $tp, 8", "4020c02b", faultTLS},
	{loong64, "ldx.d $t0, $t1, $tp", "ac090c38", faultTLS},
	{loong64, "ldx.d $t0, $tp, $t1", "4c340c38", faultTLS},
	{loong64, "ldx.d $t0, $t1, $t2", "ac390c38", ""},
	{loong64, "add.d $t0, $t0, $t1", "8cb51000", ""},
	{loong64, "addi.d $t0, $t1, 2", "ac09c002", ""},
	{loong64, "slli.d $t0, $t1, 2", "ac094100", ""},
	{loong64, "fadd.d $fa0, $fa2, $fa2", "40080101", ""},
	{loong64, "lu12i.w $t0, 2", "4c000014", ""},
}

func TestInstructions(t *testing.T) {
	for _, test := range encodings {
		code := decoded(t, test.code)
		_, faults := test.arch.scan(code, fields{})
		var want []fault
		if test.want != "" {
			want = []fault{{0, test.want}}
		}
		if !slices.Equal(faults, want) {
			t.Errorf("%v: %s: %v, want %v", test.arch.machine, test.text, faults, want)
		}
	}
}

// A store with a relocation is a store to a variable.
func TestStoresToVariables(t *testing.T) {
	for _, test := range []struct {
		arch  *arch
		text  string
		code  string
		field uint64
		want  bool
	}{
		{i386, "lea variable(%ecx), %ecx; mov %eax, (%ecx)", "8d89000000008901", 2, true},
		{i386, "lea variable(%ecx), %ecx; mov %eax, 4(%ecx)", "8d8900000000894104", 2, true},
		{i386, "lea variable(%ecx), %ecx; mov (%ecx), %eax", "8d89000000008b01", 2, false},
		{i386, "lea variable(%ecx), %ecx; cmp %eax, (%ecx)", "8d89000000003901", 2, false},
		{i386, "lea variable(%ecx), %ecx; mov %ecx, (%eax)", "8d89000000008908", 2, false},
		{amd64, "mov %eax, variable(%rip)", "890500000000", 2, true},
		{amd64, "mov variable(%rip), %eax", "8b0500000000", 2, false},
		{amd64, "lea variable(%rip), %rax; mov %ecx, (%rax)", "488d05000000008908", 3, true},
		{amd64, "lea variable(%rip), %rax; cmp %rcx, %rax; mov %ecx, (%rax)", "488d05000000004839c88908", 3, true},
		{amd64, "lea variable(%rip), %rax; mov %rcx, %rax; mov %ecx, (%rax)", "488d05000000004889c88908", 3, false},
		{amd64, "lea variable(%rip), %rax; cmp %rcx, %rdx; mov %ecx, (%rdx)", "488d05000000004839ca890a", 3, false},
		{arm, "add r11, pc, r11; str r0, [r11]", "0bb08fe000008be5", 0, true},
		{arm, "add r11, pc, r11; strh r0, [r11]", "0bb08fe0b000cbe1", 0, true},
		{arm, "add r11, pc, r11; vstr d0, [r11]", "0bb08fe0000b8bed", 0, true},
		{arm, "add r11, pc, r11; str r0, [r11, #1]", "0bb08fe001008be5", 0, true},
		{arm, "add r11, pc, r11; strh r0, [r11, #1]", "0bb08fe0b100cbe1", 0, true},
		{arm, "add r11, pc, r11; vstr d0, [r11, #4]", "0bb08fe0010b8bed", 0, true},
		{arm, "add r11, pc, r11; ldr r0, [r11]", "0bb08fe000009be5", 0, false},
		{arm, "add r11, pc, r11; str r0, [r1]", "0bb08fe0000081e5", 0, false},
		{arm64, "str x0, [x1]", "200000f9", 0, true},
		{arm64, "strb w0, [x1]", "20000039", 0, true},
		{arm64, "str q0, [x1]", "2000803d", 0, true},
		{arm64, "str d0, [x1]", "200000fd", 0, true},
		{arm64, "ldr x0, [x1]", "200040f9", 0, false},
		{arm64, "ldr q0, [x1]", "2000c03d", 0, false},
		{arm64, "ldrsw x0, [x1]", "200080b9", 0, false},
		{arm64, "str x3, [x1]", "230000f9", 0, true},
		{arm64, "str q3, [x1]", "2300803d", 0, true},
		{arm64, "ldr x1, variable; str x0, [x1]", "610340f9200000f9", 0, false},
		{arm64, "add x27, x27, variable; stp x0, x1, [x27]", "7b030091600700a9", 0, true},
		{arm64, "add x27, x27, variable; stp d0, d1, [x27]", "7b0300916007006d", 0, true},
		{arm64, "add x27, x27, variable; stp x1, x2, [x27]", "7b030091610b00a9", 0, true},
		{arm64, "add x27, x27, variable; stur x0, [x27, #1]", "7b030091601300f8", 0, true},
		{arm64, "add x27, x27, variable; str q0, [x27]", "7b0300916003803d", 0, true},
		{arm64, "add x27, x27, variable; nop; str x0, [x27]", "7b0300911f2003d5600300f9", 0, true},
		{arm64, "add x27, x27, variable; str x27, [x1]; str x0, [x27]", "7b0300913b0000f9600300f9", 0, true},
		{arm64, "add x27, x27, variable; add x0, x1, #27; str x0, [x27]", "7b030091206c0091600300f9", 0, true},
		{arm64, "add x27, x27, variable; ldp x0, x1, [x27]", "7b030091600740a9", 0, false},
		{arm64, "add x27, x27, variable; ldr q0, [x27]", "7b0300916003c03d", 0, false},
		{arm64, "add x27, x27, variable; stp x0, x27, [x1]", "7b030091206c00a9", 0, false},
		{arm64, "add x27, x27, variable; ldr x27, [x27]; str x0, [x27]", "7b0300917b0340f9600300f9", 0, false},
		{arm64, "add x27, x27, variable; ldp x1, x27, [x27]; str x0, [x27]", "7b030091616f40a9600300f9", 0, false},
		{riscv64, "sd t0, 0(t1)", "23305300", 0, true},
		{riscv64, "fsd f1, 0(t1)", "27301300", 0, true},
		{riscv64, "ld t0, 0(t1)", "83320300", 0, false},
		{riscv64, "addi t0, t0, variable; fsw ft0, 0(t0)", "9382020027a00200", 0, true}, // Go 1.25
		{riscv64, "addi t0, t0, variable; flw ft0, 0(t0)", "9382020007a00200", 0, false},
		{riscv64, "addi ra, ra, variable; sd t0, 0(ra)", "9380000023b05000", 0, true},
		{riscv64, "addi s0, s0, variable; c.sd s1, 0(s0)", "1304040004e0", 0, true},
		{riscv64, "addi t0, t0, variable; fsw ft0, 0(t1)", "9382020027200300", 0, false},
		{riscv64, "addi t0, t0, variable; mv t0, t1; fsw ft0, 0(t0)", "938202009302030027a00200", 0, false},
		{riscv64, "ld t0, 0(t1); sd t0, 0(ra)", "8332030023b05000", 0, false},
		{riscv64, "sd t0, 0(ra); nop", "23b0500013000000", 4, false},
		{ppc64le, "std 3, 0(4)", "000064f8", 0, true},
		{ppc64le, "stw 3, 0(4)", "00006490", 0, true},
		{ppc64le, "stfd 1, 0(4)", "000024d8", 0, true},
		{ppc64le, "ld 3, 0(4)", "000064e8", 0, false},
		{s390x, "strl %r1, variable", "c41f00000032", 2, true},
		{s390x, "stgrl %r1, variable", "c41b00000032", 2, true},
		{s390x, "lgrl %r1, variable", "c41800000032", 2, false},
		{s390x, "larl %r10, variable; stc %r2, 0(%r10)", "c0a0000000644220a000", 2, true},
		{s390x, "larl %r10, variable; ste %f0, 0(%r10)", "c0a0000000647000a000", 2, true},
		{s390x, "larl %r10, variable; mvi 0(%r10), 0", "c0a0000000649200a000", 2, true},
		{s390x, "larl %r10, variable; mvghi 0(%r10), 0", "c0a000000064e548a0000000", 2, true},
		{s390x, "larl %r10, variable; sty %r2, -4(%r10)", "c0a000000064e320affcff50", 2, true},
		{s390x, "larl %r10, variable; xc 0(8, %r10), 0(%r10)", "c0a000000064d707a000a000", 2, true},
		{s390x, "larl %r10, variable; stmg %r2, %r3, 0(%r10)", "c0a000000064eb23a0000024", 2, true},
		{s390x, "larl %r10, variable; stdy %f0, 0(%r10)", "c0a000000064ed00a0000067", 2, true},
		{s390x, "larl %r10, variable; vst %v0, 0(%r10)", "c0a000000064e700a000000e", 2, true},
		{s390x, "larl %r10, variable; agsi 0(%r10), 1", "c0a000000064eb01a000007a", 2, true},
		{s390x, "larl %r10, variable; llgc %r0, 0(%r10)", "c0a000000064e300a0000090", 2, false},
		{s390x, "larl %r10, variable; clc 0(8, %r10), 0(%r1)", "c0a000000064d507a0001000", 2, false},
		{s390x, "larl %r10, variable; lg %r10, 0(%r10); stg %r2, 0(%r10)", "c0a000000064e3a0a0000004e320a0000024", 2, false},
		{s390x, "larl %r10, variable; lgr %r10, %r3; stg %r2, 0(%r10)", "c0a000000064b90400a3e320a0000024", 2, false},
		{s390x, "larl %r10, variable; stg %r10, 0(%r3)", "c0a000000064e3a030000024", 2, false},
		{loong64, "st.b $t0, $t1, 0", "ac010029", 0, true},
		{s390x, "brasl %r14, function; st %r1, 0(%r14)", "c0e5000000645010e000", 2, false},
		{s390x, "lgrl %r10, variable; stg %r2, 0(%r10)", "c4a800000064e320a0000024", 2, false},
		{loong64, "st.d $t0, $t1, 0", "ac01c029", 0, true},
		{loong64, "fst.s $fa0, $t1, 0", "a001402b", 0, true},
		{loong64, "fst.d $fa0, $t1, 0", "a001c02b", 0, true},
		{loong64, "vst $vr0, $t1, 0", "a001402c", 0, true},
		{loong64, "xvst $xr0, $t1, 0", "a001c02c", 0, true},
		{loong64, "ld.d $t0, $t1, 0", "ac01c028", 0, false},
		{loong64, "ld.hu $t0, $t1, 0", "ac01402a", 0, false},
		{loong64, "fld.s $fa0, $t1, 0", "a001002b", 0, false},
		{loong64, "fld.d $fa0, $t1, 0", "a001802b", 0, false},
		{loong64, "vld $vr0, $t1, 0", "a001002c", 0, false},
	} {
		code := decoded(t, test.code)
		_, faults := test.arch.scan(code, fields{test.field: test.arch != arm}) // arm has it in a literal pool
		if got := len(faults) == 1 && faults[0].what == faultStore; got != test.want || !got && len(faults) > 0 {
			t.Errorf("%v: %s: %v", test.arch.machine, test.text, faults)
		}
	}
}

// A prologue that stores the return address below SP has to store it again.
func TestBelowSP(t *testing.T) {
	for _, test := range []struct {
		arch *arch
		text string
		code string
		safe bool
	}{
		{riscv64, "sd ra, -64(sp); addi sp, sp, -64; sd ra, 0(sp)", "233011fc130101fc23301100", true},
		{riscv64, "sd ra, -64(sp); c.addi16sp -64; c.sdsp ra, 0", "233011fc397106e0", true},
		{riscv64, "sd ra, -16(sp); c.addi sp, -16; c.sdsp ra, 0", "233811fe411106e0", true},
		{riscv64, "sd ra, -2000(sp); addi sp, sp, -2000; sd ra, 0(sp)", "233811821301018323301100", true},
		{riscv64, "sd ra, -64(sp); addi sp, sp, -64; nop", "233011fc130101fc13000000", false},
		{riscv64, "sd ra, -64(sp); addi sp, sp, -48; sd ra, 0(sp)", "233011fc130101fd23301100", false},
		{riscv64, "sd ra, -64(sp); addi sp, sp, -64", "233011fc130101fc", false},
		{riscv64, "sd ra, -64(sp); addi sp, t0, -64; sd ra, 0(sp)", "233011fc138102fc23301100", false},
		{riscv64, "sd t0, -64(sp); addi sp, sp, -64; sd t0, 0(sp)", "233051fc130101fc23305100", false},
		{riscv64, "sd t0, -8(sp)", "233c51fe", false},
		{riscv64, "ld t0, -8(sp)", "833281ff", false},
		{riscv64, "addi t0, sp, -8", "930281ff", false},
		{riscv64, "mv t0, sp", "93020100", true},
		{s390x, "stg %r14, -64(%r15); lay %r15, -64(%r15); stg %r14, 0(%r15)", "e3e0ffc0ff24e3f0ffc0ff71e3e0f0000024", true},
		{s390x, "stg %r14, -64(%r15); lay %r15, -64(%r15)", "e3e0ffc0ff24e3f0ffc0ff71", false},
		{s390x, "stg %r14, -64(%r15); lay %r15, -56(%r15); stg %r14, 0(%r15)", "e3e0ffc0ff24e3f0ffc8ff71e3e0f0000024", false},
		{s390x, "stg %r14, -64(%r15); lay %r15, -2112(%r15); stg %r14, 0(%r15)", "e3e0ffc0ff24e3f0f7c0ff71e3e0f0000024", false},
		{s390x, "stdy %f0, -8(%r15)", "ed00fff8ff67", false},
		{s390x, "mviy -8(%r15), 0", "eb00fff8ff52", false},
		{s390x, "stg %r2, -8(%r15)", "e320fff8ff24", false},
		{s390x, "lg %r2, -8(%r15)", "e320fff8ff04", false},
		{s390x, "lay %r2, -8(%r15)", "e320fff8ff71", false},
		{s390x, "stmg %r6, %r7, -16(%r15)", "eb67fff0ff24", false},
		{loong64, "st.d $ra, $sp, -64; addi.d $sp, $sp, -64; st.d $ra, $sp, 0", "6100ff296300ff026100c029", true},
		{loong64, "st.d $ra, $sp, -64; addi.d $sp, $sp, -64", "6100ff296300ff02", false},
		{loong64, "st.d $ra, $sp, -64; addi.d $sp, $sp, -48; st.d $ra, $sp, 0", "6100ff296340ff026100c029", false},
		{loong64, "ld.d $t0, $sp, -8", "6ce0ff28", false},
		{loong64, "ld.d $t0, $sp, -2048", "6c00e028", false},
		{loong64, "ld.d $t0, $sp, 2040", "6ce0df28", true},
		{loong64, "addi.d $t0, $sp, -8", "6ce0ff02", false},
	} {
		code := decoded(t, test.code)
		faults := test.arch.adaptFrame(instructions{code, test.arch.order}, nil)
		if safe := len(faults) == 0; safe != test.safe || !safe && (faults[0] != fault{0, faultBelowSP}) {
			t.Errorf("%v: %s: %v", test.arch.machine, test.text, faults)
		}
	}
}

// The registers have the numbers of the psABIs.
func TestPushedRegisters(t *testing.T) {
	for _, test := range []struct {
		arch *arch
		text string
		code string
		want int
	}{
		{amd64, "push %rax", "50", 0}, {amd64, "push %rcx", "51", 2}, {amd64, "push %rdx", "52", 1},
		{amd64, "push %rbx", "53", 3}, {amd64, "push %rsp", "54", 7}, {amd64, "push %rbp", "55", 6},
		{amd64, "push %rsi", "56", 4}, {amd64, "push %rdi", "57", 5}, {amd64, "push %r8", "4150", 8},
		{amd64, "push %r9", "4151", 9}, {amd64, "push %r10", "4152", 10}, {amd64, "push %r11", "4153", 11},
		{amd64, "push %r12", "4154", 12}, {amd64, "push %r13", "4155", 13}, {amd64, "push %r14", "4156", 14},
		{amd64, "push %r15", "4157", 15}, {amd64, "nop; pop %r15", "90415f", 15}, {amd64, "push %ax", "6650", -1},
		{amd64, "push %fs", "0fa0", -1}, {amd64, "push $1", "6a01", -1}, {amd64, "push (%rax)", "ff30", -1},
		{amd64, "mov %eax, %ecx", "89c1", -1}, {amd64, "push %rax; nop", "5090", -1},
		{i386, "push %eax", "50", 0}, {i386, "push %ecx", "51", 1}, {i386, "push %edx", "52", 2},
		{i386, "push %ebx", "53", 3}, {i386, "push %esp", "54", 4}, {i386, "push %ebp", "55", 5},
		{i386, "push %esi", "56", 6}, {i386, "pop %edi", "5f", 7}, {i386, "push %ax", "6650", -1},
		{i386, "push %fs", "0fa0", -1},
	} {
		code := decoded(t, test.code)
		got, ok := test.arch.dwarf.pushed(code, uint64(len(code)))
		if !ok {
			got = -1
		}
		if got != test.want {
			t.Errorf("%v: %s: %d, want %d", test.arch.machine, test.text, got, test.want)
		}
	}
}

// decoded returns the bytes of machine code that is written in hexadecimal.
func decoded(t *testing.T, code string) []byte {
	t.Helper()
	bytes, err := hex.DecodeString(code)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}
