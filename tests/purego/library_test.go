// Package purego_test calls libmemfd_go.so from a Go program that has no cgo,
// through github.com/ebitengine/purego: every function, its results and its errors,
// while the collector moves stacks and preempts threads around the calls.
//
// MEMFD_GO_LIBRARY names the library to load; else it is the one that was built for
// the architecture of the test.
//
// It cross-compiles for all eight architectures (go test -c), to be run by qemu-user.
// The Go linker has to be told the dynamic loader's name for two:
//
//	arm      -ldflags='-I /lib/ld-linux-armhf.so.3'
//	riscv64  -ldflags='-I /lib/ld-linux-riscv64-lp64d.so.1'
//
// and s390x without cgo takes Go 1.27.
package purego_test

import (
	"reflect"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library has the functions of memfd_go.h, in its order (tests/abi compares).
type library struct {
	Version       func() uint32                                               `c:"memfd_go_version"`
	VersionString func() string                                               `c:"memfd_go_version_string"`
	Errname       func(int32) string                                          `c:"memfd_go_errname"`
	Create        func(string, uint32) int32                                  `c:"memfd_go_create"`
	CreateSealed  func(string, uint32, uint32, unsafe.Pointer, uintptr) int32 `c:"memfd_go_create_sealed"`
	GetSize       func(int32, *uint64) int32                                  `c:"memfd_go_get_size"`
	SetSize       func(int32, uint32, uint64) int32                           `c:"memfd_go_set_size"`
	AddSeals      func(int32, uint32) int32                                   `c:"memfd_go_add_seals"`
	GetSeals      func(int32) int32                                           `c:"memfd_go_get_seals"`
	EnsureSeals   func(int32, uint32) int32                                   `c:"memfd_go_ensure_seals"`
	CheckSeals    func(int32, uint32, *uint32) int32                          `c:"memfd_go_check_seals"`
	FormatSeals   func(uint32, uint32, *byte, uintptr) int32                  `c:"memfd_go_format_seals"`
	ParseSeals    func(string, *uint32) int32                                 `c:"memfd_go_parse_seals"`
	Map           func(int32, uint32, uint64, uintptr, *unsafe.Pointer) int32 `c:"memfd_go_map"`
	Unmap         func(unsafe.Pointer, uintptr) int32                         `c:"memfd_go_unmap"`
	Secret        func(uint32) int32                                          `c:"memfd_go_secret"`
}

// Constants of memfd_go.h that golang.org/x/sys/unix does not have.
const (
	optReserve     = 1 << 0
	optWrite       = 1 << 1
	optPrivate     = 1 << 2
	optExec        = 1 << 3
	optPopulate    = 1 << 4
	sealsImmutable = 0xf
	styleNames     = 0
	styleLetters   = 1
	styleHex       = 2
)

// load opens the library at path and resolves every function.
func load(path string) (handle uintptr, lib library, err error) {
	handle, err = purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return 0, library{}, err
	}
	fields := reflect.ValueOf(&lib).Elem()
	for i := range fields.NumField() {
		address, err := purego.Dlsym(handle, fields.Type().Field(i).Tag.Get("c"))
		if err != nil {
			return 0, library{}, err
		}
		purego.RegisterFunc(fields.Field(i).Addr().Interface(), address)
	}
	return handle, lib, nil
}
