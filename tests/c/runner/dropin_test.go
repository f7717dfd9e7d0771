// SPDX-License-Identifier: MIT

package runner

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// dropinCases are programs that use the drop-in names in every way that a libc with these functions
// allows. The exit status is 0 on success, and 77 without memfd_secret(2).
var dropinCases = []struct {
	name, source string
	language     string // "c" or "c++" only
	defines      bool   // defines the functions itself, so the libc must not declare them
}{
	{name: "calls", source: `
#include <errno.h>
#define NAME_AND_FLAGS "name", MFD_CLOEXEC
#define NO_FLAGS 0
int main(void)
{
	const char letters[] = { 97, 0 };

	if (memfd_create(NAME_AND_FLAGS) < 0 || memfd_create(letters, 1) < 0)
		return 1;
	errno = 0;
	if (memfd_create("name", 0xffffffffU) != -1 || errno != EINVAL)
		return 1;
	return memfd_secret(NO_FLAGS) >= 0 ? 0 : errno == ENOSYS ? 77 : 1;
}
`},
	{name: "compound literal", language: "c", source: `
int main(void) { return memfd_create((const char[]){ 97, 0 }, 1) < 0; }
`},
	{name: "addresses", source: `
int main(void)
{
	int (*create)(const char *, unsigned int) = &memfd_create;
	int (*secret)(unsigned int) = memfd_secret;

	return create("name", MFD_CLOEXEC) < 0 || secret(0xffffffffU) != -1;
}
`},
	{name: "address of any type", language: "c", source: `
int main(void) { (void)&memfd_create; return sizeof(&memfd_create) != sizeof(void (*)(void)); }
`},
	{name: "declarations", source: `
#ifdef __cplusplus
extern "C" {
#endif
extern int memfd_create(const char *, unsigned);
extern int memfd_secret(unsigned);
#ifdef __cplusplus
}
#endif
int main(void) { return memfd_create("name", 1) < 0 || memfd_secret(0x7fffffff) != -1; }
`},
	{name: "static fallback", defines: true, source: `
static __inline__ int memfd_create(const char *name, unsigned int flags) { return name[0] == 0 || flags == 0; }
static __inline__ int memfd_secret(unsigned int flags) { return flags == 0; }
int main(void)
{
	int (*create)(const char *, unsigned int) = memfd_create;

	return memfd_create("name", 1U) < 0 || create("name", 1) < 0 || memfd_secret(0x7fffffffU) > 0;
}
`},
	{name: "global fallback", defines: true, source: `
#ifdef __cplusplus
extern "C"
#endif
int memfd_create(const char *name, unsigned int flags);
int memfd_create(const char *name, unsigned int flags) { return name[0] == 0 || flags == 0; }
int main(void) { return memfd_create("name", 1U) != 0; }
`},
	{name: "members", source: `
struct operations {
	int (*memfd_create)(const char *, unsigned int);
	int (*memfd_secret)(unsigned int);
};
int main(void)
{
	struct operations operations = { memfd_create, memfd_secret };

	return operations.memfd_create("name", 1) < 0 || operations.memfd_secret(0xffffffffU) != -1;
}
`},
	{name: "variables", source: `
int main(void)
{
	int memfd_secret = 1, memfd_create = 2;

	return memfd_secret + memfd_create != 3;
}
`},
	{name: "methods", language: "c++", source: `
struct Files {
	int memfd_create(const char *, unsigned int) { return 1; }
	static int memfd_secret(unsigned int) { return 2; }
};
int main()
{
	Files files;

	return files.memfd_create("name", 1) + Files::memfd_secret(0) != 3 || ::memfd_create("name", 1) < 0;
}
`},
	{name: "own feature macros", source: `
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
int main(void)
{
	cpu_set_t cpus;
	uint64_t most = UINT64_MAX;

	CPU_ZERO(&cpus);
	return memfd_create("name", MFD_CLOEXEC) < 0 || most == 0 || CPU_COUNT(&cpus) != 0;
}
`},
}

// dropinCompilers are compilers with the oldest and the newest standard, and some between.
var dropinCompilers = []struct {
	name      string
	language  string
	standards []string
}{
	{"gcc", "c", []string{"c89", "c99", "c11", "c2x"}},
	{"clang", "c", []string{"c89", "c99", "c11", "c2x"}},
	{"musl-gcc", "c", []string{"c89", "c99", "c11", "c2x"}},
	{"g++", "c++", []string{"c++98", "c++11", "c++17", "c++23"}},
	{"clang++", "c++", []string{"c++98", "c++11", "c++17", "c++2b"}},
}

// libcs are variants of <sys/mman.h>: the system's, one with neither function, one with both.
var libcs = map[string]string{
	"the system's libc": "#include_next <sys/mman.h>\n",
	"an older libc": `
#define memfd_create older_libc_memfd_create
#define memfd_secret older_libc_memfd_secret
#include_next <sys/mman.h>
#undef memfd_create
#undef memfd_secret
`,
	"a newer libc": `
#include_next <sys/mman.h>
#ifdef __cplusplus
extern "C"
#endif
int memfd_secret(unsigned int flags)
#ifdef __THROW
__THROW
#endif
;
`,
}

var (
	withDropin = []string{"-DMEMFD_GO_DROPIN", "-include", "memfd_go.h"}
	withMman   = []string{"-D_GNU_SOURCE", "-include", "sys/mman.h"}
)

// dropinFlags are the options for all of these programs.
var dropinFlags = []string{"-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-unused-function"}

// Programs that compile with a libc that has the functions also compile with the header, before
// or after the libc's header.
func TestDropinNamesCompile(t *testing.T) {
	include := "-I" + filepath.Join(testenv.Repository(), "include")
	folders := map[string]string{}
	for libc, text := range libcs {
		folders[libc] = t.TempDir()
		if err := os.MkdirAll(filepath.Join(folders[libc], "sys"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folders[libc], "sys", "mman.h"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, compiler := range dropinCompilers {
		path, err := testenv.Tool{Name: compiler.name}.Path()
		standards := compiler.standards
		if !testenv.Regular() {
			standards = []string{standards[0], standards[len(standards)-1]}
		}
		for _, standard := range standards {
			t.Run(compiler.name+" "+standard, func(t *testing.T) {
				if err != nil {
					testenv.Unavailable(t, err)
				}
				t.Parallel()
				for libc, folder := range folders {
					command := slices.Concat([]string{path, "-x" + compiler.language, "-std=" + standard, "-fsyntax-only"},
						dropinFlags, []string{"-isystem", folder, include})
					tryDropin(t, libc, compiler.language, standard, command)
				}
			})
		}
	}
}

func tryDropin(t *testing.T, libc, language, standard string, command []string) {
	const declaring = "a newer libc" // both functions
	for _, c := range dropinCases {
		if c.language != "" && c.language != language || c.name == "compound literal" && standard == "c89" {
			continue
		}
		try := func(order string, options ...string) {
			compile(t, c.name+", "+libc+", "+order, slices.Concat(command, options, []string{"-"}), c.source)
		}
		try("the header first", withDropin...)
		if !c.defines || libc == "an older libc" {
			try("the libc's header first", slices.Concat(withMman, withDropin)...)
		}
		// The case must compile without the header too.
		if c.defines {
			try("no header")
		} else if libc == declaring {
			try("the libc's header alone", withMman...)
		}
	}
}

// The programs also run, linked with the library.
func TestDropinNamesWork(t *testing.T) {
	product, err := testenv.Product("amd64")
	if err != nil {
		testenv.Unavailable(t, err)
	}
	include := "-I" + filepath.Join(testenv.Repository(), "include")
	for _, compiler := range dropinCompilers {
		ways := [][]string{{"-O0"}, {"-O2"}}
		if strings.HasPrefix(compiler.name, "g") {
			ways = append(ways, []string{"-O2", "-flto"})
		}
		for _, options := range ways {
			t.Run(compiler.name+" "+strings.Join(options, " "), func(t *testing.T) {
				path, err := testenv.Tool{Name: compiler.name}.Path()
				if err != nil {
					testenv.Unavailable(t, err)
				}
				t.Parallel()
				command := slices.Concat([]string{path, "-x" + compiler.language}, options, dropinFlags, []string{include}, withDropin)
				for _, c := range dropinCases {
					if c.language == "" || c.language == compiler.language {
						runDropin(t, c.name, product, command, c.source)
					}
				}
			})
		}
	}
}

func runDropin(t *testing.T, name, product string, command []string, source string) {
	const noSecretMemory = 77
	program := filepath.Join(t.TempDir(), "program")
	compile(t, name, slices.Concat(command, []string{"-", "-xnone", "-L" + product, "-lmemfd_go", "-o", program}), source)
	run := exec.Command(program)
	run.Env = append(os.Environ(), "LD_LIBRARY_PATH="+product)
	if out, err := run.CombinedOutput(); err != nil && (run.ProcessState == nil || run.ProcessState.ExitCode() != noSecretMemory) {
		t.Errorf("%s: %v\n%s", name, err, out)
	}
}

// Compilers without GNU extensions get macros.
func TestDropinNamesWithoutExtensions(t *testing.T) {
	path, err := testenv.Tool{Name: "gcc"}.Path()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	folder := t.TempDir()
	for name, text := range map[string]string{"stddef.h": ownTypes, "stdint.h": ownTypes, "errno.h": "extern int errno;\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	command := slices.Concat([]string{path, "-xc", "-std=c99", "-U__GNUC__", "-ffreestanding", "-nostdinc", "-fsyntax-only", "-isystem", folder,
		"-I" + filepath.Join(testenv.Repository(), "include")}, dropinFlags, withDropin, []string{"-"})
	for _, name := range []string{"addresses", "declarations", "members", "variables"} {
		for _, c := range dropinCases {
			if c.name == name {
				compile(t, name, command, c.source)
			}
		}
	}
}
