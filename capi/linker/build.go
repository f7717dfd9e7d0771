package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// buildLibrary is `linker build [-arch GOARCH] -o FILE [-- FLAG...]`: the one place that knows
// how go build is told to make the library (doc.go). It works in the folder of go.mod, for the
// Makefile, the bindings and everybody else. What stands behind -- is for go build.
//
//	go run ./capi/linker build -arch arm64 -o libmemfd_go.so.1
func buildLibrary(args []string) int {
	flags := flag.NewFlagSet("linker build", flag.ExitOnError)
	goarch := flags.String("arch", runtime.GOARCH, "build for this `GOARCH`")
	out := flags.String("o", soname, "write `FILE`: name.a is an archive, name.debug has debug information")
	flags.Parse(args)
	self, err := os.Executable()
	if err != nil {
		return fail(err)
	}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-buildmode=c-archive",
		fmt.Sprintf("-toolexec=%q toolexec", self), "-ldflags=-E memfd_go_roots"+forLinker(*out), "-o", *out)
	cmd.Args = append(append(cmd.Args, flags.Args()...), "./capi")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARM=7", "GOARCH="+*goarch)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return status(cmd.Run())
}

// forLinker is the option that parseArgs finds for a kind of library.
func forLinker(file string) string {
	switch filepath.Ext(file) {
	case ".a":
		return " -extldflags=-r"
	case ".debug":
		return " -extldflags=-g"
	}
	return ""
}
