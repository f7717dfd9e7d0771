package purego_test

import (
	"fmt"
	"reflect"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// session puts a text into a file, seals it, reads it back in several ways, and
// calls every function of the library on the way.
func (lib *library) session(text string) error {
	if v := lib.Version(); lib.VersionString() != fmt.Sprintf("%d.%d.%d", v>>16, v>>8&0xff, v&0xff) {
		return fmt.Errorf("version %#x, %q", v, lib.VersionString())
	}
	if name := lib.Errname(lib.Create(text, 1<<30)); name != "EINVAL" {
		return fmt.Errorf("create with an unknown flag: %s", name)
	}
	if err := lib.sealByHand(text); err != nil {
		return err
	}
	if err := lib.sealAtOnce(text); err != nil {
		return err
	}
	want := rawSecret(unix.O_CLOEXEC)
	if got := outcome(closed(lib.Secret(unix.O_CLOEXEC))); got != want {
		return fmt.Errorf("secret: %s, the kernel says %s", got, want)
	}
	return nil
}

func (lib *library) sealByHand(text string) error {
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
	return lib.mustHold(fd, text)
}

func (lib *library) sealAtOnce(text string) error {
	data := []byte(text)
	fd := lib.CreateSealed(text, unix.MFD_CLOEXEC, 0, unsafe.Pointer(&data[0]), uintptr(len(data)))
	if fd < 0 {
		return fmt.Errorf("create_sealed: %s", outcome(fd))
	}
	defer unix.Close(int(fd))
	return lib.mustHold(fd, text)
}

// mustHold looks at a sealed file by all functions that do.
func (lib *library) mustHold(fd int32, text string) error {
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
		return fmt.Errorf("unmap: %s; the file held %q, not %q", outcome(r), got, text)
	}
	return nil
}

// sysMemfdSecret is the same number on every architecture; x/sys/unix lacks it on
// those that never had the call.
const sysMemfdSecret = 447

// rawSecret is the outcome of memfd_secret(2) without the library. No qemu-user has
// that call, and neither has every kernel.
func rawSecret(flags uintptr) string {
	fd, _, errno := syscall.RawSyscall(sysMemfdSecret, flags, 0, 0)
	if errno != 0 {
		return unix.ErrnoName(errno)
	}
	unix.Close(int(fd))
	return "ok"
}

// closed returns a result whose descriptor, if it is one, nobody needs.
func closed(fd int32) int32 {
	if fd >= 0 {
		unix.Close(int(fd))
	}
	return fd
}

func TestSessionCallsEveryFunction(t *testing.T) {
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
