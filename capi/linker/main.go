package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	args := os.Args[1:]
	switch {
	case len(args) > 0 && args[0] == "build":
		os.Exit(build(args[1:]))
	case len(args) > 1 && args[0] == "toolexec":
		os.Exit(toolexec(args[1], args[2:]))
	}
	os.Exit(externalLinker(args))
}

// A kind of file that the library comes in.
type kind int

const (
	shared kind = iota // what programs are linked with and load
	debug              // the same with debug information
	static             // an archive with a relocatable file
)

// link makes a file of the library out of the object file that cmd/link wrote, and returns
// its contents. Each pass relies on what the passes before it have established.
func link(object string, k kind) ([]byte, error) {
	obj, err := readObject(object)
	if err != nil {
		return nil, err
	}
	lib := &library{object: obj, relocatable: k == static}

	// cmd/link writes the whole program, runtime included. Keep only the functions and
	// variables reachable from the exports, and refuse what needs the runtime. From here
	// on nothing is added: all that is in the library is known to be fit for it.
	if err := lib.reach(); err != nil {
		return nil, err
	}

	// The property note says that indirect calls find a landing pad at each export. From
	// here on that is true.
	if err := lib.checkExports(); err != nil {
		return nil, err
	}

	// Variables become constants, some of which the dynamic linker has to relocate first.
	// From here on each function and variable has its section and its offset there.
	lib.makeContents()

	// A prologue made for a goroutine's stack may lose data to a signal handler on a C
	// thread's. adaptFrames replaces instructions, and moves the steps in frames along
	// with them. From here on only relocations change the code.
	frames, err := lib.readFrames()
	if err != nil {
		return nil, err
	}
	if err := lib.adaptFrames(frames); err != nil {
		return nil, err
	}

	// Addresses are left to be filled in by the linker of a program, or by the dynamic
	// linker: from here on the relocations of code and variables are known.
	if lib.relocatable {
		lib.makeRelocatable()
	} else {
		lib.makeDynamic()
	}

	// What the file says about itself, and how to unwind through its functions.
	lib.makeNotes()
	if err := lib.makeUnwind(frames); err != nil {
		return nil, err
	}

	// Names, for debuggers. In a relocatable file relocations refer to them by number, so
	// that the sections with relocations, those of the unwind tables included, come last.
	// From here on each section that is loaded or linked is there.
	lib.makeSymtab()
	if lib.relocatable {
		lib.makeRelocSections()
	}

	// Debug information comes behind what is loaded, so that the build ID, a hash of
	// that, is the same with and without it. From here on no section is added.
	if k == debug {
		if err := lib.makeDebugInfo(object); err != nil {
			return nil, err
		}
	}

	// Sections have been rendered once, to learn their sizes. From here on each section,
	// and so each function, has its address.
	lib.layOut()

	// Apply the relocations, and render the sections again, with the addresses.
	if err := lib.relocate(); err != nil {
		return nil, err
	}
	image := lib.image()
	if lib.relocatable {
		image = lib.archive(image)
	}
	return image, nil
}

// externalLinker is what cmd/link calls in gcc's place. It leaves the linking to the build
// command: the output is a copy of the object file.
func externalLinker(args []string) int {
	in, out, ok := parseArgs(args)
	if !ok {
		return 1
	}
	object, err := os.ReadFile(in)
	if err == nil {
		err = writeFile(out, object)
	}
	if err != nil {
		return fail(err)
	}
	return 0
}

// parseArgs finds the object file and the output among the arguments that cmd/link has for
// gcc. The others say how gcc should link. It is not ok when gcc is to compile a trivial
// program: cmd/link finds out in this way which flags gcc knows, and takes failure for an
// answer.
func parseArgs(args []string) (in, out string, ok bool) {
	for i, arg := range args {
		switch {
		case arg == "-o" && i+1 < len(args):
			out = args[i+1]
		case filepath.Base(arg) == "go.o":
			in = arg
		case strings.HasSuffix(arg, ".c"):
			return "", "", false
		}
	}
	return in, out, in != "" && out != ""
}

// fail reports an error, and returns the exit status for it.
func fail(err error) int {
	if refused := (refusals)(nil); errors.As(err, &refused) {
		fmt.Fprintln(os.Stderr, err) // begins with file and line
	} else {
		fmt.Fprintln(os.Stderr, "linker:", err)
	}
	return 1
}
