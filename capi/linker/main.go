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
	out, in, ok := parseArgs(args)
	if !ok {
		os.Exit(1)
	}
	if err := link(in, out); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", soname, err)
		os.Exit(1)
	}
}

// parseArgs finds the output and the object file among the arguments that
// cmd/link has for gcc. Its other arguments say how gcc should link, which does
// not concern us. It is not ok when gcc is to compile a trivial program:
// cmd/link finds out in this way which flags gcc knows, and takes failure for an
// answer.
func parseArgs(args []string) (out, in string, ok bool) {
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
	return out, in, out != "" && in != ""
}

// link makes the shared library out from the relocatable object in.
func link(in, out string) error {
	obj, err := readObject(in)
	if err != nil {
		return err
	}
	lib := &library{object: obj}

	// Find what the exports reach, and refuse what may not be in the library.
	if err := lib.reach(); err != nil {
		return err
	}
	if err := lib.checkExports(); err != nil {
		return err
	}

	// Make the sections: the kept functions, fit for a C stack, and variables,
	// and what the dynamic linker, unwinders and debuggers need.
	lib.makeContents()
	frames, err := lib.readFrames()
	if err != nil {
		return err
	}
	if err := lib.adaptFrames(frames); err != nil {
		return err
	}
	lib.makeDynamic()
	lib.makeNotes()
	if err := lib.makeUnwind(frames); err != nil {
		return err
	}
	lib.makeSymtab()

	// Give each section its place, then fill in what depends on places.
	lib.layOut()
	if err := lib.relocate(); err != nil {
		return err
	}
	return writeFile(out, lib.image())
}
