// Linker makes libmemfd_go.so and libmemfd_go.a out of Go code that no Go runtime runs beneath.
//
// A Go function that is nosplit, allocates nothing and stores no pointers is, once
// compiled, plain machine code: it needs a stack, and no more. Called on a C
// thread's stack it does what a C function would. What makes Go libraries heavy
// is the runtime that comes with such functions, not the functions. So the library
// is compiled and linked by the ordinary Go toolchain, and then reduced to the
// functions that C calls and to what they reach.
//
// # How the toolchain is brought to it
//
// The build command (build.go) makes the library:
//
//	go run ./capi/linker build -arch arm64 -o FOLDER
//
// It runs go build, and links what that leaves. In build mode c-shared cmd/link does not
// write the library. It writes one relocatable ELF file, go.o, with the whole program,
// runtime included, and runs the C compiler on it. This program stands in for the C compiler
// (-extld), and copies the file. cmd/go refuses to build c-shared without cgo, but accepts
// c-archive, and it runs the tools through a program of the user's choice (-toolexec). This
// program is that one, too: it changes the mode on its way to cmd/link. The linker flag -E
// names the function that the Go linker starts from: an assembly function that refers to
// every export, and is never called.
//
//	linker build
//	    go build -buildmode=c-archive -toolexec="linker toolexec"
//	        linker toolexec link -buildmode=c-archive
//	            link -buildmode=c-shared -extld=linker
//	                linker -shared -o FILE go.o
//
// From one go.o the build command links all three files: the shared library, the same with
// debug information, and the static library. So what is refused is reported by itself, not
// in the middle of what cmd/go and cmd/link have to say about it.
//
// Go's settings are fixed (baseline.env), whatever the environment is.
//
// # What linking is here
//
// main.go lists the passes. They know little but ELF and the psABIs:
//
//   - reach.go follows relocations from the exports (functions named memfd_go_*)
//     to everything they need. The unit is the symbol: a function or a variable.
//   - refuse.go refuses whatever is not this library's own, and tells the chain
//     from the export to the offender and which Go construct it comes from; locate.go
//     finds the line. This is what makes the trick safe: code that needs the runtime
//     does not link. nosplit.go refuses functions by their source.
//   - prologue.go makes the functions' stack frames fit for a C thread's stack.
//   - contents.go, dynamic.go, hash.go, notes.go and symtab.go make the sections.
//   - frames.go, unwind.go, ehframe.go and exidx.go make the unwind tables.
//   - layout.go places them; contents.go applies the relocations; image.go writes.
//   - relocatable.go leaves relocations to the linker of a program instead, and
//     archive.go wraps the file, for static linking.
//   - debuginfo.go takes lines and inlined calls of the kept functions over from
//     go.o, and dwarf.go writes them.
//
// Variables are constants: all memory of the library is read-only once it has been
// relocated. It has no constructor, no thread-local storage, and needs no other
// library.
//
// # What is particular about Go's object file
//
//   - All functions share one section and all symbols are local; exports are
//     known by name alone.
//   - On amd64, 386 and s390x cmd/link resolves branches within .text and leaves
//     no relocation: inspect.go says how they are found.
//   - Strings share one nameless block. Its pieces are cut by the lengths that
//     stand in string headers, and so have to be kept in variables or tables; a
//     string literal in code has its length in an instruction.
//   - Assembly reaches a Go function through a wrapper, f.abi0, which takes the
//     arguments from the stack and on amd64 loads the goroutine from thread-local
//     storage. Our trampolines load the registers themselves; what they call is
//     redirected from f.abi0 to f.
//   - .debug_frame describes every function, but knows only where SP and the return
//     address are. Where the trampolines keep C's registers stands in the
//     architectures' tables.
//
// An architecture is one file, with a table (arch.go) and one relocation switch;
// x86.go has what two of them share, exidx.go what one needs besides. No other line
// depends on one.
package main
