// SPDX-License-Identifier: MIT

package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// recipe returns the first C program under a heading of docs/COOKBOOK.md.
func recipe(t *testing.T, heading string) string {
	t.Helper()
	text := readFile(t, "docs/COOKBOOK.md")
	_, text, found := strings.Cut(text, "\n## "+heading)
	if !found {
		t.Fatalf("docs/COOKBOOK.md has no heading %q", heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	for _, b := range (document{text: text}).blocks() {
		if b.language == "c" {
			return b.code
		}
	}
	t.Fatalf("docs/COOKBOOK.md has no C program under %q", heading)
	return ""
}

const runFromMemory = "Run a program from memory"

// blindStarter runs a program whose fcntl(F_GET_SEALS) fails with EINVAL, as in some sandboxes, and
// counts its calls of execve(2).
const blindStarter = `
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void start(char **argv)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_GET_SEALS, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(77);
	execv(argv[1], argv + 1);
	_exit(78);
}

int main(int argc, char **argv)
{
	int status, execs = 0;
	pid_t child = fork();

	(void)argc;
	if (child == 0)
		start(argv);
	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
		if (WSTOPSIG(status) != SIGTRAP || ++execs == 10)
			break;
		ptrace(PTRACE_CONT, child, 0, 0);
	}
	if (!WIFEXITED(status))
		kill(child, SIGKILL);
	printf("execs %d, status %d\n", execs, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return 0;
}
`

// A copy that cannot read its seals gives up, instead of copying itself forever.
func TestCopyWithoutSealsFails(t *testing.T) {
	requireLibrary(t)
	requireExecutableFiles(t)
	starter := compileC(t, writeFile(t, t.TempDir(), "starter.c", blindStarter))
	program := compileC(t, writeFile(t, t.TempDir(), "recipe.c", recipe(t, runFromMemory)))
	output, err := command(t, starter, program).CombinedOutput()
	if strings.HasSuffix(string(output), "execs 0, status 77\n") {
		t.Skip("no seccomp filters or no ptrace here")
	}
	if want := "EINVAL\nexecs 2, status 1\n"; err != nil || string(output) != want {
		t.Errorf("%v\ngot  %q\nwant %q", err, output, want)
	}
}

// The copy removes its mark from the environment, so that programs it starts do not inherit it.
func TestMarkOfACopyIsNotInherited(t *testing.T) {
	requireLibrary(t)
	requireExecutableFiles(t)
	code := recipe(t, runFromMemory)
	code = strings.Replace(code, `printf("running`, `if (getenv(IS_COPY) != NULL)
		puts("it is still marked");
	printf("running`, 1)
	output := run(t, compileC(t, writeFile(t, t.TempDir(), "recipe.c", code)))
	if want := "running from /memfd:runtime (deleted)\n"; output != want {
		t.Errorf("got %q, want %q", output, want)
	}
}

// looksAtItself prints what its library returns, and its process name.
const (
	looksAtItself = `
#include <stdio.h>

const char *which(void);

int main(void)
{
	char name[32] = "";
	FILE *file = fopen("/proc/self/comm", "r");

	if (file == NULL || fgets(name, sizeof name, file) == NULL)
		return 1;
	printf("%s\n%s", which(), name);
	return 0;
}
`
	startsACopy = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "memfd_go.h"

int main(int argc, char **argv)
{
	int fd = open(argv[argc - 1], O_RDONLY | O_CLOEXEC);

	fd = memfd_go_clone("a-long-name-of-a-program", MFD_CLOEXEC | MFD_EXEC, 0, fd, 1 << 26);
	return fd < 0 ? 2 : memfd_go_exec(fd, argv + 1, environ, 0) != 0;
}
`
)

// docs/COOKBOOK.md explains $ORIGIN and the process name of a program in a memfd.
func TestProgramFromMemoryHasNoFolder(t *testing.T) {
	requireLibrary(t)
	requireExecutableFiles(t)
	cc := testenv.RequireTool(t, "cc")
	dir := t.TempDir()
	library := writeFile(t, dir, "which.c", `const char *which(void) { return "beside the program"; }`)
	run(t, cc, "-shared", "-fPIC", library, "-o", filepath.Join(dir, "libwhich.so"))
	program := filepath.Join(dir, "program")
	run(t, cc, writeFile(t, dir, "program.c", looksAtItself), "-L", dir, "-lwhich", "-Wl,-rpath,$ORIGIN", "-o", program)
	if got, want := run(t, program), "beside the program\nprogram\n"; got != want {
		t.Fatalf("on disk: got %q, want %q", got, want)
	}
	starter := compileC(t, writeFile(t, dir, "starter.c", startsACopy))
	if output, err := command(t, starter, program).CombinedOutput(); err == nil || !strings.Contains(string(output), "libwhich.so") {
		t.Errorf("in a memfd, want an error about libwhich.so, got %v, %q", err, output)
	}
	cmd := command(t, starter, program)
	cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+dir+":"+os.Getenv("LD_LIBRARY_PATH")+":"+absolute(t, libraryDir()))
	output, err := cmd.CombinedOutput()
	if want := regexp.MustCompile(`^beside the program\n(memfd:a-long-na|\d+)\n$`); err != nil || !want.Match(output) {
		t.Errorf("with LD_LIBRARY_PATH: got %v, %q, want %q", err, output, want)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Code in front of the recipe for huge pages.
const (
	// Lists the memfds that are open at exit.
	countsDescriptors = `
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "memfd_go.h"

__attribute__((destructor)) static void count(void)
{
	char path[32], target[64] = "";

	for (int fd = 3; fd < 64; fd++) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (readlink(path, target, sizeof target - 1) > 0 && strstr(target, "memfd:") != NULL)
			printf("descriptor %d is open\n", fd);
	}
}

`
	// Makes memfd_go_set_size fail for huge pages.
	failsIfHuge = `
static int fail_if_huge(int fd, uint32_t opts, uint64_t size)
{
	struct statfs s;

	if (fstatfs(fd, &s) == 0 && s.f_type == 0x958458f6) {
		puts("no huge pages");
		return -28;
	}
	return memfd_go_set_size(fd, opts, size);
}

#define memfd_go_set_size fail_if_huge
`
)

func TestHugePageRecipeClosesItsFiles(t *testing.T) {
	requireLibrary(t)
	code := recipe(t, "Use huge pages")
	if got, want := runC(t, countsDescriptors+code), "filled 4 MiB\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got := runC(t, countsDescriptors+failsIfHuge+code)
	if got == "filled 4 MiB\n" {
		t.Skip("this kernel has no MFD_HUGETLB")
	}
	if want := "no huge pages\nfilled 4 MiB\n"; got != want {
		t.Errorf("without huge pages: got %q, want %q", got, want)
	}
}

// resolvesPaths opens a memfd as a database, in a root directory of its own.
const resolvesPaths = `
import os, sqlite3, sys
from memfd_go import MemFd

os.chroot(sys.argv[1])
os.chdir("/")
with MemFd.create("x") as file:
    database = sqlite3.connect(f"/proc/self/fd/{file.fileno()}")
    database.execute("create table t (a)")
    database.commit()
    print(sorted(os.listdir("/")), file.size > 0)
`

// sqlite3 resolves the path of a memfd, and creates a file on disk with the resulting name.
func TestPathIsResolvedToARealFile(t *testing.T) {
	requireLibrary(t)
	unshare := testenv.RequireTool(t, "unshare")
	python := testenv.RequireTool(t, "python3")
	root := t.TempDir()
	const script = `mkdir "$1/proc" && mount --rbind /proc "$1/proc" && exec "$2" "$3" "$1"`
	program := writeFile(t, t.TempDir(), "program.py", resolvesPaths)
	output, err := command(t, unshare, "--mount", "--map-root-user", "sh", "-c", script, "sh", root, python, program).CombinedOutput()
	if err != nil && strings.HasPrefix(string(output), "unshare: ") {
		t.Skipf("no mount namespaces here: %s", output)
	}
	if want := "['memfd:x (deleted)', 'proc'] False\n"; err != nil || string(output) != want {
		t.Errorf("%v\ngot  %q\nwant %q", err, output, want)
	}
}
