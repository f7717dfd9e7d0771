// SPDX-License-Identifier: MIT

// Linker links libmemfd_go.so and libmemfd_go.a from Go code, without a Go runtime.
//
// A Go function that is nosplit, does not allocate and stores no pointers compiles to machine
// code that needs nothing but a stack. On the stack of a C thread it runs like a C function.
// What makes Go libraries heavy is the runtime that is linked with such functions. So the
// ordinary Go toolchain compiles and links the library, and this linker keeps only the code and
// data reachable from the exports.
//
// # How the toolchain calls it
//
// The build command (build.go) builds the library:
//
//	go run ./capi/linker build -arch arm64 -o FOLDER
//
// It runs go build and links the result. In build mode c-shared, cmd/link writes the whole
// program, runtime included, into one relocatable ELF file, go.o, and runs the C compiler to
// link it. This program takes the place of the C compiler (-extld) and copies the file.
//
// cmd/go refuses build mode c-shared without cgo, but accepts c-archive. It can also run the
// tools through another program (-toolexec). That is this program as well: it changes the mode
// before it runs cmd/link. The flag -E names the symbol at which cmd/link starts its dead-code
// elimination: an assembly function that refers to every export and is never called.
//
//	linker build
//	    go build -buildmode=c-archive -toolexec="linker toolexec"
//	        linker toolexec link -buildmode=c-archive
//	            link -buildmode=c-shared -extld=linker
//	                linker -shared -o FILE go.o
//
// The build command then links three files from go.o: the shared library, a copy with debug
// information, and the static library. It does so after cmd/go has finished, so errors are not
// mixed with messages of cmd/go and cmd/link.
//
// baseline.env fixes Go's settings, independent of the environment.
//
// # Passes
//
// main.go lists the passes. They depend on ELF and the psABIs, and little on Go:
//
//   - reach.go follows relocations from the exports (functions named memfd_go_*), symbol by
//     symbol, as a linker's section garbage collection does section by section.
//   - refuse.go refuses every symbol that does not belong to this library, and reports the chain
//     of references from the export, and the Go construct that caused it. locate.go finds its
//     line. This makes the method safe: code that needs the runtime does not link. nosplit.go
//     checks the sources for functions that are not nosplit.
//   - prologue.go adapts the functions' stack frames to the stack of a C thread.
//   - contents.go, dynamic.go, hash.go, notes.go and symtab.go create the sections.
//   - frames.go, unwind.go, ehframe.go and exidx.go create the unwind tables.
//   - layout.go assigns addresses; contents.go applies the relocations; image.go writes the file.
//   - For static linking, relocatable.go keeps the relocations for the program's linker, and
//     archive.go creates the archive.
//   - debuginfo.go reads lines and inlined calls of the kept functions from go.o, and
//     dwarf.go writes them.
//
// Variables are constants: after relocation, all memory of the library is read-only. The library
// has no constructors, no thread-local storage, and no dependencies (DT_NEEDED).
//
// # Properties of Go's object file
//
//   - All functions are in one section and all symbols are local. Exports are recognized by
//     their names.
//   - On amd64, 386 and s390x, cmd/link resolves branches within .text without leaving
//     relocations. scan.go finds them in the code.
//   - The bytes of all strings are in one block without symbols. A string is extracted by the
//     length in its header, so strings must be in variables or tables: the length of a string
//     literal in code is in an instruction.
//   - Assembly calls a Go function f through a wrapper, f.abi0, which takes the arguments from
//     the stack, and on amd64 loads g from thread-local storage. The trampolines load the
//     argument registers themselves, so their calls are redirected from f.abi0 to f.
//   - .debug_frame describes every function, but only SP and the return address. The tables of
//     the architectures describe where the trampolines save the callee-saved registers.
//
// An architecture is one file, with a table (arch.go) and one relocation switch. Two of them
// share x86.go, and exidx.go is for arm alone. No other line depends on an architecture.
package main
