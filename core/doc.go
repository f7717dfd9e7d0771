// SPDX-License-Identifier: MIT

// Package core implements the functions of libmemfd_go: the checks, loops, formatting and
// cleanup around the system calls, one file for each subject. A function returns what its
// namesake in include/memfd_go.h returns: -errno, or a value >= 0. The header is the
// documentation.
//
// # Go without a runtime
//
// The library contains no Go runtime. C calls its functions in any thread, in signal handlers,
// and after fork, and they run on the caller's stack. There are no goroutines, no heap, no stack
// growth and no panics. So every function is nosplit, and none may use what the compiler
// implements by a call of the runtime:
//
//   - An index or a slice expression is a call of panicIndex or similar unless the compiler can
//     prove that it is in range. Loop to len(s) instead. The same applies to slices and strings
//     of variable length, and to conversions between slices and arrays.
//   - Division by a variable and shifts by a signed count may panic. On 32-bit architectures,
//     dividing 64-bit numbers is a call, as is every division by a variable on arm.
//   - Comparing strings of variable length, concatenating them, and range over a string.
//   - Copying or zeroing arrays of 64 bytes or more, and on 32-bit architectures structs of 64
//     to 144 bytes.
//   - Storing a pointer through a pointer is a write barrier. Store a uintptr.
//   - sync/atomic, math/bits, interfaces, errors, defer, panic, maps, append, make, new, go, a
//     switch that becomes a jump table (eight cases or more), and any function that is not
//     nosplit, which includes most of x/sys/unix.
//
// Three more rules come from the linking:
//
//   - No string literals. On 386 and arm, the linker could not tell which one an instruction
//     refers to. Texts are package-level variables.
//   - No assignment to a package-level variable. They are read-only in the library.
//   - At most 800 bytes of stack in a chain of calls.
//
// What remains are constants, arithmetic, pointers, loops, small structs, and
// syscall.RawSyscall6.
//
// The package also runs in ordinary Go programs (bindings/go/memfd), whose scheduler must know
// of system calls that may block. These go through the functions in blocking.go. Pass them the
// address of a variable as a pointer, because a goroutine's stack may move.
//
// # Enforcement
//
// Every build of the library runs capi/linker. It refuses code that breaks these rules, and
// names the line, the construct and the chain of calls from the export:
//
//   - It finds functions of core and capi that are not nosplit in the sources.
//   - It finds code that needs the runtime by its relocations: references to any function or
//     variable outside of core and capi, except for a few leaf functions.
//   - It finds indirect calls, thread-local storage and stores to package-level variables in
//     the instructions. It may not see a store to an array, whose address is computed first;
//     tests/fuzz/mutants finds such assignments in the sources.
//
// Go's own linker adds up the stack of chains of nosplit functions. In Go programs that import
// this package it allows 800 bytes, the minimum that is left on a goroutine's stack. In the
// library it allows 1600, because its argument -race doubles the limit (capi/linker/toolexec.go).
// That includes the trampoline, except for its 560 bytes on ppc64le, where it makes an indirect call.
package core
