/* SPDX-License-Identifier: MIT */

/* Calls a function with known values in the callee-saved registers, and stores their values after it. */
#ifndef CALL_WITH_H
#define CALL_WITH_H

#include <stdint.h>

typedef uintptr_t word;

/*
 * call_with() loads the SAVED words of before[] into the callee-saved registers, calls
 * function(argument[0], ...) with 6 words (7 where a uint64_t takes two of them), and
 * stores the values of these registers in after[]. Its own caller's values and 'r' are in
 * its frame.
 */
struct registers {
	word before[64], after[64];
} __attribute__((aligned(16)));

intptr_t call_with(struct registers *r, word function, const word *argument);

/*
 * shifted() calls call_with() with the stack pointer 'shift' bytes lower. 'shift' is a
 * multiple of STACK_ALIGNMENT, the alignment that the psABI guarantees to a callee.
 */
intptr_t shifted(struct registers *r, word function, const word *argument, word shift);

#define STRING_(x) #x
#define STRING(x) STRING_(x)

/* 'insn' for each register \r, with n = from, from + step, ... */
/* One line for each line of assembly: */
/* clang-format off */
#define EACH(registers, from, step, insn)                                          \
	".set n, " STRING(from) "\n.irp r, " registers "\n" insn "\n.set n, n + " #step \
	"\n.endr\n"

#define BEGIN ".text\n.balign 16\n.globl call_with\n.type call_with, STT_FUNC\ncall_with:\n"
#define END ".size call_with, . - call_with\n"
#define BEGIN_SHIFTED ".balign 16\n.globl shifted\n.type shifted, STT_FUNC\nshifted:\n"
#define END_SHIFTED ".size shifted, . - shifted\n"

#if defined(__x86_64__)
#define SAVED 6
#define R "rbx, rbp, r12, r13, r14, r15"
__asm__(BEGIN
        "sub $56, %rsp\n mov %rdi, 48(%rsp)\n mov %rdi, %rax\n mov %rsi, %r11\n mov %rdx, %r10\n"
        EACH(R, 0, 8, "mov %\\r, n(%rsp)")
        EACH(R, 0, 8, "mov n(%rax), %\\r")
        EACH("0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15", 0, 8, "movups n(%rax), %xmm\\r")
        EACH("rdi, rsi, rdx, rcx, r8, r9", 0, 8, "mov n(%r10), %\\r")
        "call *%r11\n mov 48(%rsp), %rdi\n"
        EACH(R, 512, 8, "mov %\\r, n(%rdi)")
        EACH(R, 0, 8, "mov n(%rsp), %\\r")
        "add $56, %rsp\n ret\n" END);

#elif defined(__i386__)
#define STACK_ALIGNMENT 4
#define SAVED 4
#define R "ebx, esi, edi, ebp"
__asm__(BEGIN
        "sub $44, %esp\n mov 48(%esp), %eax\n mov 52(%esp), %ecx\n mov 56(%esp), %edx\n"
        EACH(R, 28, 4, "mov %\\r, n(%esp)")
        EACH("0, 4, 8, 12, 16, 20, 24", 0, 4, "mov n(%edx), %ebx\n mov %ebx, n(%esp)")
        EACH(R, 0, 4, "mov n(%eax), %\\r")
        "call *%ecx\n mov 48(%esp), %ecx\n"
        EACH(R, 256, 4, "mov %\\r, n(%ecx)")
        EACH(R, 28, 4, "mov n(%esp), %\\r")
        "add $44, %esp\n ret\n" END
        BEGIN_SHIFTED
        "push %ebp\n mov %esp, %ebp\n sub 20(%ebp), %esp\n"
        "pushl 16(%ebp)\n pushl 12(%ebp)\n pushl 8(%ebp)\n call call_with\n leave\n ret\n" END_SHIFTED);

#elif defined(__aarch64__)
#define SAVED 19
#define R "x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, d8, d9, d10, d11, d12, d13, d14, d15"
__asm__(BEGIN
        "sub sp, sp, #176\n str x0, [sp, #160]\n str x30, [sp, #168]\n"
        "mov x9, x0\n mov x10, x1\n mov x11, x2\n"
        EACH(R, 0, 8, "str \\r, [sp, #n]")
        EACH(R, 0, 8, "ldr \\r, [x9, #n]")
        EACH("x0, x1, x2, x3, x4, x5", 0, 8, "ldr \\r, [x11, #n]")
        "blr x10\n ldr x9, [sp, #160]\n ldr x30, [sp, #168]\n"
        EACH(R, 512, 8, "str \\r, [x9, #n]")
        EACH(R, 0, 8, "ldr \\r, [sp, #n]")
        "add sp, sp, #176\n ret\n" END);

#elif defined(__arm__)
#define STACK_ALIGNMENT 8
#define SAVED 24
#define R "r4, r5, r6, r7, r8, r9, r10, r11"
#define F "d8, d9, d10, d11, d12, d13, d14, d15"
__asm__(".arm\n.fpu vfpv3-d16\n" BEGIN
        "sub sp, sp, #120\n str r0, [sp, #112]\n str lr, [sp, #116]\n mov r12, r1\n"
        EACH(R, 16, 4, "str \\r, [sp, #n]") EACH(F, 48, 8, "vstr \\r, [sp, #n]")
        "ldr r4, [r2, #16]\n str r4, [sp]\n ldr r4, [r2, #20]\n str r4, [sp, #4]\n"
        "ldr r4, [r2, #24]\n str r4, [sp, #8]\n"
        EACH(R, 0, 4, "ldr \\r, [r0, #n]") EACH(F, 32, 8, "vldr \\r, [r0, #n]")
        "ldm r2, {r0, r1, r2, r3}\n blx r12\n ldr r1, [sp, #112]\n ldr lr, [sp, #116]\n"
        EACH(R, 256, 4, "str \\r, [r1, #n]") EACH(F, 288, 8, "vstr \\r, [r1, #n]")
        EACH(R, 16, 4, "ldr \\r, [sp, #n]") EACH(F, 48, 8, "vldr \\r, [sp, #n]")
        "add sp, sp, #120\n bx lr\n" END
        BEGIN_SHIFTED
        "push {r4, lr}\n mov r4, sp\n sub sp, sp, r3\n bl call_with\n mov sp, r4\n"
        "pop {r4, lr}\n bx lr\n" END_SHIFTED);

#elif defined(__riscv)
#define SAVED 24
#define R "s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11"
#define F "fs0, fs1, fs2, fs3, fs4, fs5, fs6, fs7, fs8, fs9, fs10, fs11"
__asm__(BEGIN
        "addi sp, sp, -208\n sd a0, 192(sp)\n sd ra, 200(sp)\n"
        "mv t0, a0\n mv t1, a1\n mv t2, a2\n"
        EACH(R, 0, 8, "sd \\r, n(sp)") EACH(F, 96, 8, "fsd \\r, n(sp)")
        EACH(R, 0, 8, "ld \\r, n(t0)") EACH(F, 96, 8, "fld \\r, n(t0)")
        EACH("a0, a1, a2, a3, a4, a5", 0, 8, "ld \\r, n(t2)")
        "jalr t1\n ld t0, 192(sp)\n ld ra, 200(sp)\n"
        EACH(R, 512, 8, "sd \\r, n(t0)") EACH(F, 608, 8, "fsd \\r, n(t0)")
        EACH(R, 0, 8, "ld \\r, n(sp)") EACH(F, 96, 8, "fld \\r, n(sp)")
        "addi sp, sp, 208\n ret\n" END);

#elif defined(__loongarch64)
#define SAVED 19 /* with r21, which is reserved */
#define R "r21, r22, r23, r24, r25, r26, r27, r28, r29, r30, r31"
#define F "f24, f25, f26, f27, f28, f29, f30, f31"
__asm__(BEGIN
        "addi.d $sp, $sp, -176\n st.d $a0, $sp, 160\n st.d $ra, $sp, 168\n"
        "move $t0, $a0\n move $t1, $a1\n move $t2, $a2\n"
        EACH(R, 0, 8, "st.d $\\r, $sp, n") EACH(F, 88, 8, "fst.d $\\r, $sp, n")
        EACH(R, 0, 8, "ld.d $\\r, $t0, n") EACH(F, 88, 8, "fld.d $\\r, $t0, n")
        EACH("a0, a1, a2, a3, a4, a5", 0, 8, "ld.d $\\r, $t2, n")
        "jirl $ra, $t1, 0\n ld.d $t0, $sp, 160\n ld.d $ra, $sp, 168\n"
        EACH(R, 512, 8, "st.d $\\r, $t0, n") EACH(F, 600, 8, "fst.d $\\r, $t0, n")
        EACH(R, 0, 8, "ld.d $\\r, $sp, n") EACH(F, 88, 8, "fld.d $\\r, $sp, n")
        "addi.d $sp, $sp, 176\n jr $ra\n" END);

#elif defined(__powerpc64__)
#define SAVED 61 /* R and F, then V, then the fields 2 to 4 of CR */
#define R "14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31"
#define V "20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31"
__asm__(".machine power8\n" BEGIN
        "mflr 0\n std 0, 16(1)\n mfcr 0\n stw 0, 8(1)\n stdu 1, -544(1)\n"
        "std 2, 24(1)\n std 3, 32(1)\n mr 11, 3\n mr 12, 4\n mr 10, 5\n"
        EACH(R, 64, 8, "std \\r, n(1)") EACH(R, 208, 8, "stfd \\r, n(1)")
        EACH(V, 352, 16, "li 9, n\n stvx \\r, 9, 1")
        EACH(R, 0, 8, "ld \\r, n(11)") EACH(R, 144, 8, "lfd \\r, n(11)")
        EACH(V, 288, 16, "li 9, n\n lvx \\r, 9, 11")
        "ld 9, 480(11)\n rlwinm 9, 9, 0, 8, 19\n std 9, 480(11)\n mtcrf 0x38, 9\n"
        EACH("3, 4, 5, 6, 7, 8", 0, 8, "ld \\r, n(10)")
        "mtctr 12\n bctrl\n ld 2, 24(1)\n ld 11, 32(1)\n"
        EACH(R, 512, 8, "std \\r, n(11)") EACH(R, 656, 8, "stfd \\r, n(11)")
        EACH(V, 800, 16, "li 9, n\n stvx \\r, 9, 11")
        "mfcr 9\n rlwinm 9, 9, 0, 8, 19\n std 9, 992(11)\n"
        EACH(R, 64, 8, "ld \\r, n(1)") EACH(R, 208, 8, "lfd \\r, n(1)")
        EACH(V, 352, 16, "li 9, n\n lvx \\r, 9, 1")
        "addi 1, 1, 544\n ld 0, 16(1)\n mtlr 0\n lwz 0, 8(1)\n mtcrf 0x38, 0\n blr\n" END);

#elif defined(__s390x__)
#define STACK_ALIGNMENT 8
#define SAVED 16 /* the first is r6, which is also the fifth argument */
#define F "f8, f9, f10, f11, f12, f13, f14, f15"
__asm__(BEGIN
        "stmg %r6, %r15, 48(%r15)\n aghi %r15, -240\n stg %r2, 168(%r15)\n"
        "lgr %r1, %r3\n lgr %r14, %r4\n"
        EACH(F, 176, 8, "std %\\r, n(%r15)")
        "lmg %r6, %r13, 0(%r2)\n" EACH(F, 64, 8, "ld %\\r, n(%r2)")
        "lg %r6, 32(%r14)\n stg %r6, 0(%r2)\n lg %r0, 40(%r14)\n stg %r0, 160(%r15)\n"
        "lmg %r2, %r5, 0(%r14)\n basr %r14, %r1\n lg %r1, 168(%r15)\n"
        "stmg %r6, %r13, 512(%r1)\n" EACH(F, 576, 8, "std %\\r, n(%r1)")
        EACH(F, 176, 8, "ld %\\r, n(%r15)")
        "lmg %r6, %r15, 288(%r15)\n br %r14\n" END
        BEGIN_SHIFTED
        "stmg %r11, %r15, 88(%r15)\n lgr %r11, %r15\n aghi %r15, -160\n sgr %r15, %r5\n"
        "brasl %r14, call_with\n lgr %r15, %r11\n lmg %r11, %r15, 88(%r15)\n br %r14\n" END_SHIFTED);
#endif
/* clang-format on */

#ifndef STACK_ALIGNMENT /* every frame is a multiple of it, so it cannot be shifted */
#define STACK_ALIGNMENT 16
#define shifted(r, function, argument, shift) call_with(r, function, argument)
#endif

#endif
