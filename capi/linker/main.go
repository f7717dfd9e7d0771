package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	args := os.Args[1:]
	if len(args) > 1 && args[0] == "toolexec" {
		os.Exit(toolexec(args[1], args[2:]))
	}
	if len(args) > 0 && args[0] == "build" {
		os.Exit(buildLibrary(args[1:]))
	}
	job, ok := parseArgs(args)
	if !ok {
		os.Exit(1)
	}
	if err := link(job); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", soname, err)
		os.Exit(1)
	}
}

// A job is what cmd/link asks for.
type job struct {
	in, out string
	static  bool // an archive instead of a shared library
	debug   bool // the shared library with debug information
}

// parseArgs finds the output and the object file among the arguments that
// cmd/link has for gcc, and what go build -ldflags=-extldflags=... adds: -r, as
// ld has it, for an archive with a relocatable file; -g for debug information. Its
// other arguments say how gcc should link, which does not concern us. It is not ok
// when gcc is to compile a trivial program: cmd/link finds out in this way which flags
// gcc knows, and takes failure for an answer.
func parseArgs(args []string) (j job, ok bool) {
	for i, arg := range args {
		switch {
		case arg == "-o" && i+1 < len(args):
			j.out = args[i+1]
		case arg == "-r":
			j.static = true
		case arg == "-g":
			j.debug = true
		case filepath.Base(arg) == "go.o":
			j.in = arg
		case strings.HasSuffix(arg, ".c"):
			return job{}, false
		}
	}
	return j, j.out != "" && j.in != ""
}

// link makes a library out of the object file that cmd/link wrote.
func link(j job) error {
	obj, err := readObject(j.in)
	if err != nil {
		return err
	}
	lib := &library{object: obj, relocatable: j.static}

	// Find what the exports reach, and refuse what may not be in the library.
	if err := lib.reach(); err != nil {
		return err
	}
	if err := lib.checkExports(); err != nil {
		return err
	}

	// Make the sections: the kept functions, fit for a C stack, and variables,
	// and what linkers, unwinders and debuggers need.
	lib.makeContents()
	frames, err := lib.readFrames()
	if err != nil {
		return err
	}
	if err := lib.adaptFrames(frames); err != nil {
		return err
	}
	if lib.relocatable {
		lib.makeRelocatable()
	} else {
		lib.makeDynamic()
	}
	lib.makeNotes()
	if err := lib.makeUnwind(frames); err != nil {
		return err
	}
	lib.makeSymtab()
	if lib.relocatable {
		lib.makeRelocSections()
	}
	if j.debug && !j.static {
		if err := lib.makeDebugInfo(j.in); err != nil {
			return err
		}
	}

	// Give each section its place, then fill in what depends on places.
	lib.layOut()
	if err := lib.relocate(); err != nil {
		return err
	}
	image := lib.image()
	if lib.relocatable {
		image = lib.archive(image)
	}
	return writeFile(j.out, image)
}
