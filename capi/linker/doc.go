// SPDX-License-Identifier: MIT

// Linker makes libmemfd_go.so and libmemfd_go.a out of Go code, without a Go runtime.
//
// A Go function that is nosplit, allocates nothing and stores no pointers compiles to plain
// machine code that needs only a stack. Called on a C thread's stack it does what a C function
// would do. Go libraries are heavy because of the runtime that comes with such functions, not
// because of the functions. So the ordinary Go toolchain compiles and links the library, and
// this program keeps only the functions that C calls and what they need.
//
// # How the toolchain calls it
//
// The build command (build.go) makes the library:
//
//	go run ./capi/linker build -arch arm64 -o FOLDER
//
// It runs go build and links the result. In build mode c-shared, cmd/link writes one
// relocatable ELF file, go.o, with the whole program and the runtime, and runs the C compiler
// on it. This program takes the place of the C compiler (-extld) and copies the file. cmd/go
// refuses to build c-shared without cgo, but accepts c-archive, and it can run the tools
// through another program (-toolexec). That is this program as well: it changes the mode
// before it starts cmd/link. The linker flag -E names the function that the Go linker starts
// from: an assembly function that refers to every export and is never called.
//
//	linker build
//	    go build -buildmode=c-archive -toolexec="linker toolexec"
//	        linker toolexec link -buildmode=c-archive
//	            link -buildmode=c-shared -extld=linker
//	                linker -shared -o FILE go.o
//
// The build command links all three files from one go.o: the shared library, the same with
// debug information, and the static library. So the linker's errors stand alone, not between
// messages of cmd/go and cmd/link.
//
// The settings of Go are fixed (baseline.env), whatever the environment says.
//
// # Passes
//
// main.go lists the passes. They rely mostly on ELF and the psABIs:
//
//   - reach.go follows relocations from the exports (functions named memfd_go_*)
//     to everything they need. The unit is the symbol: a function or a variable.
//   - refuse.go refuses everything that does not belong to this library. It reports the chain
//     from the export to the offender and the Go construct that causes it; locate.go
//     finds the line. This is what makes the method safe: code that needs the runtime
//     does not link. nosplit.go refuses functions by their source.
//   - prologue.go adapts the functions' stack frames to a C thread's stack.
//   - contents.go, dynamic.go, hash.go, notes.go and symtab.go make the sections.
//   - frames.go, unwind.go, ehframe.go and exidx.go make the unwind tables.
//   - layout.go places them; contents.go applies the relocations; image.go writes.
//   - relocatable.go leaves relocations to the linker of a program instead, and
//     archive.go wraps the file, for static linking.
//   - debuginfo.go reads lines and inlined calls of the kept functions from go.o, and
//     dwarf.go writes them.
//
// Variables are constants: after relocation all memory of the library is read-only. It has no
// constructor and no thread-local storage, and needs no other library.
//
// # Properties of Go's object file
//
//   - All functions share one section and all symbols are local; exports are
//     recognised by name.
//   - On amd64, 386 and s390x cmd/link resolves branches within .text and leaves
//     no relocation: scan.go finds them in the code.
//   - Strings share one nameless block. It is cut by the lengths in string headers, so
//     strings must be in variables or tables; the length of a string literal in code is
//     in an instruction.
//   - Assembly reaches a Go function through a wrapper, f.abi0, which takes the
//     arguments from the stack and on amd64 loads the goroutine from thread-local
//     storage. Our trampolines load the registers themselves; what they call is
//     redirected from f.abi0 to f.
//   - .debug_frame describes every function, but only SP and the return address. The
//     architectures' tables say where the trampolines save C's registers.
//
// An architecture is one file, with a table (arch.go) and one relocation switch. x86.go is
// shared by two of them, and exidx.go is needed by one. No other line depends on an
// architecture.
package main
