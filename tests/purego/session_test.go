// SPDX-License-Identifier: MIT

package purego_test

import (
	"fmt"
	"os"
	"reflect"
	"syscall"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// session writes a text to files and secret memory and reads it back, calling every function of
// the library.
func (lib *library) session(text string) error {
	if v := lib.Version(); lib.VersionString() != fmt.Sprintf("%d.%d.%d", v>>16, v>>8&0xff, v&0xff) {
		return fmt.Errorf("version %#x, %q", v, lib.VersionString())
	}
	if name := lib.ResultName(lib.Create(text, 1<<30)); name != "EINVAL" {
		return fmt.Errorf("create with an unknown flag: %s", name)
	}
	if err := lib.sealInSteps(text); err != nil {
		return err
	}
	if err := lib.sealAtOnce(text); err != nil {
		return err
	}
	if err := lib.passOn(text); err != nil {
		return err
	}
	if err := lib.keepSecret(text); err != nil {
		return err
	}
	want := rawSecret(unix.O_CLOEXEC)
	if got := outcome(closed(lib.Secret(unix.O_CLOEXEC))); got != want {
		return fmt.Errorf("secret: got %s, want %s as from the kernel", got, want)
	}
	return nil
}

func (lib *library) sealInSteps(text string) error {
	length := uintptr(len(text))
	fd := lib.Create(text, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if fd < 0 {
		return fmt.Errorf("create: %s", outcome(fd))
	}
	defer unix.Close(int(fd))
	if r := lib.SetSize(fd, optReserve, uint64(length)); r != 0 {
		return fmt.Errorf("set_size: %s", outcome(r))
	}
	var memory unsafe.Pointer
	if r := lib.Map(fd, optWrite, 0, length, &memory); r != 0 {
		return fmt.Errorf("map: %s", outcome(r))
	}
	copy(unsafe.Slice((*byte)(memory), length), text)
	if r := lib.Unmap(memory, length); r != 0 {
		return fmt.Errorf("unmap: %s", outcome(r))
	}
	var seals uint32
	if r := lib.ParseSeals("shrink, grow + w", &seals); r != 0 {
		return fmt.Errorf("parse_seals: %s", outcome(r))
	}
	if r := lib.AddSeals(fd, seals); r != 0 {
		return fmt.Errorf("add_seals: %s", outcome(r))
	}
	if r := lib.EnsureSeals(fd, sealsImmutable); r != 0 {
		return fmt.Errorf("ensure_seals: %s", outcome(r))
	}
	return lib.checkSealed(fd, text)
}

func (lib *library) sealAtOnce(text string) error {
	data := []byte(text)
	fd := lib.CreateSealed(text, unix.MFD_CLOEXEC, 0, unsafe.Pointer(&data[0]), uintptr(len(data)))
	if fd < 0 {
		return fmt.Errorf("create_sealed: %s", outcome(fd))
	}
	defer unix.Close(int(fd))
	return lib.checkSealed(fd, text)
}

// passOn clones a file, and reopens, sends, receives, imports and inspects the clone.
func (lib *library) passOn(text string) error {
	args := CreateArgs{Flags: unix.MFD_CLOEXEC | unix.MFD_NOEXEC_SEAL, Mode: 0o600}
	fd := lib.CreateWith(text, &args, unsafe.Sizeof(args))
	if fd < 0 {
		return fmt.Errorf("create_with: %s", outcome(fd))
	}
	defer unix.Close(int(fd))
	if _, err := unix.Write(int(fd), []byte(text)); err != nil {
		return err
	}
	var argv [1]*byte
	if r := outcome(lib.Exec(fd, &argv[0], &argv[0], 0)); r != "EACCES" {
		return fmt.Errorf("exec of a file that is not a program: %s", r)
	}
	sealed := lib.Clone(text, unix.MFD_CLOEXEC, 0, fd, uint64(len(text)))
	if sealed < 0 {
		return fmt.Errorf("clone: %s", outcome(sealed))
	}
	defer unix.Close(int(sealed))
	if err := unix.Fchmod(int(sealed), 0o600); err != nil {
		return err
	}
	again := lib.Reopen(sealed, unix.O_RDONLY)
	if again < 0 {
		return fmt.Errorf("reopen: %s", outcome(again))
	}
	defer unix.Close(int(again))
	imported := lib.ImportPid(int32(os.Getpid()), again, unix.O_RDONLY)
	if imported < 0 {
		return fmt.Errorf("import_pid: %s", outcome(imported))
	}
	defer unix.Close(int(imported))
	if r := outcome(lib.ImportPidfd(-1, imported, 0)); r != "EBADF" && r != "ENOSYS" {
		return fmt.Errorf("import_pidfd: %s", r)
	}
	if err := lib.useAsRing(text); err != nil {
		return err
	}
	return lib.sendAndReceive(imported, text)
}

// useAsRing maps a clone of a pipe as a ring, and discards its contents.
func (lib *library) useAsRing(text string) error {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	defer unix.Close(ends[0])
	_, err := unix.Write(ends[1], []byte(text))
	unix.Close(ends[1])
	if err != nil {
		return err
	}
	fd := lib.CloneStream(text, unix.MFD_CLOEXEC, unix.F_SEAL_SEAL, int32(ends[0]), uint64(len(text)))
	if fd < 0 {
		return fmt.Errorf("clone_stream: %s", outcome(fd))
	}
	defer unix.Close(int(fd))
	var ring unsafe.Pointer
	if r := lib.MapRing(fd, 0, 0, page, &ring); r != 0 {
		return fmt.Errorf("map_ring: %s", outcome(r))
	}
	defer lib.Unmap(ring, 2*page)
	if got := string(bytesAt(unsafe.Add(ring, page), uintptr(len(text)))); got != text {
		return fmt.Errorf("map_ring: got %q, want %q", got, text)
	}
	if r := lib.Discard(fd, 0, 0, uint64(len(text))); r != 0 || *(*byte)(ring) != 0 {
		return fmt.Errorf("discard: %s, %q", outcome(r), *(*byte)(ring))
	}
	return nil
}

// sendAndReceive sends a file over a socket twice and checks what arrives.
func (lib *library) sendAndReceive(fd int32, text string) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	for range 2 {
		if r := lib.SendFds(int32(pair[0]), 0, &fd, 1, nil, 0); r != 0 {
			return fmt.Errorf("send_fds: %s", outcome(r))
		}
	}
	received, n := int32(-1), uint32(1)
	if r := lib.RecvFds(int32(pair[1]), 0, &received, &n, nil, nil); r != 0 || n != 1 {
		return fmt.Errorf("recv_fds: %s, %d descriptors", outcome(r), n)
	}
	defer unix.Close(int(received))
	verified := lib.RecvVerified(int32(pair[1]), sealsImmutable, uint64(len(text)), 0, nil, nil)
	if verified < 0 {
		return fmt.Errorf("recv_verified: %s", outcome(verified))
	}
	defer unix.Close(int(verified))
	var i Info
	if r := lib.Inspect(received, 0, &i, unsafe.Sizeof(i)); r != 0 || i.Kind != kindMemfd || string(i.Name[:len(text)]) != text {
		return fmt.Errorf("inspect: %s, %+v", outcome(r), i)
	}
	if r := lib.Verify(verified, 0, uint64(len(text)), 0, nil); r != 0 {
		return fmt.Errorf("verify: %s", outcome(r))
	}
	var memory unsafe.Pointer
	var length uintptr
	if r := lib.MapVerified(verified, 0, uint64(len(text)), 0, &memory, &length); r != 0 {
		return fmt.Errorf("map_verified: %s", outcome(r))
	}
	got := string(unsafe.Slice((*byte)(memory), length))
	if r := lib.Unmap(memory, length); r != 0 || got != text {
		return fmt.Errorf("unmap: %s; the file contains %q, want %q", outcome(r), got, text)
	}
	return nil
}

// keepSecret writes the text to a secret area and to a slot of a pool.
func (lib *library) keepSecret(text string) error {
	var f Features
	if r := lib.Probe(&f, unsafe.Sizeof(f), 0); r != 0 || f.Bits&featureCreate == 0 {
		return fmt.Errorf("probe: %s, %#x", outcome(r), f.Bits)
	}
	var flags uint32
	if r := lib.HugeFlags(1<<21, &flags); r != 0 || flags != unix.MFD_HUGETLB|21<<26 {
		return fmt.Errorf("huge_flags: %s, %#x", outcome(r), flags)
	}
	s := SecretArea{}
	if r := outcome(lib.SecretAttach(&s, -1, 1, 0)); r != "EBADF" {
		return fmt.Errorf("secret_attach: %s", r)
	}
	if r := lib.SecretAlloc(&s, uintptr(len(text)), optAllowUnlocked); r != 0 {
		return fmt.Errorf("secret_alloc: %s", outcome(r))
	}
	if err := lib.writeAndWipe(s.bytes(), text); err != nil {
		return err
	}
	if err := lib.allocateFrom(text); err != nil {
		return err
	}
	if r := lib.SecretRelock(&s); r != 0 && r != -int32(unix.ENOMEM) && r != -int32(unix.EPERM) {
		return fmt.Errorf("secret_relock: %s", outcome(r))
	}
	if r := lib.SecretProtect(&s, accessNone); r != 0 {
		return fmt.Errorf("secret_protect: %s", outcome(r))
	}
	if r := lib.SecretFree(&s); r != 0 {
		return fmt.Errorf("secret_free: %s", outcome(r))
	}
	pool := SecretPool{}
	if r := lib.SecretPoolInit(&pool, uintptr(len(text)), 2, optAllowUnlocked); r != 0 {
		return fmt.Errorf("secret_pool_init: %s", outcome(r))
	}
	var slot unsafe.Pointer
	if r := lib.SecretPoolTake(&pool, &slot); r != 0 {
		return fmt.Errorf("secret_pool_take: %s", outcome(r))
	}
	if err := lib.writeAndWipe(bytesAt(slot, pool.SlotLen), text); err != nil {
		return err
	}
	if r := lib.SecretPoolProtect(&pool, accessNone); r != 0 {
		return fmt.Errorf("secret_pool_protect: %s", outcome(r))
	}
	if r := outcome(lib.SecretPoolRelock(&pool)); r != "EACCES" && r != "ok" {
		return fmt.Errorf("secret_pool_relock: %s", r)
	}
	if r := lib.SecretPoolProtect(&pool, accessReadWrite); r != 0 {
		return fmt.Errorf("secret_pool_protect: %s", outcome(r))
	}
	if r := lib.SecretPoolGive(&pool, slot); r != 0 {
		return fmt.Errorf("secret_pool_give: %s", outcome(r))
	}
	if r := lib.SecretPoolFree(&pool); r != 0 {
		return fmt.Errorf("secret_pool_free: %s", outcome(r))
	}
	return nil
}

// allocateFrom moves the text into a new secret area.
func (lib *library) allocateFrom(text string) error {
	s, data := SecretArea{}, []byte(text)
	if r := lib.SecretAllocFrom(&s, unsafe.Pointer(&data[0]), uintptr(len(data)), optAllowUnlocked); r != 0 {
		return fmt.Errorf("secret_alloc_from: %s", outcome(r))
	}
	defer lib.SecretFree(&s)
	zeros := make([]byte, len(data))
	if lib.Equal(unsafe.Pointer(&data[0]), unsafe.Pointer(&zeros[0]), uintptr(len(data))) != 1 {
		return fmt.Errorf("secret_alloc_from left %q in the source", data)
	}
	if got := string(s.bytes()); got != text {
		return fmt.Errorf("secret_alloc_from: got %q, want %q", got, text)
	}
	return nil
}

// writeAndWipe writes the text to memory, reads it back, and wipes it.
func (lib *library) writeAndWipe(memory []byte, text string) error {
	copy(memory, text)
	if got := string(memory); got != text {
		return fmt.Errorf("secret memory contains %q, want %q", got, text)
	}
	lib.Wipe(unsafe.Pointer(&memory[0]), uintptr(len(memory)))
	if got := string(memory); got != string(make([]byte, len(text))) {
		return fmt.Errorf("wiped memory contains %q", got)
	}
	return nil
}

// checkSealed checks a sealed file with all functions that read its properties.
func (lib *library) checkSealed(fd int32, text string) error {
	missing, size := ^uint32(0), ^uint64(0)
	if r := lib.CheckSeals(fd, sealsImmutable, &missing); r != 0 || missing != 0 {
		return fmt.Errorf("check_seals: %s, missing %#x", outcome(r), missing)
	}
	if r := lib.GetSize(fd, &size); r != 0 || size != uint64(len(text)) {
		return fmt.Errorf("get_size: %s, %d", outcome(r), size)
	}
	seals := make([]byte, 64)
	n := lib.FormatSeals(uint32(lib.GetSeals(fd))&sealsImmutable, styleLetters, &seals[0], 64)
	if n != 4 || string(seals[:n]) != "Sgws" {
		return fmt.Errorf("format_seals: %d, %q", n, seals)
	}
	var memory unsafe.Pointer
	if r := lib.Map(fd, 0, 0, uintptr(size), &memory); r != 0 {
		return fmt.Errorf("map of a sealed file: %s", outcome(r))
	}
	got := string(unsafe.Slice((*byte)(memory), size))
	if r := lib.Unmap(memory, uintptr(size)); r != 0 || got != text {
		return fmt.Errorf("unmap: %s; the file contains %q, want %q", outcome(r), got, text)
	}
	return nil
}

// sysMemfdSecret is the same number on every architecture. x/sys/unix lacks it on those that do
// not support the call.
const sysMemfdSecret = 447

// rawSecret is the outcome of memfd_secret(2) without the library: qemu-user and some kernels do
// not support it.
func rawSecret(flags uintptr) string {
	fd, _, errno := syscall.RawSyscall(sysMemfdSecret, flags, 0, 0)
	if errno != 0 {
		return unix.ErrnoName(errno)
	}
	unix.Close(int(fd))
	return "ok"
}

// closed closes fd if it is a descriptor, and returns it.
func closed(fd int32) int32 {
	if fd >= 0 {
		unix.Close(int(fd))
	}
	return fd
}

func TestSessionCallsEveryFunction(t *testing.T) {
	leaks.Check(t)
	calls := make(map[string]int)
	counting := lib
	fields := reflect.ValueOf(&counting).Elem()
	for i := range fields.NumField() {
		field := fields.Field(i)
		name, call := fields.Type().Field(i).Name, reflect.ValueOf(lib).Field(i)
		field.Set(reflect.MakeFunc(field.Type(), func(args []reflect.Value) []reflect.Value {
			calls[name]++
			return call.Call(args)
		}))
	}
	if err := counting.session("counted"); err != nil {
		t.Fatal(err)
	}
	for i := range fields.NumField() {
		if name := fields.Type().Field(i).Name; calls[name] == 0 {
			t.Errorf("(*library).session does not call %s", name)
		}
	}
}
