// SPDX-License-Identifier: MIT

// Package main is the C interface of libmemfd_go.so to package core.
//
// exports.h lists the exports, and trampoline_<arch>.s converts calls of C to calls of the
// functions below. They have the parameters that memfd_go.h declares, each widened to a
// machine word except for uint64_t. So the trampolines handle no narrower types. The
// conversions here drop the upper half of a word, which C leaves undefined. Results are full
// words for the same reason.
//
// The Go runtime is never started; package core describes the consequences.
package main

import (
	"unsafe"

	"libmemfd_go/core"
)

//lint:file-ignore U1000 called by the trampolines

func main() {}

//go:nosplit
func version() uintptr { return uintptr(core.Version) }

//go:nosplit
func versionString() *byte { return core.VersionString() }

//go:nosplit
func resultName(r uintptr) *byte { return core.ResultName(int32(r)) }

//go:nosplit
func probe(f *core.Features, size uintptr, request uint64) int { return core.Probe(f, size, request) }

//go:nosplit
func createWith(name *byte, args *core.CreateArgs, size uintptr) int {
	return core.CreateWith(name, args, size)
}

//go:nosplit
func createSealed(name *byte, mfdFlags, seals uintptr, data *byte, length uintptr) int {
	return core.CreateSealed(name, uint32(mfdFlags), uint32(seals), data, length)
}

//go:nosplit
func clone(name *byte, mfdFlags, seals, src uintptr, maxLen uint64) int {
	return core.Clone(name, uint32(mfdFlags), uint32(seals), int32(src), maxLen)
}

//go:nosplit
func cloneStream(name *byte, mfdFlags, seals, src uintptr, maxLen uint64) int {
	return core.CloneStream(name, uint32(mfdFlags), uint32(seals), int32(src), maxLen)
}

//go:nosplit
func reopen(fd, openFlags uintptr) int { return core.Reopen(int32(fd), uint32(openFlags)) }

//go:nosplit
func hugeFlags(pageSize uint64, mfdFlags *uint32) int { return core.HugeFlags(pageSize, mfdFlags) }

//go:nosplit
func getSize(fd uintptr, size *uint64) int { return core.GetSize(int32(fd), size) }

//go:nosplit
func setSize(fd, opts uintptr, size uint64) int {
	return core.SetSize(int32(fd), uint32(opts), size)
}

//go:nosplit
func discard(fd, opts uintptr, off, length uint64) int {
	return core.Discard(int32(fd), uint32(opts), off, length)
}

//go:nosplit
func ensureSeals(fd, seals uintptr) int { return core.EnsureSeals(int32(fd), uint32(seals)) }

//go:nosplit
func checkSeals(fd, required uintptr, missing *uint32) int {
	return core.CheckSeals(int32(fd), uint32(required), missing)
}

//go:nosplit
func formatSeals(seals, style uintptr, buf *byte, capacity uintptr) int {
	return core.FormatSeals(uint32(seals), uint32(style), buf, capacity)
}

//go:nosplit
func parseSeals(text *byte, seals *uint32) int { return core.ParseSeals(text, seals) }

//go:nosplit
func inspect(fd, request uintptr, info *core.Info, size uintptr) int {
	return core.Inspect(int32(fd), uint32(request), info, size)
}

//go:nosplit
func mapFile(fd, opts uintptr, off uint64, length uintptr, addr *uintptr) int {
	return core.Map(int32(fd), uint32(opts), off, length, addr)
}

//go:nosplit
func mapRing(fd, opts uintptr, off uint64, length uintptr, addr *uintptr) int {
	return core.MapRing(int32(fd), uint32(opts), off, length, addr)
}

//go:nosplit
func verify(fd, required uintptr, maxLen uint64, opts uintptr, size *uint64) int {
	return core.Verify(int32(fd), uint32(required), maxLen, uint32(opts), size)
}

//go:nosplit
func mapVerified(fd, required uintptr, maxLen uint64, opts uintptr, addr, length *uintptr) int {
	return core.MapVerified(int32(fd), uint32(required), maxLen, uint32(opts), addr, length)
}

//go:nosplit
func unmap(addr, length uintptr) int { return core.Unmap(addr, length) }

//go:nosplit
func sendFDs(sock, opts uintptr, fds *int32, n uintptr, data *byte, length uintptr) int {
	var control core.ControlBuffer
	return core.SendFDs(int32(sock), uint32(opts), fds, uint32(n), data, length, &control)
}

//go:nosplit
func recvFDs(sock, opts uintptr, fds *int32, n *uint32, data *byte, length *uintptr) int {
	var control core.ControlBuffer
	return core.RecvFDs(int32(sock), uint32(opts), fds, n, data, length, &control)
}

//go:nosplit
func recvVerified(sock, required uintptr, maxLen uint64, opts uintptr, data *byte, length *uintptr) int {
	r := recvOne(sock, opts, data, length)
	if r < 0 {
		return r
	}
	return core.VerifyReceived(int32(r), uint32(required), maxLen, uint32(opts)&^core.OptDontwait)
}

//go:nosplit
func importPID(pid, remoteFD, openFlags uintptr) int {
	return core.ImportPID(int32(pid), int32(remoteFD), uint32(openFlags))
}

//go:nosplit
func importPidfd(pidfd, remoteFD, flags uintptr) int {
	return core.ImportPidfd(int32(pidfd), int32(remoteFD), uint32(flags))
}

//go:nosplit
func exec(fd uintptr, argv, envp unsafe.Pointer, opts uintptr) int {
	return core.Exec(int32(fd), argv, envp, uint32(opts))
}

//go:nosplit
func secret(flags uintptr) int { return core.Secret(uint32(flags)) }

//go:nosplit
func secretAlloc(s *core.SecretArea, length, opts uintptr) int {
	return core.SecretAlloc(s, length, uint32(opts))
}

//go:nosplit
func secretAllocFrom(s *core.SecretArea, data unsafe.Pointer, length, opts uintptr) int {
	return core.SecretAllocFrom(s, data, length, uint32(opts))
}

//go:nosplit
func secretAttach(s *core.SecretArea, fd uintptr, maxLen uint64, opts uintptr) int {
	return core.SecretAttach(s, int32(fd), maxLen, uint32(opts))
}

//go:nosplit
func secretProtect(s *core.SecretArea, access uintptr) int {
	return core.SecretProtect(s, uint32(access))
}

//go:nosplit
func secretRelock(s *core.SecretArea) int { return core.SecretRelock(s) }

//go:nosplit
func secretFree(s *core.SecretArea) int { return core.SecretFree(s) }

//go:nosplit
func wipe(p unsafe.Pointer, length uintptr) int {
	core.Wipe(p, length)
	return 0
}

//go:nosplit
func equal(a, b unsafe.Pointer, length uintptr) int { return core.Equal(a, b, length) }

//go:nosplit
func poolInit(p *core.SecretPool, slotLen, slots, opts uintptr) int {
	return core.PoolInit(p, slotLen, uint32(slots), uint32(opts))
}

//go:nosplit
func poolTake(p *core.SecretPool, slot *uintptr) int { return core.PoolTake(p, slot) }

//go:nosplit
func poolGive(p *core.SecretPool, slot uintptr) int { return core.PoolGive(p, slot) }

//go:nosplit
func poolProtect(p *core.SecretPool, access uintptr) int {
	return core.PoolProtect(p, uint32(access))
}

//go:nosplit
func poolRelock(p *core.SecretPool) int { return core.PoolRelock(p) }

//go:nosplit
func poolFree(p *core.SecretPool) int { return core.PoolFree(p) }
