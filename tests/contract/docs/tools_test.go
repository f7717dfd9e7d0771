// SPDX-License-Identifier: MIT

package docs

import (
	"path/filepath"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// received uses data that the library wrote, with or without __msan_unpoison.
const received = `
#define _GNU_SOURCE
#include <sanitizer/msan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "memfd_go.h"

#ifndef UNPOISON
#define __msan_unpoison(p, len) ((void)(p), (void)(len))
#endif

int main(void)
{
	int ends[2], sent, got;
	uint32_t n = 1;
	size_t len = 16;
	uint64_t size;
	char *data = malloc(len);

	if (data == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
		return 2;
	sent = memfd_go_create_sealed("page", MFD_CLOEXEC, 0, "hello", 5);
	if (memfd_go_send_fds(ends[0], 0, &sent, 1, "data", 4) != 4)
		return 2;
	if (memfd_go_recv_fds(ends[1], 0, &got, &n, data, &len) != 0)
		return 2;
	__msan_unpoison(&got, sizeof got);
	__msan_unpoison(data, len);
	if (data[0] == 'd')
		puts("data");
	if (memfd_go_get_size(got, &size) < 0)
		return 2;
	__msan_unpoison(&size, sizeof size);
	if (size == 5)
		puts("size");
	return 0;
}
`

// docs/SECURITY.md explains the use of MemorySanitizer.
func TestMemorySanitizer(t *testing.T) {
	requireLibrary(t)
	clang := testenv.RequireTool(t, "clang")
	dir := t.TempDir()
	source := writeFile(t, dir, "received.c", received)
	build := func(name string, options ...string) string {
		program := filepath.Join(dir, name)
		arguments := append(options, "-fsanitize=memory", "-I", "include", source, "-L", libraryDir(), "-lmemfd_go", "-o", program)
		if output, err := command(t, clang, arguments...).CombinedOutput(); err != nil {
			if strings.Contains(string(output), "unsupported option") || strings.Contains(string(output), "libclang_rt") {
				t.Skipf("no MemorySanitizer here: %s", output)
			}
			t.Fatalf("%v\n%s", err, output)
		}
		return program
	}
	const report = "WARNING: MemorySanitizer: use-of-uninitialized-value"
	if output, err := command(t, build("trusting")).CombinedOutput(); err == nil || !strings.Contains(string(output), report) {
		t.Errorf("without __msan_unpoison: %v\n%s", err, output)
	}
	if got, want := run(t, build("telling", "-DUNPOISON")), "data\nsize\n"; got != want {
		t.Errorf("with __msan_unpoison it prints %q, want %q", got, want)
	}
}
