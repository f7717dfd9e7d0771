// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"
)

func TestUnmap(t *testing.T) {
	leaks.Check(t)
	fd := newSizedFile(t, uint64(page))
	var memory unsafe.Pointer
	check(t, []row{
		{"map", lib.Map(fd, 0, 0, page, &memory), "ok"},
		{"one byte is a page", lib.Unmap(memory, 1), "ok"},
		{"once more", lib.Unmap(memory, page), "ok"}, // nothing need be mapped there
	})
}

func TestUnmapErrors(t *testing.T) {
	leaks.Check(t)
	memory := unsafe.Pointer(&newMapping(t, newSizedFile(t, uint64(page)), 0, 0, page)[0])
	check(t, []row{
		{"length 0", lib.Unmap(memory, 0), "EINVAL"},
		{"unaligned address", lib.Unmap(unsafe.Add(memory, 1), page), "EINVAL"},
		{"past the address space", lib.Unmap(memory, ^uintptr(0)-page+1), "EINVAL"},
	})
	same(t, "the mapping is still there", 0, *(*byte)(memory))
}
