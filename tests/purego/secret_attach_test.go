// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func TestSecretAttach(t *testing.T) {
	leaks.Check(t)
	fd := newSecret(t, unix.O_CLOEXEC)
	first, second := SecretArea{}, SecretArea{}
	check(t, []row{
		{"before it is sized", lib.SecretAttach(&first, fd, 1<<20, 0), "ENODATA"},
		{"size", lib.SetSize(fd, 0, uint64(page)), "ok"},
		{"attach too long a file", lib.SecretAttach(&first, fd, uint64(page)-1, 0), "EFBIG"},
		{"attach", lib.SecretAttach(&first, fd, 1<<20, 0), "ok"},
		{"attach once more", lib.SecretAttach(&second, fd, 1<<20, optKeepFD), "ok"},
	})
	same(t, "kind", areaSecretmem, first.Kind)
	same(t, "length", page, first.Len)
	same(t, "descriptor", -1, first.Fd)
	same(t, "a duplicate", info{kindSecret, unix.S_IFREG, accessReadWrite, uint64(page), ""}, inspect(t, second.Fd))
	same(t, "guard in front", true, faults(unsafe.Add(first.Data, -1)))
	same(t, "guard behind", true, faults(unsafe.Add(first.Data, page)))
	copy(first.bytes(), "the key")
	same(t, "the other area", "the key", string(second.bytes()[:7]))
	check(t, []row{{"free", lib.SecretFree(&first), "ok"}})
	same(t, "the other area after free", "the key", string(second.bytes()[:7]))
	check(t, []row{{"free the other", lib.SecretFree(&second), "ok"}})
}

func TestSecretAttachErrors(t *testing.T) {
	leaks.Check(t)
	s := SecretArea{}
	file := newSizedFile(t, uint64(page))
	pipe, _ := newPipe(t)
	check(t, []row{
		{"bad descriptor", lib.SecretAttach(&s, -1, 1<<20, 0), "EBADF"},
		{"a file", lib.SecretAttach(&s, file, 1<<20, 0), "EINVAL"},
		{"a pipe", lib.SecretAttach(&s, pipe, 1<<20, 0), "EINVAL"},
		{"unknown option", lib.SecretAttach(&s, file, 1<<20, 1<<31), "EINVAL"},
		{"option of another function", lib.SecretAttach(&s, file, 1<<20, optRequire), "EINVAL"},
		{"null struct", lib.SecretAttach(nil, file, 1<<20, 0), "EFAULT"},
	})
	same(t, "area after errors", SecretArea{}, s)
}
