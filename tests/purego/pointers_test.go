// SPDX-License-Identifier: MIT

package purego_test

import (
	"fmt"
	"slices"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"
)

// symbol returns the address of a function.
func symbol(t *testing.T, name string) uintptr {
	t.Helper()
	address, err := purego.Dlsym(libHandle, name)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// fixed is memory that does not move, so that its address can be passed as a word.
var fixed = struct {
	text [6]byte
	out  [64]byte
}{text: [6]byte{'w', 'r', 'i', 't', 'e', 0}}

// Null and addresses in the first and last page are -EFAULT for every pointer. They are passed as
// words, because Go does not allow such pointers.
func TestBadPointers(t *testing.T) {
	leaks.Check(t)
	fd := uintptr(newSealedFile(t, "hello", 0))
	empty := uintptr(newSealedFile(t, "", 0))
	textAt, outAt := uintptr(unsafe.Pointer(&fixed.text)), uintptr(unsafe.Pointer(&fixed.out))
	call := func(name string, args ...uintptr) int32 {
		r, _, _ := purego.SyscallN(symbol(t, "memfd_go_"+name), args...)
		return int32(r)
	}
	for _, bad := range []uintptr{0, 1, 4095, ^uintptr(0), ^uintptr(4095)} {
		at := func(what string) string { return fmt.Sprintf("%s at %#x", what, bad) }
		check(t, []row{
			{at("create: name"), call("create", bad, 0), "EFAULT"},
			{at("create_sealed: name"), call("create_sealed", bad, 0, 0, textAt, 5), "EFAULT"},
			{at("create_sealed: data"), call("create_sealed", textAt, 0, 0, bad, 5), "EFAULT"},
			{at("get_size: size"), call("get_size", fd, bad), "EFAULT"},
			{at("format_seals: buf"), call("format_seals", 1, styleHex, bad, 64), "EFAULT"},
			{at("parse_seals: text"), call("parse_seals", bad, outAt), "EFAULT"},
			{at("parse_seals: seals"), call("parse_seals", textAt, bad), "EFAULT"},
			{at("create_with: name"), call("create_with", bad, 0, 0), "EFAULT"},
			{at("inspect: info"), call("inspect", fd, 0, bad, 312), "EFAULT"},
			{at("send_fds: fds"), call("send_fds", fd, 0, bad, 1, 0, 0), "EFAULT"},
			{at("recv_fds: fds"), call("recv_fds", fd, 0, bad, textAt, 0, 0), "EFAULT"},
			{at("recv_fds: n"), call("recv_fds", fd, 0, outAt, bad, 0, 0), "EFAULT"},
			{at("recv_fds: data"), call("recv_fds", fd, 0, outAt, outAt, bad, outAt), "EFAULT"},
			{at("recv_fds: len"), call("recv_fds", fd, 0, outAt, outAt, outAt, bad), "EFAULT"},
			{at("exec: argv"), call("exec", fd, bad, outAt, 0), "EFAULT"},
			{at("secret_alloc: s"), call("secret_alloc", bad, 1, 0), "EFAULT"},
			{at("secret_attach: s"), call("secret_attach", bad, fd, 0, 0), "EFAULT"},
			{at("secret_protect: s"), call("secret_protect", bad, 0), "EFAULT"},
			{at("secret_free: s"), call("secret_free", bad), "EFAULT"},
			{at("secret_pool_init: pool"), call("secret_pool_init", bad, 1, 1, 0), "EFAULT"},
			{at("secret_pool_take: pool"), call("secret_pool_take", bad, outAt), "EFAULT"},
			{at("secret_pool_give: pool"), call("secret_pool_give", bad, outAt), "EFAULT"},
			{at("secret_pool_free: pool"), call("secret_pool_free", bad), "EFAULT"},
		})
		if bad != 0 { // null is allowed
			check(t, []row{
				{at("exec: envp"), call("exec", fd, outAt, bad, 0), "EFAULT"},
				{at("check_seals: missing"), call("check_seals", fd, 0, bad), "EFAULT"},
				{at("create_with: args"), call("create_with", textAt, bad, 24), "EFAULT"},
			})
		}
		// On 32-bit architectures a uint64_t is two words, both 0.
		zero := make([]uintptr, 8/unsafe.Sizeof(bad))
		withZero := func(before []uintptr, after ...uintptr) []uintptr {
			return slices.Concat(before, zero, after)
		}
		check(t, []row{
			{at("probe: f"), call("probe", withZero([]uintptr{bad, 32})...), "EFAULT"},
			{at("map: addr"), call("map", withZero([]uintptr{fd, 0}, 5, bad)...), "EFAULT"},
			{at("map_verified: addr"), call("map_verified", withZero([]uintptr{fd, 0}, 0, bad, outAt)...), "EFAULT"},
			{at("map_verified: len"), call("map_verified", withZero([]uintptr{fd, 0}, 0, outAt, bad)...), "EFAULT"},
			{at("clone: name"), call("clone", withZero([]uintptr{bad, 0, 0, empty})...), "EFAULT"},
			{at("huge_flags: mfd_flags"), call("huge_flags", withZero(nil, bad)...), "EFAULT"},
		})
	}
	same(t, "memory after errors", [64]byte{}, fixed.out)
}

// The kernel detects unreadable pages.
func TestUnreadablePointers(t *testing.T) {
	leaks.Check(t)
	memory, err := unix.Mmap(-1, 0, int(page), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(memory)
	at := unsafe.Pointer(unsafe.SliceData(memory))
	name, _, _ := purego.SyscallN(symbol(t, "memfd_go_create"), uintptr(at), 0)
	check(t, []row{
		{"name", int32(name), "EFAULT"},
		{"data", lib.CreateSealed("x", 0, 0, at, 10), "EFAULT"},
	})
}
