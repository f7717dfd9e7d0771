// SPDX-License-Identifier: MIT

package core

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// The test binary, which is static, executes a sealed copy of itself. A variable in the environment
// selects the role of each of the three processes.
func TestExecStaticProgram(t *testing.T) {
	leaks.Check(t)
	const stage = "CORE_TEST_EXEC"
	switch os.Getenv(stage) {
	case "replace":
		t.Fatal(execCopyOfSelf(t, stage+"=report"))
	case "report":
		program, err := os.Readlink("/proc/self/exe")
		fmt.Println(program, len(os.Args), err)
		os.Exit(0)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestExecStaticProgram$")
	cmd.Env = append(os.Environ(), stage+"=replace")
	out, err := cmd.CombinedOutput()
	const want = "/memfd:core_test (deleted) 2 <nil>\n"
	if err != nil || string(out) != want {
		t.Errorf("%v, got %q, want %q", err, out, want)
	}
}

// execCopyOfSelf executes a sealed copy of the test binary. It returns only on failure.
func execCopyOfSelf(t *testing.T, variable string) unix.Errno {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	name := []byte("core_test\x00")
	fd := Clone(&name[0], unix.MFD_CLOEXEC, 0, int32(self.Fd()), 1<<30)
	if fd < 0 {
		t.Fatalf("Clone: %d", fd)
	}
	argv := cStrings(os.Args[:2]...)
	envp := cStrings(variable)
	return unix.Errno(-Exec(int32(fd), unsafe.Pointer(&argv[0]), unsafe.Pointer(&envp[0]), 0))
}

// cStrings returns an argument array for execve(2).
func cStrings(texts ...string) []*byte {
	var array []*byte
	for _, text := range texts {
		array = append(array, unsafe.StringData(strings.Clone(text)+"\x00"))
	}
	return append(array, nil)
}
