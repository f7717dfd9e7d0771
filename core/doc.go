// Package core is what libmemfd_go does, one file a subject: the checks, loops,
// formatting and cleaning up around the system calls. It runs on the C caller's
// stack, in whatever thread or signal handler that is, and no Go runtime is
// there: no goroutine, heap, stack growth or panic.
//
// So every function here is nosplit, and the code may not
//
//   - index or slice by what the compiler can't prove in range, make a slice or
//     string of variable length, or convert between slice and array: the check
//     would call panicIndex and its kin. Loop to len(s) instead.
//   - divide by a variable, shift by a signed count, or divide 64-bit numbers on
//     32-bit architectures (on arm any number).
//   - compare strings of variable length, concatenate, or range over a string.
//   - copy or zero what the compiler does by a call: arrays from 64 bytes on, and
//     on 32-bit architectures structs of 64 to 144 bytes.
//   - store a pointer through a pointer: it is a write barrier. Store a uintptr.
//   - use sync/atomic, math/bits, interfaces, errors, defer, panic, maps, append,
//     make, new, go, a switch that becomes a jump table (eight cases and more),
//     or anything that is not nosplit, most of x/sys/unix's functions included.
//   - name a string literal in code: on 386 and arm the linker could not tell
//     which it is. Texts are package-level variables.
//   - assign to a package-level variable: they are read-only in the library.
//   - use more than 800 bytes of stack in a chain of calls.
//
// What is left is constants, arithmetic, pointers, loops, small structs, and
// syscall.RawSyscall6.
//
// What may take long is called by the functions in blocking.go, for the sake of ordinary
// Go programs (bindings/go/memfd), where this package runs too and has a scheduler to tell.
// There the address of a variable is passed to them as a pointer, since the stack may move.
//
// # What enforces this
//
// Every build of the library runs capi/linker, which refuses what must not be there and
// names the line, the construct and the chain of calls from the export:
//
//   - A function that is not nosplit, in core or capi, by reading the sources.
//   - Everything that needs the runtime, by what the machine code refers to: any function
//     or variable that is not of core or capi, a few leaves excepted.
//   - Indirect calls, thread-local storage and stores to package-level variables, by the
//     instructions. Where the address of a variable is computed before the store, as for
//     an element of an array, they do not show it; tests/fuzz/mutants finds assignments in
//     the sources.
//
// Stack is added up by Go's own linker, for chains of nosplit functions. In the library it
// allows 1600 bytes, trampoline included, because it is told that it links for the race
// detector (capi/linker/toolexec.go). In Go programs that import this package, as
// bindings/go does, it allows 800: what a goroutine's stack has left at least.
//
// A function returns what its namesake in include/memfd_go.h does: -errno, or a
// value >= 0. The header is the documentation.
package core
