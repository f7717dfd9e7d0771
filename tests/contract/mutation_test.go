// SPDX-License-Identifier: MIT

package contract

import (
	"strings"
	"testing"
)

// Each comparison must notice these changes to the header, and print the line to change.

const (
	getSize    = "int memfd_go_get_size(int fd, uint64_t *size);"
	setSize    = "int memfd_go_set_size(int fd, uint32_t opts, uint64_t size);"
	newOne     = "int memfd_go_new_one(const char *text, size_t len, uint64_t where, uint32_t *out);"
	newSum     = "void memfd_go_new_sum(struct memfd_go_info *info, char *const list[]);"
	newBit     = "#define MEMFD_GO_OPT_NEW 0x00000020U\n"
	hugePage   = "uint64_t huge_page;"
	infoDevice = "uint64_t device;"
	infoAccess = "uint32_t access;"
	nameOfInfo = "char name[256];"
	write      = "#define MEMFD_GO_OPT_WRITE 0x00000002U"
)

var mutations = []struct {
	name    string
	changes []string // pairs of old and new text
	want    []string
}{
	{
		name:    "nothing",
		changes: nil,
		want:    nil,
	}, {
		name:    "a new function",
		changes: []string{getSize, getSize + newOne},
		want: []string{
			"capi/exports.h: a line is missing; add it after memfd_go_get_size:\n\n" +
				"CALL2D1(memfd_go_new_one, ·newOne)\n",
			"capi/exports.go: a line is missing; add it after getSize:\n\n//go:nosplit\n" +
				"func newOne(text *byte, len uintptr, where uint64, out *uint32) int { return core.NewOne(text, len, where, out) }\n",
			"bindings/python/src/memfd_go/_ffi.py: a line is missing; add it after memfd_go_get_size:\n\n" +
				`memfd_go_new_one = _declare("memfd_go_new_one", c_int, c_char_p, c_size_t, c_uint64, POINTER(c_uint32))` + "\n",
			"bindings/rust/memfd-go-sys/src/lib.rs: a line is missing; add it after memfd_go_get_size:\n\n" +
				"pub fn memfd_go_new_one(text: *const c_char, len: usize, where: u64, out: *mut u32) -> c_int;\n",
			"tests/purego/library_test.go: a line is missing; add it after memfd_go_get_size:\n\n" +
				"NewOne func(string, uintptr, uint64, *uint32) int32 `c:\"memfd_go_new_one\"`\n",
		},
	}, {
		name:    "a new function with a struct, a list and no result",
		changes: []string{getSize, getSize + newSum},
		want: []string{
			"CALL2(memfd_go_new_sum, ·newSum)\n",
			"func newSum(info *core.Info, list unsafe.Pointer) int { return core.NewSum(info, list) }\n",
			`memfd_go_new_sum = _declare("memfd_go_new_sum", None, POINTER(Info), POINTER(c_char_p))` + "\n",
			"pub fn memfd_go_new_sum(info: *mut memfd_go_info, list: *const *const c_char);\n",
			"NewSum func(*Info, **byte) `c:\"memfd_go_new_sum\"`\n",
		},
	}, {
		name:    "a function removed",
		changes: []string{getSize, ""},
		want: []string{
			"capi/exports.h: memfd_go_get_size is not in include/memfd_go.h; remove:\n\nCALL2(memfd_go_get_size, ·getSize)\n",
			"capi/exports.go: getSize is not in include/memfd_go.h; remove:\n\nfunc getSize(uintptr, *uint64) int\n",
			"_ffi.py: memfd_go_get_size is not in include/memfd_go.h; remove:\n\n",
			"lib.rs: memfd_go_get_size is not in include/memfd_go.h; remove:\n\n",
			"library_test.go: memfd_go_get_size is not in include/memfd_go.h; remove:\n\n",
		},
	}, {
		name:    "functions in another order",
		changes: []string{getSize, setSize, setSize, getSize},
		want: []string{
			"capi/exports.h: not in the order of include/memfd_go.h; move up, before memfd_go_get_size:\n\n" +
				"CALL2D(memfd_go_set_size, ·setSize)\n",
			"capi/exports.go: not in the order of include/memfd_go.h; move up, before getSize:\n\n",
			"_ffi.py: not in the order of include/memfd_go.h; move up, before memfd_go_get_size:\n\n" +
				`memfd_go_set_size = _declare("memfd_go_set_size", c_int, c_int, c_uint32, c_uint64)` + "\n",
			"lib.rs: not in the order of include/memfd_go.h; move up, before memfd_go_get_size:\n\n" +
				"pub fn memfd_go_set_size(fd: c_int, opts: u32, size: u64) -> c_int;\n",
			"library_test.go: not in the order of include/memfd_go.h; move up, before memfd_go_get_size:\n\n" +
				"SetSize func(int32, uint32, uint64) int32 `c:\"memfd_go_set_size\"`\n",
		},
	}, {
		name:    "a parameter of another type",
		changes: []string{setSize, strings.Replace(setSize, "uint64_t", "uint32_t", 1)},
		want: []string{
			`capi/exports.h: memfd_go_set_size differs from include/memfd_go.h; replace "CALL2D" by:` +
				"\n\nCALL3(memfd_go_set_size, ·setSize)\n",
			"func setSize(fd uintptr, opts uintptr, size uintptr) int { return core.SetSize(int32(fd), uint32(opts), uint32(size)) }\n",
			"\n\n" + `memfd_go_set_size = _declare("memfd_go_set_size", c_int, c_int, c_uint32, c_uint32)` + "\n",
			"\n\npub fn memfd_go_set_size(fd: c_int, opts: u32, size: u32) -> c_int;\n",
			"\n\nSetSize func(int32, uint32, uint32) int32 `c:\"memfd_go_set_size\"`\n",
		},
	}, {
		name:    "an unknown type",
		changes: []string{getSize, "int memfd_go_get_size(int fd, float *size);"},
		want:    []string{`<unknown type "float *": add it to the dialects in tests/contract>`},
	}, {
		name:    "a new struct",
		changes: []string{getSize, getSize + "struct memfd_go_new_one { uint32_t size_of; };"},
		want: []string{
			"_ffi.py: a line is missing; add it after CreateArgs.size:\n\nclass NewOne(Struct):\n",
			"_ffi.py: a line is missing; add it after NewOne:\n\n(\"size_of\", c_uint32),\n",
			"lib.rs: a line is missing; add it after memfd_go_create_args.size:\n\n#[repr(C)]\n#[derive(Clone, Copy, Debug)]\npub struct memfd_go_new_one {\n",
			"lib.rs: a line is missing; add it after memfd_go_new_one:\n\npub size_of: u32,\n",
			"library_test.go: a line is missing; add it after CreateArgs.size:\n\ntype NewOne struct {\n",
			"library_test.go: a line is missing; add it after NewOne:\n\nSizeOf uint32\n",
			"tests/contract/structs_test.go: a struct is missing; add to coreStructs:\n\n\"memfd_go_new_one\": reflect.TypeFor[core.NewOne](),\n",
		},
	}, {
		name:    "a new member",
		changes: []string{hugePage, hugePage + "struct memfd_go_secret_area new_ones[3];"},
		want: []string{
			"_ffi.py: a line is missing; add it after Info.huge_page:\n\n(\"new_ones\", SecretArea * 3),\n",
			"lib.rs: a line is missing; add it after memfd_go_info.huge_page:\n\npub new_ones: [memfd_go_secret_area; 3],\n",
			"library_test.go: a line is missing; add it after Info.huge_page:\n\nNewOnes [3]SecretArea\n",
			"libmemfd_go/core: member 7 of core.Info must be:\n\nNewOnes [3]core.SecretArea\n",
		},
	}, {
		name:    "a member removed",
		changes: []string{nameOfInfo, ""},
		want: []string{
			"_ffi.py: Info.name is not in include/memfd_go.h; remove:\n\n",
			"lib.rs: memfd_go_info.name is not in include/memfd_go.h; remove:\n\n",
			"library_test.go: Info.name is not in include/memfd_go.h; remove:\n\n",
			"libmemfd_go/core: core.Info has 10 members, but 9 in include/memfd_go.h",
		},
	}, {
		name:    "a member of another type",
		changes: []string{nameOfInfo, "char name[128];"},
		want: []string{
			`replace "(\"name\", c_char * 256)," by:` + "\n\n(\"name\", c_char * 128),\n",
			`replace "pub name: [c_char; 256]," by:` + "\n\npub name: [c_char; 128],\n",
			`replace "Name [256]byte" by:` + "\n\nName [128]byte\n",
			"libmemfd_go/core: member 9 of core.Info must be:\n\nName [128]uint8\n",
		},
	}, {
		name:    "members in another order",
		changes: []string{infoAccess, "", hugePage, hugePage + infoAccess},
		want: []string{
			"_ffi.py: not in the order of include/memfd_go.h; move up, before Info.access:\n\n(\"size\", c_uint64),\n",
			"lib.rs: not in the order of include/memfd_go.h; move up, before memfd_go_info.access:\n\npub size: u64,\n",
			"library_test.go: not in the order of include/memfd_go.h; move up, before Info.access:\n\nSize uint64\n",
			"libmemfd_go/core: member 3 of core.Info must be:\n\nSize uint64\n",
		},
	}, {
		name:    "a new constant",
		changes: []string{write, newBit + write},
		want: []string{
			"_ffi.py: a line is missing; add it after MEMFD_GO_OPT_RESERVE:\n\nMEMFD_GO_OPT_NEW = 0x00000020\n",
			"lib.rs: a line is missing; add it after MEMFD_GO_OPT_RESERVE:\n\npub const MEMFD_GO_OPT_NEW: u32 = 0x00000020;\n",
			"tests/contract/constants_test.go: a constant is missing; add to goConstants:\n\n\"MEMFD_GO_OPT_NEW\": uint64(core.OptNew),\n",
		},
	}, {
		name:    "a constant with another value",
		changes: []string{write, strings.Replace(write, "2U", "6U", 1)},
		want: []string{
			`_ffi.py: MEMFD_GO_OPT_WRITE differs from include/memfd_go.h; replace "MEMFD_GO_OPT_WRITE = 0x00000002" by:` +
				"\n\nMEMFD_GO_OPT_WRITE = 0x00000006\n",
			"\n\npub const MEMFD_GO_OPT_WRITE: u32 = 0x00000006;\n",
			"include/memfd_go.h: MEMFD_GO_OPT_WRITE is 0x00000006, but 0x2 in Go; to agree with Go:\n\n#define MEMFD_GO_OPT_WRITE 0x2\n",
		},
	},
}

func TestMutations(t *testing.T) {
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			got := allComplaints(t, changedHeader(t, m.changes))
			if len(m.want) == 0 && got != "" {
				t.Error("the unchanged header causes complaints: see the other tests")
			}
			for _, want := range m.want {
				if !strings.Contains(got, want) {
					t.Errorf("no complaint contains:\n%s\nThe complaints are:\n%s", want, got)
				}
			}
		})
	}
}

func changedHeader(t *testing.T, changes []string) *Header {
	t.Helper()
	text := readFile(t, headerFile)
	for i := 0; i < len(changes); i += 2 {
		if n := strings.Count(text, changes[i]); n != 1 {
			t.Fatalf("this test changes a line of %s that occurs %d times instead of once; update the test:\n\n%s", headerFile, n, changes[i])
		}
	}
	return parseText(t, strings.NewReplacer(changes...).Replace(text))
}

func allComplaints(t *testing.T, h *Header) string {
	t.Helper()
	exports := readFile(t, exportsFile)
	all := compareExports(h, exports)
	all = append(all, compareGoExports(t, h, exports, readFile(t, goExportsFile))...)
	for _, name := range []string{"python", "rust", "purego"} {
		b := bindings[name]
		all = append(all, b.compare(h, readFile(t, b.file))...)
	}
	all = append(all, compareCore(h)...)
	return strings.Join(append(all, compareConstants(h)...), "\n")
}

func TestMutatedSymbols(t *testing.T) {
	h := changedHeader(t, []string{getSize, newOne})
	got := strings.Join(compareSymbols("a.so", h, []string{"memfd_go_get_size@" + symbolVersion}), "\n")
	for _, want := range []string{
		"a.so does not export memfd_go_new_one@MEMFD_GO_1.0; run: make all-arch",
		"a.so exports memfd_go_get_size@MEMFD_GO_1.0, which is not in include/memfd_go.h",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no complaint contains:\n%s\nThe complaints are:\n%s", want, got)
		}
	}
}
