// SPDX-License-Identifier: MIT

// Package purego_test calls libmemfd_go.so from a Go program that has no cgo,
// through github.com/ebitengine/purego: every function, its results and its errors, while the
// runtime moves stacks and preempts threads.
//
// MEMFD_GO_LIBRARY is the path of the library. The default is the one built for the architecture
// of the test.
//
// It cross-compiles for all eight architectures (go test -c) and runs under qemu-user. Two need
// the name of the dynamic loader:
//
//	arm      -ldflags='-I /lib/ld-linux-armhf.so.3'
//	riscv64  -ldflags='-I /lib/ld-linux-riscv64-lp64d.so.1'
//
// and s390x without cgo needs Go 1.27.
package purego_test

import (
	"reflect"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library has the functions of memfd_go.h, in its order. make sync writes them.
type library struct {
	Version           func() uint32                                                        `c:"memfd_go_version"`
	VersionString     func() string                                                        `c:"memfd_go_version_string"`
	ResultName        func(int32) string                                                   `c:"memfd_go_result_name"`
	Probe             func(*Features, uintptr, uint64) int32                               `c:"memfd_go_probe"`
	Create            func(string, uint32) int32                                           `c:"memfd_go_create"`
	CreateWith        func(string, *CreateArgs, uintptr) int32                             `c:"memfd_go_create_with"`
	CreateSealed      func(string, uint32, uint32, unsafe.Pointer, uintptr) int32          `c:"memfd_go_create_sealed"`
	Clone             func(string, uint32, uint32, int32, uint64) int32                    `c:"memfd_go_clone"`
	CloneStream       func(string, uint32, uint32, int32, uint64) int32                    `c:"memfd_go_clone_stream"`
	Reopen            func(int32, uint32) int32                                            `c:"memfd_go_reopen"`
	HugeFlags         func(uint64, *uint32) int32                                          `c:"memfd_go_huge_flags"`
	GetSize           func(int32, *uint64) int32                                           `c:"memfd_go_get_size"`
	SetSize           func(int32, uint32, uint64) int32                                    `c:"memfd_go_set_size"`
	Discard           func(int32, uint32, uint64, uint64) int32                            `c:"memfd_go_discard"`
	AddSeals          func(int32, uint32) int32                                            `c:"memfd_go_add_seals"`
	GetSeals          func(int32) int32                                                    `c:"memfd_go_get_seals"`
	EnsureSeals       func(int32, uint32) int32                                            `c:"memfd_go_ensure_seals"`
	CheckSeals        func(int32, uint32, *uint32) int32                                   `c:"memfd_go_check_seals"`
	FormatSeals       func(uint32, uint32, *byte, uintptr) int32                           `c:"memfd_go_format_seals"`
	ParseSeals        func(string, *uint32) int32                                          `c:"memfd_go_parse_seals"`
	Inspect           func(int32, uint32, *Info, uintptr) int32                            `c:"memfd_go_inspect"`
	Map               func(int32, uint32, uint64, uintptr, *unsafe.Pointer) int32          `c:"memfd_go_map"`
	MapRing           func(int32, uint32, uint64, uintptr, *unsafe.Pointer) int32          `c:"memfd_go_map_ring"`
	Verify            func(int32, uint32, uint64, uint32, *uint64) int32                   `c:"memfd_go_verify"`
	MapVerified       func(int32, uint32, uint64, uint32, *unsafe.Pointer, *uintptr) int32 `c:"memfd_go_map_verified"`
	Unmap             func(unsafe.Pointer, uintptr) int32                                  `c:"memfd_go_unmap"`
	SendFds           func(int32, uint32, *int32, uint32, unsafe.Pointer, uintptr) int32   `c:"memfd_go_send_fds"`
	RecvFds           func(int32, uint32, *int32, *uint32, unsafe.Pointer, *uintptr) int32 `c:"memfd_go_recv_fds"`
	RecvVerified      func(int32, uint32, uint64, uint32, unsafe.Pointer, *uintptr) int32  `c:"memfd_go_recv_verified"`
	ImportPid         func(int32, int32, uint32) int32                                     `c:"memfd_go_import_pid"`
	ImportPidfd       func(int32, int32, uint32) int32                                     `c:"memfd_go_import_pidfd"`
	Exec              func(int32, **byte, **byte, uint32) int32                            `c:"memfd_go_exec"`
	Secret            func(uint32) int32                                                   `c:"memfd_go_secret"`
	SecretAlloc       func(*SecretArea, uintptr, uint32) int32                             `c:"memfd_go_secret_alloc"`
	SecretAllocFrom   func(*SecretArea, unsafe.Pointer, uintptr, uint32) int32             `c:"memfd_go_secret_alloc_from"`
	SecretAttach      func(*SecretArea, int32, uint64, uint32) int32                       `c:"memfd_go_secret_attach"`
	SecretProtect     func(*SecretArea, uint32) int32                                      `c:"memfd_go_secret_protect"`
	SecretRelock      func(*SecretArea) int32                                              `c:"memfd_go_secret_relock"`
	SecretFree        func(*SecretArea) int32                                              `c:"memfd_go_secret_free"`
	Wipe              func(unsafe.Pointer, uintptr)                                        `c:"memfd_go_wipe"`
	Equal             func(unsafe.Pointer, unsafe.Pointer, uintptr) int32                  `c:"memfd_go_equal"`
	SecretPoolInit    func(*SecretPool, uintptr, uint32, uint32) int32                     `c:"memfd_go_secret_pool_init"`
	SecretPoolTake    func(*SecretPool, *unsafe.Pointer) int32                             `c:"memfd_go_secret_pool_take"`
	SecretPoolGive    func(*SecretPool, unsafe.Pointer) int32                              `c:"memfd_go_secret_pool_give"`
	SecretPoolProtect func(*SecretPool, uint32) int32                                      `c:"memfd_go_secret_pool_protect"`
	SecretPoolRelock  func(*SecretPool) int32                                              `c:"memfd_go_secret_pool_relock"`
	SecretPoolFree    func(*SecretPool) int32                                              `c:"memfd_go_secret_pool_free"`
}

// The structs of memfd_go.h.

type Features struct {
	Bits         uint64
	HugeSizes    uint64
	MemlockSoft  uint64
	PageSize     uint32
	NoexecPolicy uint32
}

type CreateArgs struct {
	Flags uint32
	Opts  uint32
	Seals uint32
	Mode  uint32
	Size  uint64
}

type Info struct {
	Kind      uint32
	Seals     uint32
	Mode      uint32
	Access    uint32
	Size      uint64
	Allocated uint64
	HugePage  uint64
	Device    uint64
	Inode     uint64
	Name      [256]byte
}

type SecretArea struct {
	Kind       uint32
	Opts       uint32
	Data       unsafe.Pointer
	Len        uintptr
	Base       unsafe.Pointer
	BaseLen    uintptr
	Fd         int32
	Protection uint32
	Reserved   [4]uint64
}

type SecretPool struct {
	Slots    uint32
	Used     uint32
	FreeSlot uint32
	Unused   uint32
	SlotLen  uintptr
	Stride   uintptr
	Reserved [2]uint64
	Area     SecretArea
}

// Constants of memfd_go.h that golang.org/x/sys/unix does not have.
const (
	featureCreate      = 1 << 0
	featureSealing     = 1 << 1
	featureFutureWrite = 1 << 2
	featureNoexecSeal  = 1 << 3
	featureSealExec    = 1 << 4
	featureExecAllowed = 1 << 5
	featureHugetlb     = 1 << 6
	featureSecret      = 1 << 7
	featureSharedRO    = 1 << 8
	featureProcfs      = 1 << 9
	featurePidfdGetfd  = 1 << 10
	featureExecveat    = 1 << 11

	optReserve       = 1 << 0
	optWrite         = 1 << 1
	optPrivate       = 1 << 2
	optExec          = 1 << 3
	optPopulate      = 1 << 4
	optStrictNoexec  = 1 << 5
	optUnsealable    = 1 << 6
	optInheritFD     = 1 << 7
	optForkShare     = 1 << 8
	optAlignEnd      = 1 << 9
	optRequire       = 1 << 10
	optNoSecretmem   = 1 << 11
	optAllowUnlocked = 1 << 12
	optKeepFD        = 1 << 15

	sealsImmutable = 0xf
	styleNames     = 0
	styleLetters   = 1
	styleHex       = 2

	kindOther     = 0
	kindMemfd     = 1
	kindHugetlb   = 2
	kindTmpfsFile = 3
	kindSecret    = 4

	accessNone      = 0
	accessRead      = 1
	accessWrite     = 2
	accessReadWrite = 3

	fdsMax = 64

	areaSecretmem = 1
	areaMlock     = 2
	areaUnlocked  = 3
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
