// SPDX-License-Identifier: MIT

package counts

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"libmemfd_go/internal/testenv"
)

// simple holds the number of instructions of each function in Simple. On amd64 these are ENDBR64, MOV
// of the system call's number and of fcntl's command, SYSCALL and RET.
var simple = map[string][3]int{
	"amd64":   {4, 5, 6},
	"arm64":   {4, 5, 6},
	"386":     {7, 7, 8},
	"arm":     {5, 6, 7},
	"riscv64": {3, 4, 6},
	"ppc64le": {7, 8, 9},
	"s390x":   {3, 4, 5},
	"loong64": {3, 4, 5},
}

// ceilings limit the size of a built library, in bytes and in pages of 4096. They leave some room,
// because the code differs a little between releases of Go.
var ceilings = map[string]struct {
	file  int64
	pages int
}{
	"amd64":   {60 << 10, 14},
	"arm64":   {62 << 10, 18},
	"386":     {58 << 10, 14},
	"arm":     {69 << 10, 18},
	"riscv64": {57 << 10, 13},
	"ppc64le": {62 << 10, 18},
	"s390x":   {74 << 10, 17},
	"loong64": {66 << 10, 18},
}

// relocations is the number of relative relocations, the same on every architecture.
const relocations = 18

func library(t *testing.T, goarch string) string {
	t.Helper()
	folder, err := testenv.Product(goarch)
	if err != nil {
		testenv.Unavailable(t, err)
	}
	path, err := filepath.Abs(filepath.Join(folder, "libmemfd_go.so.1"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestInstructionsOfSimpleCalls(t *testing.T) {
	for _, arch := range testenv.Arches[1:] { // TestInstructionsAndSystemCalls tests amd64
		t.Run(arch.GOARCH, func(t *testing.T) {
			t.Parallel()
			for _, need := range []testenv.Tool{arch.Compiler, {Part: "qemu-user", Name: "qemu-" + arch.CPU}} {
				if _, err := need.Path(); err != nil {
					testenv.Unavailable(t, err)
				}
			}
			counts, err := Emulate(t.TempDir(), arch, library(t, arch.GOARCH))
			if err != nil {
				t.Fatal(err)
			}
			for i, name := range Simple {
				if want := simple[arch.GOARCH][i]; counts[name] != want {
					t.Errorf("%s takes %d instructions, want %d", name, counts[name], want)
				}
			}
		})
	}
}

func TestSizes(t *testing.T) {
	for _, arch := range testenv.Tested() {
		t.Run(arch.GOARCH, func(t *testing.T) {
			size, err := SizeOf(library(t, arch.GOARCH))
			if err != nil {
				t.Fatal(err)
			}
			most := ceilings[arch.GOARCH]
			if size.File > most.file || size.Pages > most.pages {
				t.Errorf("the library has %d bytes in %d pages, want at most %d in %d", size.File, size.Pages, most.file, most.pages)
			}
			if size.Relocations != relocations || size.Imports != 0 {
				t.Errorf("the library has %d relocations and %d imports, want %d and none", size.Relocations, size.Imports, relocations)
			}
		})
	}
}

// systemCalls lists the system calls of each function, with the arguments of counted.c. There is only
// a limit for memfd_go_probe, which depends on the kernel.
var systemCalls = map[string]string{
	"memfd_go_version":             "",
	"memfd_go_version_string":      "",
	"memfd_go_result_name":         "",
	"memfd_go_create":              "memfd_create",
	"memfd_go_create_with":         "memfd_create ftruncate fcntl",
	"memfd_go_create_sealed":       "memfd_create pwrite fcntl",
	"memfd_go_clone":               "statx memfd_create sendfile lseek fcntl",
	"memfd_go_clone_stream":        "memfd_create mmap read read pwrite munmap fcntl",
	"memfd_go_reopen":              "fcntl openat fcntl",
	"memfd_go_huge_flags":          "",
	"memfd_go_get_size":            "statx",
	"memfd_go_set_size":            "ftruncate",
	"memfd_go_discard":             "fallocate",
	"memfd_go_add_seals":           "fcntl",
	"memfd_go_get_seals":           "fcntl",
	"memfd_go_ensure_seals":        "fcntl fcntl",
	"memfd_go_check_seals":         "fcntl",
	"memfd_go_format_seals":        "",
	"memfd_go_parse_seals":         "",
	"memfd_go_inspect":             "statx fstatfs fcntl fcntl readlinkat",
	"memfd_go_map":                 "mmap",
	"memfd_go_map_ring":            "fstatfs mincore mmap mmap mremap mmap mremap",
	"memfd_go_verify":              "fcntl statx fcntl",
	"memfd_go_map_verified":        "fcntl statx mmap",
	"memfd_go_unmap":               "munmap",
	"memfd_go_send_fds":            "sendmsg",
	"memfd_go_recv_fds":            "recvmsg",
	"memfd_go_recv_verified":       "recvmsg fcntl statx",
	"memfd_go_import_pid":          "openat statx openat fcntl close",
	"memfd_go_import_pidfd":        "pidfd_getfd",
	"memfd_go_exec":                "fcntl fcntl execveat fcntl",
	"memfd_go_secret":              "memfd_secret",
	"memfd_go_secret_alloc":        "mincore sysinfo mmap memfd_secret ftruncate mmap mremap madvise mprotect madvise futex",
	"memfd_go_secret_alloc_from":   "mincore sysinfo mmap memfd_secret ftruncate mmap mremap madvise mprotect madvise futex close",
	"memfd_go_secret_attach":       "fstatfs statx mincore sysinfo mmap mmap mremap madvise mprotect madvise futex",
	"memfd_go_secret_protect":      "mprotect",
	"memfd_go_secret_relock":       "",
	"memfd_go_secret_free":         "mprotect munmap close",
	"memfd_go_wipe":                "",
	"memfd_go_equal":               "",
	"memfd_go_secret_pool_init":    "mincore sysinfo mmap memfd_secret ftruncate mmap mremap madvise mprotect madvise futex close",
	"memfd_go_secret_pool_take":    "",
	"memfd_go_secret_pool_give":    "",
	"memfd_go_secret_pool_protect": "mprotect",
	"memfd_go_secret_pool_relock":  "",
	"memfd_go_secret_pool_free":    "mprotect munmap",
}

func TestInstructionsAndSystemCalls(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("single-stepping is only implemented for amd64")
	}
	if _, err := testenv.Arches[0].Compiler.Path(); err != nil {
		testenv.Unavailable(t, err)
	}
	calls, err := Trace(t.TempDir(), library(t, "amd64"))
	if err != nil {
		t.Fatal(err)
	}
	if len(calls) < len(systemCalls) {
		t.Errorf("counted %d calls, want %d", len(calls), len(systemCalls))
	}
	for _, call := range calls {
		checkCall(t, call)
	}
}

func checkCall(t *testing.T, call Call) {
	for i, name := range Simple {
		if want := simple["amd64"][i]; call.Name == name && call.Instructions != want {
			t.Errorf("%s takes %d instructions, want %d", name, call.Instructions, want)
		}
	}
	want, ours := systemCalls[call.Name]
	switch {
	case call.Name == "memfd_go_probe" && len(call.SystemCalls) > 60:
		t.Errorf("memfd_go_probe makes %d system calls, want at most 60", len(call.SystemCalls))
	case !ours || strings.Contains(want, "memfd_secret") && !hasSecret():
		return
	case Names(call) != want:
		t.Errorf("%s makes the system calls %q, want %q", call.Name, Names(call), want)
	}
}

func hasSecret() bool {
	fd, _, errno := unix.Syscall(unix.SYS_MEMFD_SECRET, 0, 0, 0)
	if errno == 0 {
		os.NewFile(fd, "secret").Close()
	}
	return errno == 0
}
