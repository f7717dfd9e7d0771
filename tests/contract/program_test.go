// SPDX-License-Identifier: MIT

package contract

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// Programs built for each recorded version run with the current library.
func TestOldPrograms(t *testing.T) {
	for _, version := range versions(t) {
		for _, arch := range testenv.Tested() {
			t.Run(version+"/"+arch.GOARCH, func(t *testing.T) {
				t.Parallel()
				runOldProgram(t, version, arch)
			})
		}
	}
}

func runOldProgram(t *testing.T, version string, arch testenv.Arch) {
	product, err := testenv.Product(arch.GOARCH)
	if err != nil {
		t.Skip(err)
	}
	compiler, err := arch.Compiler.Path()
	if err != nil {
		t.Skip(err)
	}
	emulator, err := arch.Emulator(arch.Root())
	if err != nil {
		t.Skip(err)
	}
	standIn := buildStandIn(t, compiler, version)
	program := filepath.Join(t.TempDir(), "program")
	build := []string{"-O2", "-Wall", "-Wextra", "-Werror", "-I" + version, version + "/program.c",
		"-o", program, "-L" + standIn, "-lmemfd_go", "-Wl,-rpath," + product}
	if arch.GOARCH == "386" { // runs without an emulator, whose -L would find the C library
		lib := filepath.Join(arch.Root(), "lib")
		build = append(build, "-Wl,--dynamic-linker="+lib+"/ld-linux.so.2", "-Wl,-rpath,"+lib)
	}
	mustRun(t, compiler, build...)
	command := slices.Concat(emulator, []string{program})
	mustRun(t, command[0], command[1:]...)
}

// buildStandIn builds a library with the symbols of a version and empty functions, to link with.
func buildStandIn(t *testing.T, compiler, version string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	var code strings.Builder
	nodes := map[string][]string{}
	soname := ""
	for _, f := range readDescription(t, version) {
		switch f.kind {
		case "soname":
			soname = f.name
		case "symbol":
			fmt.Fprintf(&code, "void %s(void) {}\n", f.name)
			nodes[f.value] = append(nodes[f.value], f.name+";")
		}
	}
	var script strings.Builder
	for node, names := range nodes {
		fmt.Fprintf(&script, "%s { global: %s };\n", node, strings.Join(names, " "))
	}
	for name, text := range map[string]string{"library.c": code.String(), "versions": script.String()} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, compiler, "-shared", "-nostdlib", "-fPIC", "-Wl,-soname,"+soname, "-Wl,--version-script,"+folder+"/versions",
		"-o", folder+"/libmemfd_go.so", folder+"/library.c")
	return folder
}

func mustRun(t *testing.T, name string, arguments ...string) {
	t.Helper()
	cmd := exec.Command(name, arguments...)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, output)
	}
}
