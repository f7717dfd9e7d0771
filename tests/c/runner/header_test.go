// SPDX-License-Identifier: MIT

package runner

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// strict are warnings that the header must not cause.
var strict = []string{
	"-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror", "-fsyntax-only",
	"-I" + filepath.Join(testenv.Repository(), "include"),
}

// compilers are compilers with the oldest standard that the header promises, and the newest.
var compilers = [][]string{
	{"gcc", "-xc", "-std=c89"},
	{"gcc", "-xc", "-std=c2x"},
	{"clang", "-xc", "-std=c89"},
	{"g++", "-xc++", "-std=c++98"},
	{"g++", "-xc++", "-std=c++20"},
	{"clang++", "-xc++", "-std=c++98"},
	{"clang++", "-xc++", "-std=c++20"},
}

const (
	gnu       = "#define _GNU_SOURCE 1\n"
	system    = "#include <fcntl.h>\n#include <sys/mman.h>\n"
	include   = "#include <memfd_go.h>\n"
	dropin    = "#define MEMFD_GO_DROPIN\n"
	useDropin = "int use(void);\nint use(void) { return memfd_create(\"a\", MFD_CLOEXEC) + memfd_secret(0); }\n"

	// What a future libc may declare.
	newLibc = "#ifdef __cplusplus\nextern \"C\"\n#endif\nint memfd_secret(unsigned int flags);\n"
)

// includes are source files that include the header in different ways.
var includes = []struct{ name, source string }{
	{"alone", include},
	{"twice", include + include},
	{"after the system's headers", gnu + system + include},
	{"before the system's headers", gnu + include + system},
	{"drop-in names", gnu + dropin + include + useDropin},
	{"drop-in names later", gnu + include + dropin + include + useDropin},
	{"drop-in names after a libc that has them", gnu + system + newLibc + dropin + include + useDropin},
}

func TestHeaderCompilesWithoutWarning(t *testing.T) {
	for _, compiler := range compilers {
		t.Run(compiler[0]+" "+compiler[2], func(t *testing.T) {
			path, err := testenv.Tool{Name: compiler[0]}.Path()
			if err != nil {
				testenv.Unavailable(t, err)
			}
			for _, include := range includes {
				command := append(append([]string{path}, compiler[1:]...), strict...)
				compile(t, include.name, append(command, "-"), include.source)
			}
		})
	}
}

func compile(t *testing.T, what string, command []string, source string) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin = strings.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s\n%s\n%s", what, err, strings.Join(command, " "), source, out)
	}
}

// The header includes only these two.
func TestHeaderNeedsNoLibc(t *testing.T) {
	path, err := testenv.Tool{Name: "gcc"}.Path()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	folder := t.TempDir()
	for _, name := range []string{"stddef.h", "stdint.h"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(ownTypes), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	command := append([]string{path, "-xc", "-std=c99", "-ffreestanding", "-nostdinc", "-isystem", folder}, strict...)
	compile(t, "freestanding", append(command, "-"), include)
}

const ownTypes = `#ifndef OWN_TYPES
#define OWN_TYPES
typedef __SIZE_TYPE__ size_t;
typedef __INT32_TYPE__ int32_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
#endif
`
