// SPDX-License-Identifier: MIT

// Package main builds the functions of libmemfd_go as an ordinary cgo library, from the same code
// but with the Go runtime, for the benchmarks:
//
//	CGO_ENABLED=1 go build -buildmode=c-shared -o libstock.so .
//
// To be a fair comparison, it does not allocate, and its short system calls do not notify the
// scheduler.
package main

/*
#include <stdint.h>
#include <stddef.h>
*/
import "C"

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"libmemfd_go/core"
)

func main() {}

func sys(number, a, b, c uintptr) C.int {
	r, _, errno := unix.RawSyscall(number, a, b, c)
	if errno != 0 {
		return -C.int(errno)
	}
	return C.int(r)
}

//export memfd_go_version
func memfd_go_version() C.uint32_t {
	return C.uint32_t(core.Version)
}

//export memfd_go_version_string
func memfd_go_version_string() unsafe.Pointer {
	return unsafe.Pointer(core.VersionString())
}

//export memfd_go_result_name
func memfd_go_result_name(r C.int) unsafe.Pointer {
	return unsafe.Pointer(core.ResultName(int32(r)))
}

//export memfd_go_probe
func memfd_go_probe(f unsafe.Pointer, size C.size_t, request C.uint64_t) C.int {
	return C.int(core.Probe((*core.Features)(f), uintptr(size), uint64(request)))
}

//export memfd_go_create
func memfd_go_create(name unsafe.Pointer, flags C.uint32_t) C.int {
	return sys(unix.SYS_MEMFD_CREATE, uintptr(name), uintptr(flags), 0)
}

//export memfd_go_create_with
func memfd_go_create_with(name, args unsafe.Pointer, size C.size_t) C.int {
	return C.int(core.CreateWith((*byte)(name), (*core.CreateArgs)(args), uintptr(size)))
}

//export memfd_go_create_sealed
func memfd_go_create_sealed(name unsafe.Pointer, flags, seals C.uint32_t, data unsafe.Pointer, length C.size_t) C.int {
	return C.int(core.CreateSealed((*byte)(name), uint32(flags), uint32(seals), (*byte)(data), uintptr(length)))
}

//export memfd_go_clone
func memfd_go_clone(name unsafe.Pointer, flags, seals C.uint32_t, src C.int, limit C.uint64_t) C.int {
	return C.int(core.Clone((*byte)(name), uint32(flags), uint32(seals), int32(src), uint64(limit)))
}

//export memfd_go_reopen
func memfd_go_reopen(fd C.int, flags C.uint32_t) C.int {
	return C.int(core.Reopen(int32(fd), uint32(flags)))
}

//export memfd_go_huge_flags
func memfd_go_huge_flags(size C.uint64_t, flags unsafe.Pointer) C.int {
	return C.int(core.HugeFlags(uint64(size), (*uint32)(flags)))
}

//export memfd_go_get_size
func memfd_go_get_size(fd C.int, size unsafe.Pointer) C.int {
	return C.int(core.GetSize(int32(fd), (*uint64)(size)))
}

//export memfd_go_set_size
func memfd_go_set_size(fd C.int, opts C.uint32_t, size C.uint64_t) C.int {
	return C.int(core.SetSize(int32(fd), uint32(opts), uint64(size)))
}

//export memfd_go_add_seals
func memfd_go_add_seals(fd C.int, seals C.uint32_t) C.int {
	return sys(unix.SYS_FCNTL, uintptr(fd), unix.F_ADD_SEALS, uintptr(seals))
}

//export memfd_go_get_seals
func memfd_go_get_seals(fd C.int) C.int {
	return sys(unix.SYS_FCNTL, uintptr(fd), unix.F_GET_SEALS, 0)
}

//export memfd_go_ensure_seals
func memfd_go_ensure_seals(fd C.int, seals C.uint32_t) C.int {
	return C.int(core.EnsureSeals(int32(fd), uint32(seals)))
}

//export memfd_go_check_seals
func memfd_go_check_seals(fd C.int, seals C.uint32_t, missing unsafe.Pointer) C.int {
	return C.int(core.CheckSeals(int32(fd), uint32(seals), (*uint32)(missing)))
}

//export memfd_go_format_seals
func memfd_go_format_seals(seals, style C.uint32_t, buf unsafe.Pointer, length C.size_t) C.int {
	return C.int(core.FormatSeals(uint32(seals), uint32(style), (*byte)(buf), uintptr(length)))
}

//export memfd_go_parse_seals
func memfd_go_parse_seals(text, seals unsafe.Pointer) C.int {
	return C.int(core.ParseSeals((*byte)(text), (*uint32)(seals)))
}

//export memfd_go_inspect
func memfd_go_inspect(fd C.int, request C.uint32_t, info unsafe.Pointer, size C.size_t) C.int {
	return C.int(core.Inspect(int32(fd), uint32(request), (*core.Info)(info), uintptr(size)))
}

//export memfd_go_map
func memfd_go_map(fd C.int, opts C.uint32_t, off C.uint64_t, length C.size_t, addr unsafe.Pointer) C.int {
	return C.int(core.Map(int32(fd), uint32(opts), uint64(off), uintptr(length), (*uintptr)(addr)))
}

//export memfd_go_map_verified
func memfd_go_map_verified(fd C.int, seals C.uint32_t, limit C.uint64_t, opts C.uint32_t, addr, length unsafe.Pointer) C.int {
	return C.int(core.MapVerified(int32(fd), uint32(seals), uint64(limit), uint32(opts), (*uintptr)(addr), (*uintptr)(length)))
}

//export memfd_go_unmap
func memfd_go_unmap(addr unsafe.Pointer, length C.size_t) C.int {
	return C.int(core.Unmap(uintptr(addr), uintptr(length)))
}

//export memfd_go_send_fds
func memfd_go_send_fds(sock C.int, opts C.uint32_t, fds unsafe.Pointer, n C.uint32_t, data unsafe.Pointer, length C.size_t) C.int {
	var control core.ControlBuffer
	return C.int(core.SendFDs(int32(sock), uint32(opts), (*int32)(fds), uint32(n), (*byte)(data), uintptr(length), &control))
}

//export memfd_go_recv_fds
func memfd_go_recv_fds(sock C.int, opts C.uint32_t, fds, n, data, length unsafe.Pointer) C.int {
	var control core.ControlBuffer
	return C.int(core.RecvFDs(int32(sock), uint32(opts), (*int32)(fds), (*uint32)(n), (*byte)(data), (*uintptr)(length), &control))
}

//export memfd_go_recv_verified
func memfd_go_recv_verified(sock C.int, seals C.uint32_t, limit C.uint64_t, opts C.uint32_t, data, length unsafe.Pointer) C.int {
	var control core.ControlBuffer
	fd, n := int32(-1), uint32(1)
	r := core.RecvFDs(int32(sock), uint32(opts), &fd, &n, (*byte)(data), (*uintptr)(length), &control)
	if r = core.OneReceived(r, fd, n); r >= 0 {
		r = core.VerifyReceived(int32(r), uint32(seals), uint64(limit), 0)
	}
	return C.int(r)
}

//export memfd_go_import_pid
func memfd_go_import_pid(pid, fd C.int, flags C.uint32_t) C.int {
	return C.int(core.ImportPID(int32(pid), int32(fd), uint32(flags)))
}

//export memfd_go_import_pidfd
func memfd_go_import_pidfd(pidfd, fd C.int, flags C.uint32_t) C.int {
	return C.int(core.ImportPidfd(int32(pidfd), int32(fd), uint32(flags)))
}

//export memfd_go_exec
func memfd_go_exec(fd C.int, argv, envp unsafe.Pointer, opts C.uint32_t) C.int {
	return C.int(core.Exec(int32(fd), argv, envp, uint32(opts)))
}

//export memfd_go_secret
func memfd_go_secret(flags C.uint32_t) C.int {
	return C.int(core.Secret(uint32(flags)))
}

//export memfd_go_secret_alloc
func memfd_go_secret_alloc(s unsafe.Pointer, length C.size_t, opts C.uint32_t) C.int {
	return C.int(core.SecretAlloc((*core.SecretArea)(s), uintptr(length), uint32(opts)))
}

//export memfd_go_secret_attach
func memfd_go_secret_attach(s unsafe.Pointer, fd C.int, maxLen C.uint64_t, opts C.uint32_t) C.int {
	return C.int(core.SecretAttach((*core.SecretArea)(s), int32(fd), uint64(maxLen), uint32(opts)))
}

//export memfd_go_secret_protect
func memfd_go_secret_protect(s unsafe.Pointer, access C.uint32_t) C.int {
	return C.int(core.SecretProtect((*core.SecretArea)(s), uint32(access)))
}

//export memfd_go_secret_free
func memfd_go_secret_free(s unsafe.Pointer) C.int {
	return C.int(core.SecretFree((*core.SecretArea)(s)))
}

//export memfd_go_wipe
func memfd_go_wipe(p unsafe.Pointer, length C.size_t) {
	core.Wipe(p, uintptr(length))
}

//export memfd_go_secret_pool_init
func memfd_go_secret_pool_init(p unsafe.Pointer, length C.size_t, slots, opts C.uint32_t) C.int {
	return C.int(core.PoolInit((*core.SecretPool)(p), uintptr(length), uint32(slots), uint32(opts)))
}

//export memfd_go_secret_pool_take
func memfd_go_secret_pool_take(p, slot unsafe.Pointer) C.int {
	return C.int(core.PoolTake((*core.SecretPool)(p), (*uintptr)(slot)))
}

//export memfd_go_secret_pool_give
func memfd_go_secret_pool_give(p, slot unsafe.Pointer) C.int {
	return C.int(core.PoolGive((*core.SecretPool)(p), uintptr(slot)))
}

//export memfd_go_secret_pool_free
func memfd_go_secret_pool_free(p unsafe.Pointer) C.int {
	return C.int(core.PoolFree((*core.SecretPool)(p)))
}
