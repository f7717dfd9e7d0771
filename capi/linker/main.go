// SPDX-License-Identifier: MIT

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

// A kind is one of the files of the library.
type kind int

const (
	shared kind = iota // what programs are linked with and load
	debug              // the same with debug information
	static             // an archive with a relocatable file
)

// link turns the object file that cmd/link wrote into a file of the library, and returns its
// contents. Each comment says why the passes below it are needed, and what holds after them.
func link(object string, k kind) ([]byte, error) {
	obj, err := readObject(object)
	if err != nil {
		return nil, err
	}
	lib := &library{object: obj, relocatable: k == static}

	// The object file is a whole program with the runtime. Keep only the functions and
	// variables reachable from the exports, and refuse those that need the runtime. From
	// here on no function or variable is added.
	if err := lib.reach(); err != nil {
		return nil, err
	}

	// The property note promises a landing pad for indirect calls at each export. From here
	// on that is true.
	if err := lib.checkExports(); err != nil {
		return nil, err
	}

	// Sort them into sections. Variables become constants; those that contain addresses are in
	// .data.rel.ro, which is read-only after relocation. From here on each function and variable
	// has a section and an offset in it.
	lib.makeContents()

	// Go's prologues assume goroutine stacks. Some save registers below SP, where a signal
	// handler on a C stack could overwrite them. Rewrite those, and the descriptions of their
	// frames. From here on only relocations change the code.
	frames, err := lib.readFrames()
	if err != nil {
		return nil, err
	}
	if err := lib.adaptFrames(frames); err != nil {
		return nil, err
	}

	// Keep the relocations that other linkers apply: the static linker all those of a
	// relocatable file, the dynamic linker the addresses in a shared library. From here on it is
	// known which relocations are applied here.
	if lib.relocatable {
		lib.makeRelocatable()
	} else {
		lib.makeDynamic()
	}

	// Describe the file for the kernel and debuggers, and the frames for unwinders.
	lib.makeNotes()
	if err := lib.makeUnwind(frames); err != nil {
		return nil, err
	}

	// Name the functions for debuggers. In a relocatable file, relocations refer to symbols by
	// index, and the unwind tables have relocations too, so these sections come last. In a shared
	// library they are empty, and left out. From here on no section is added that is loaded or
	// linked.
	lib.makeSymtab()
	lib.makeRelocSections()

	// Debug information follows everything that is loaded. The build ID is a hash of the loaded
	// part, so both files have the same. From here on no section is added.
	if k == debug {
		if err := lib.makeDebugInfo(object); err != nil {
			return nil, err
		}
	}

	// Render the sections once to learn their sizes, and place them. From here on all
	// addresses are final.
	lib.layOut()

	// Apply the relocations, and render the sections again with the addresses.
	if err := lib.relocate(); err != nil {
		return nil, err
	}
	image := lib.image()
	if lib.relocatable {
		image = lib.archive(image)
	}
	return image, nil
}

// externalLinker runs in place of gcc for cmd/link. It copies the object file to the output, and
// leaves the linking to the build command.
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

// parseArgs finds the object file and the output among gcc's arguments, and ignores the others.
// It reports false if gcc is to compile a trivial program: cmd/link tests in this way which
// flags gcc supports, and handles failure.
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
