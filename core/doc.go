// SPDX-License-Identifier: MIT

// Package core implements the functions of libmemfd_go, one file for each subject: the
// checks, loops, formatting and cleanup around the system calls. It runs on the C caller's
// stack, in any thread or signal handler, without a Go runtime: there are no goroutines, no
// heap, no stack growth and no panics.
//
// So every function is nosplit, and the code must not
//
//   - index or slice unless the compiler can prove that it is in range, make a slice or
//     string of variable length, or convert between slice and array: the check would call
//     panicIndex or similar. Loop to len(s) instead.
//   - divide by a variable, shift by a signed count, or divide 64-bit numbers on 32-bit
//     architectures (on arm any number).
//   - compare strings of variable length, concatenate, or range over a string.
//   - copy or zero what the compiler copies or zeroes by a call: arrays of 64 bytes or more,
//     and on 32-bit architectures structs of 64 to 144 bytes.
//   - store a pointer through a pointer, which is a write barrier. Store a uintptr.
//   - use sync/atomic, math/bits, interfaces, errors, defer, panic, maps, append, make, new,
//     go, a switch that becomes a jump table (eight cases or more), or any function that is
//     not nosplit, which includes most of x/sys/unix.
//   - use a string literal: on 386 and arm the linker could not tell which one it is. Texts
//     are package-level variables.
//   - assign to a package-level variable: they are read-only in the library.
//   - use more than 800 bytes of stack in a chain of calls.
//
// What remains are constants, arithmetic, pointers, loops, small structs, and
// syscall.RawSyscall6.
//
// System calls that may take long go through the functions in blocking.go. The package also
// runs in ordinary Go programs (bindings/go/memfd), whose scheduler must know of them. Pass
// them the address of a variable as a pointer, because there the stack may move.
//
// # Enforcement
//
// Every build of the library runs capi/linker. It refuses code that breaks these rules, and
// names the line, the construct and the chain of calls from the export:
//
//   - A function in core or capi that is not nosplit is found in the sources.
//   - Code that needs the runtime is found by the references of the machine code: to any
//     function or variable outside of core and capi, except for a few leaf functions.
//   - Indirect calls, thread-local storage and stores to package-level variables are found
//     in the instructions. A store whose address is computed first, as for an element of an
//     array, is not visible there; tests/fuzz/mutants finds such assignments in the sources.
//
// Go's own linker adds up the stack of chains of nosplit functions. In the library it allows
// 1600 bytes, trampoline included, because it believes that it links for the race detector
// (capi/linker/toolexec.go). In Go programs that import this package, as bindings/go does, it
// allows 800, the minimum that is left on a goroutine's stack.
//
// A function returns what the function of the same name in include/memfd_go.h returns: -errno,
// or a value >= 0. The header is the documentation.
package core
