// SPDX-License-Identifier: MIT

package library

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"libmemfd_go/internal/testenv"
)

// The program uses no libc, because the cross compiler's is for ARMv7 with hard float.
const programARM = `
#include <memfd_go.h>

static long call(long number, long a)
{
	register long r7 __asm__("r7") = number, r0 __asm__("r0") = a;
	__asm__ volatile("swi 0" : "+r"(r0) : "r"(r7) : "memory");
	return r0;
}

__attribute__((used)) static void run(void)
{
	uint64_t size = 0;
	int fd = memfd_go_create("old", MFD_ALLOW_SEALING);
	int result = fd < 0 ? 1 : 0;
	if (memfd_go_set_size(fd, 0, 5000) != 0 || memfd_go_get_size(fd, &size) != 0 || size != 5000)
		result |= 2;
	if (memfd_go_add_seals(fd, F_SEAL_SHRINK) != 0 || memfd_go_get_seals(fd) != F_SEAL_SHRINK)
		result |= 4;
	call(1, result);
}

__asm__(".globl _start\n_start: bic sp, sp, #7\n\tbl run\n");
`

// With GOARM=5, the static library works in a program for ARMv5 with soft float. The emulated processor
// has no floating-point unit.
func TestOldARM(t *testing.T) {
	arch := testenv.Arches[slices.IndexFunc(testenv.Arches, func(a testenv.Arch) bool { return a.GOARCH == "arm" })]
	compiler, err := arch.Compiler.Path()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	emulator, err := arch.Emulator("/")
	if err != nil {
		testenv.Unavailable(t, err)
	}
	folder := t.TempDir()
	source, program := filepath.Join(folder, "old.c"), filepath.Join(folder, "old")
	if err := os.WriteFile(source, []byte(programARM), 0o666); err != nil {
		t.Fatal(err)
	}
	flags := []string{"-march=armv5te", "-marm", "-mfloat-abi=soft", "-ffreestanding", "-fno-stack-protector", "-nostdlib", "-static",
		"-Iinclude", "-Wl,--fatal-warnings", "-o", program, source, filepath.Join(folder, "libmemfd_go.a")}
	run := []string{emulator[0], "-cpu", "arm926", program}
	for _, command := range [][]string{
		{"go", "run", "./capi/linker", "build", "-arch", "arm", "-o", folder, "GOARM=5"}, append([]string{compiler}, flags...), run,
	} {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Dir = testenv.Repository()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, out)
		}
	}
}
