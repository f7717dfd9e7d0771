// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"bytes"
	"io/fs"
	"math"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"libmemfd_go/core"
)

// All calls of package core are in this file. Core takes C strings, addresses and lengths, and
// returns -errno or a value >= 0. It keeps no address after it returns, and the stack does not
// move while the kernel uses one. KeepAlive is needed because core passes addresses to the
// kernel as integers.

// memoryAt returns the memory that the kernel mapped at addr. It is not part of Go's heap, so
// the collector ignores it.
func memoryAt(addr, length uintptr) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&addr)), length)
}

// addressOf is the inverse of memoryAt.
func addressOf(memory []byte) uintptr {
	return uintptr(unsafe.Pointer(unsafe.SliceData(memory)))
}

// flags returns the flags of memfd_create(2).
func (o *Options) flags() (uint32, error) {
	if o == nil {
		return unix.MFD_CLOEXEC | unix.MFD_NOEXEC_SEAL, nil
	}
	flags := uint32(unix.MFD_CLOEXEC | unix.MFD_NOEXEC_SEAL)
	if o.Exec {
		flags = unix.MFD_CLOEXEC | unix.MFD_EXEC | unix.MFD_ALLOW_SEALING
	}
	if o.HugePageSize < 0 {
		return 0, syscall.EINVAL
	}
	if o.HugePages || o.HugePageSize != 0 {
		var huge uint32
		if _, err := result(core.HugeFlags(uint64(o.HugePageSize), &huge)); err != nil {
			return 0, err
		}
		flags |= huge
	}
	return flags, nil
}

// createArgs returns the arguments of core.CreateWith.
func (o *Options) createArgs() (args core.CreateArgs, err error) {
	if args.Flags, err = o.flags(); o == nil || err != nil {
		return args, err
	}
	if o.Size < 0 || o.Mode&^fs.ModePerm != 0 {
		return args, syscall.EINVAL
	}
	if o.StrictNoexec {
		args.Opts |= core.OptStrictNoexec
	}
	if o.Unsealable {
		args.Opts |= core.OptUnsealable
	}
	args.Seals, args.Size, args.Mode = uint32(o.Seals), uint64(o.Size), uint32(o.Mode)
	return args, nil
}

// copyArgs returns the arguments of SealedWith and CloneWith.
func (o *Options) copyArgs() (flags uint32, seals Seals, err error) {
	if flags, err = o.flags(); err != nil {
		return 0, 0, err
	}
	seals = Immutable
	if o == nil {
		return flags, seals, nil
	}
	if o.Size != 0 || o.Mode != 0 || o.StrictNoexec {
		return 0, 0, syscall.EINVAL
	}
	if o.Seals != 0 {
		seals = o.Seals
	}
	if o.Unsealable {
		seals |= SealSeal
	}
	return flags, seals, nil
}

func createWith(name *byte, args *core.CreateArgs) (int, error) {
	r := restart(func() int { return core.CreateWith(name, args, unsafe.Sizeof(*args)) })
	runtime.KeepAlive(name)
	return result(r)
}

func createSealed(name *byte, flags uint32, seals Seals, data []byte) (int, error) {
	r := restart(func() int {
		return core.CreateSealed(name, flags, uint32(seals), unsafe.SliceData(data), uintptr(len(data)))
	})
	runtime.KeepAlive(name)
	runtime.KeepAlive(data)
	return result(r)
}

func clone(name *byte, flags uint32, seals Seals, src int32, maxSize int64) int {
	r := core.Clone(name, flags, uint32(seals), src, uint64(maxSize))
	runtime.KeepAlive(name)
	return r
}

func addSeals(fd int32, seals Seals) int {
	r, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, int(seals))
	if err != nil {
		return -int(err.(syscall.Errno))
	}
	return r
}

// missingSeals returns those of seals that the file lacks.
func missingSeals(fd int32, seals Seals) (missing Seals, r int) {
	var bits uint32
	r = core.CheckSeals(fd, uint32(seals), &bits)
	if r == -int(unix.EKEYREJECTED) {
		r = 0
	}
	return Seals(bits), r
}

func (s Seals) names() string {
	var text [64]byte // enough for any seals
	n := core.FormatSeals(uint32(s), core.StyleNames, &text[0], uintptr(len(text)))
	return string(text[:n])
}

func parseSeals(text string) (Seals, bool) {
	var seals uint32
	c := append([]byte(text), 0)
	r := core.ParseSeals(&c[0], &seals)
	return Seals(seals), r == 0
}

// openFlags refuses flags that the kernel would not see.
func openFlags(flag int) (uint32, error) {
	if flag < 0 || int64(flag) > math.MaxUint32 {
		return 0, syscall.EINVAL
	}
	return uint32(flag), nil
}

func reopen(fd int32, flags uint32) int {
	return core.Reopen(fd, flags)
}

func reserve(fd int32, size int64) int {
	return core.SetSize(fd, core.OptReserve, uint64(size))
}

func discard(fd int32, offset, length int64) int {
	return core.Discard(fd, 0, uint64(offset), uint64(length))
}

func mapFile(fd int32, flags MapFlags, offset int64, length int, addr *uintptr) int {
	return core.Map(fd, uint32(flags), uint64(offset), uintptr(length), addr)
}

func mapRing(fd int32, flags MapFlags, offset int64, length int, addr *uintptr) int {
	if length > math.MaxInt/2 { // longer than a slice can be
		return -int(unix.EOVERFLOW)
	}
	return core.MapRing(fd, uint32(flags), uint64(offset), uintptr(length), addr)
}

func verifyOptions(flags []VerifyFlags) (opts uint32) {
	for _, f := range flags {
		opts |= uint32(f)
	}
	return opts
}

func mapVerified(fd int32, required Seals, maxSize int64, flags []VerifyFlags, addr, length *uintptr) int {
	r := core.MapVerified(fd, uint32(required), uint64(maxSize), verifyOptions(flags), addr, length)
	if r == 0 && *length > math.MaxInt { // longer than a slice can be
		core.Unmap(*addr, *length)
		return -int(unix.EOVERFLOW)
	}
	return r
}

func verify(fd int32, required Seals, maxSize int64, flags []VerifyFlags) (size int64, r int) {
	var bytes uint64
	r = core.Verify(fd, uint32(required), uint64(maxSize), verifyOptions(flags), &bytes)
	if r == 0 && bytes > math.MaxInt {
		return 0, -int(unix.EOVERFLOW)
	}
	return int64(bytes), r
}

func unmap(memory []byte) error {
	_, err := result(core.Unmap(addressOf(memory), uintptr(len(memory))))
	return err
}

func inspect(fd int32, to *Info) int {
	var info core.Info
	r := core.Inspect(fd, 0, &info, unsafe.Sizeof(info))
	if r < 0 {
		return r
	}
	name, _, _ := bytes.Cut(info.Name[:], []byte{0})
	*to = Info{
		Kind:      Kind(info.Kind),
		Seals:     Seals(info.Seals),
		Mode:      fileMode(info.Mode),
		Access:    Access(info.Access),
		Size:      int64(info.Size),
		Allocated: int64(info.Allocated),
		HugePage:  int64(info.HugePage),
		Device:    info.Device,
		Inode:     info.Inode,
		Name:      string(name),
	}
	return 0
}

// fileMode converts st_mode as os.File.Stat does.
func fileMode(mode uint32) fs.FileMode {
	m := fs.FileMode(mode & 0o777)
	switch mode & unix.S_IFMT {
	case unix.S_IFBLK:
		m |= fs.ModeDevice
	case unix.S_IFCHR:
		m |= fs.ModeDevice | fs.ModeCharDevice
	case unix.S_IFDIR:
		m |= fs.ModeDir
	case unix.S_IFIFO:
		m |= fs.ModeNamedPipe
	case unix.S_IFLNK:
		m |= fs.ModeSymlink
	case unix.S_IFSOCK:
		m |= fs.ModeSocket
	}
	if mode&unix.S_ISGID != 0 {
		m |= fs.ModeSetgid
	}
	if mode&unix.S_ISUID != 0 {
		m |= fs.ModeSetuid
	}
	if mode&unix.S_ISVTX != 0 {
		m |= fs.ModeSticky
	}
	return m
}

func probe(request Feature) (Features, error) {
	var f core.Features
	if _, err := result(core.Probe(&f, unsafe.Sizeof(f), uint64(request))); err != nil {
		return Features{}, err
	}
	found := Features{
		Feature:      Feature(f.Bits),
		Memlock:      f.MemlockSoft,
		PageSize:     int(f.PageSize),
		NoexecPolicy: int(f.NoexecPolicy),
	}
	for log := range 63 {
		if f.HugeSizes>>log&1 != 0 {
			found.HugePages = append(found.HugePages, 1<<log)
		}
	}
	return found, nil
}

func secretAlloc(area *core.SecretArea, n int, opts uint32) error {
	_, err := result(core.SecretAlloc(area, uintptr(n), opts))
	return err
}

func secretAllocFrom(area *core.SecretArea, data []byte, opts uint32) error {
	_, err := result(core.SecretAllocFrom(area, unsafe.Pointer(unsafe.SliceData(data)), uintptr(len(data)), opts))
	runtime.KeepAlive(data)
	return err
}

func secretAttach(area *core.SecretArea, fd int32, maxSize int64, opts uint32) int {
	return core.SecretAttach(area, fd, uint64(min(maxSize, math.MaxInt)), opts)
}

func secretProtect(area *core.SecretArea, access Access) error {
	_, err := result(core.SecretProtect(area, uint32(access)))
	return err
}

func secretFree(area *core.SecretArea) error {
	_, err := result(core.SecretFree(area))
	return err
}

func wipe(data []byte) {
	core.Wipe(unsafe.Pointer(unsafe.SliceData(data)), uintptr(len(data)))
	runtime.KeepAlive(data)
}

func poolInit(pool *core.SecretPool, n, slots int, opts uint32) error {
	_, err := result(core.PoolInit(pool, uintptr(n), uint32(slots), opts))
	return err
}

func poolTake(pool *core.SecretPool, slot *uintptr) error {
	_, err := result(core.PoolTake(pool, slot))
	return err
}

func poolGive(pool *core.SecretPool, slot uintptr) error {
	_, err := result(core.PoolGive(pool, slot))
	return err
}

func poolProtect(pool *core.SecretPool, access Access) error {
	_, err := result(core.PoolProtect(pool, uint32(access)))
	return err
}

func poolFree(pool *core.SecretPool) error {
	_, err := result(core.PoolFree(pool))
	return err
}

// MaxFiles is the largest number of files in one message, 64.
const MaxFiles = core.FDsMax

// Package net makes sockets non-blocking, but another process that has the socket can undo that.
// With OptDontwait, sendFDs and recvFDs do not block then either.

func sendFDs(sock int32, fds []int32, data []byte) int {
	var control core.ControlBuffer
	r := core.SendFDs(sock, core.OptDontwait, unsafe.SliceData(fds), uint32(len(fds)), unsafe.SliceData(data), uintptr(len(data)), &control)
	runtime.KeepAlive(fds)
	runtime.KeepAlive(data)
	return r
}

// recvFDs returns the result of core (-EPIPE at the end of the stream) and the numbers of bytes
// and descriptors. After -EMSGSIZE data holds the bytes that fit.
func recvFDs(sock int32, fds []int32, data []byte) (r, n, nfds int) {
	var control core.ControlBuffer
	room, length := uint32(len(fds)), uintptr(len(data))
	if length == 0 {
		r = core.RecvFDs(sock, core.OptDontwait, unsafe.SliceData(fds), &room, nil, nil, &control)
	} else {
		r = core.RecvFDs(sock, core.OptDontwait, unsafe.SliceData(fds), &room, unsafe.SliceData(data), &length, &control)
	}
	runtime.KeepAlive(fds)
	runtime.KeepAlive(data)
	switch {
	case r == 0:
		return r, int(length), int(room)
	case r == -int(unix.EMSGSIZE):
		return r, int(length), 0
	}
	return r, 0, 0
}

func importPID(pid, fd int32, flags uint32) int { return core.ImportPID(pid, fd, flags) }

func importPidfd(pidfd, fd int) int { return core.ImportPidfd(int32(pidfd), int32(fd), 0) }
