// Package main is libmemfd_go.so: the C side of package core.
//
// exports.h lists the exports, trampoline_<arch>.s brings C calls here. Every
// function below is what C declares in memfd_go.h with each argument widened to
// a machine word, a uint64_t excepted: the trampolines need to know no narrower
// types, and what C leaves in the upper half of a word is dropped here. Results
// are full words for the same reason.
//
// No Go runtime is ever started: package core says what that forbids.
package main

import "libmemfd_go/core"

//lint:file-ignore U1000 the trampolines call these

func main() {}

//go:nosplit
func version() uintptr { return uintptr(core.Version) }

//go:nosplit
func versionString() *byte { return core.VersionString() }

//go:nosplit
func errname(err uintptr) *byte { return core.ErrName(int32(err)) }

//go:nosplit
func createSealed(name *byte, mfdFlags, seals uintptr, data *byte, length uintptr) int {
	return core.CreateSealed(name, uint32(mfdFlags), uint32(seals), data, length)
}

//go:nosplit
func getSize(fd uintptr, size *uint64) int { return core.GetSize(int32(fd), size) }

//go:nosplit
func setSize(fd, opts uintptr, size uint64) int {
	return core.SetSize(int32(fd), uint32(opts), size)
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
func mapFile(fd, opts uintptr, off uint64, length uintptr, addr *uintptr) int {
	return core.Map(int32(fd), uint32(opts), off, length, addr)
}

//go:nosplit
func unmap(addr, length uintptr) int { return core.Unmap(addr, length) }

//go:nosplit
func secret(flags uintptr) int { return core.Secret(uint32(flags)) }
