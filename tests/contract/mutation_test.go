// SPDX-License-Identifier: MIT

package contract

import (
	"strings"
	"testing"
)

// Every comparison has to notice these changes to the header, and to answer with
// the line that makes up for them.

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
			"capi/exports.h: missing, add after memfd_go_get_size:\n\n" +
				"CALL2D1(memfd_go_new_one, ·newOne)\n",
			"capi/exports.go: missing, add after getSize:\n\n//go:nosplit\n" +
				"func newOne(text *byte, len uintptr, where uint64, out *uint32) int { return core.NewOne(text, len, where, out) }\n",
			"bindings/python/src/memfd_go/_ffi.py: missing, add after memfd_go_get_size:\n\n" +
				`memfd_go_new_one = _declare("memfd_go_new_one", c_int, c_char_p, c_size_t, c_uint64, POINTER(c_uint32))` + "\n",
			"bindings/rust/memfd-go-sys/src/lib.rs: missing, add after memfd_go_get_size:\n\n" +
				"pub fn memfd_go_new_one(text: *const c_char, len: usize, where: u64, out: *mut u32) -> c_int;\n",
			"tests/purego/library_test.go: missing, add after memfd_go_get_size:\n\n" +
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
		name:    "a function less",
		changes: []string{getSize, ""},
		want: []string{
			"capi/exports.h: memfd_go_get_size is not in include/memfd_go.h, remove:\n\nCALL2(memfd_go_get_size, ·getSize)\n",
			"capi/exports.go: getSize is not in include/memfd_go.h, remove:\n\nfunc getSize(uintptr, *uint64) int\n",
			"_ffi.py: memfd_go_get_size is not in include/memfd_go.h, remove:\n\n",
			"lib.rs: memfd_go_get_size is not in include/memfd_go.h, remove:\n\n",
			"library_test.go: memfd_go_get_size is not in include/memfd_go.h, remove:\n\n",
		},
	}, {
		name:    "another order",
		changes: []string{getSize, setSize, setSize, getSize},
		want: []string{
			"capi/exports.h: not in the order of include/memfd_go.h, move up to before memfd_go_get_size:\n\n" +
				"CALL2D(memfd_go_set_size, ·setSize)\n",
			"capi/exports.go: not in the order of include/memfd_go.h, move up to before getSize:\n\n",
			"_ffi.py: not in the order of include/memfd_go.h, move up to before memfd_go_get_size:\n\n" +
				`memfd_go_set_size = _declare("memfd_go_set_size", c_int, c_int, c_uint32, c_uint64)` + "\n",
			"lib.rs: not in the order of include/memfd_go.h, move up to before memfd_go_get_size:\n\n" +
				"pub fn memfd_go_set_size(fd: c_int, opts: u32, size: u64) -> c_int;\n",
			"library_test.go: not in the order of include/memfd_go.h, move up to before memfd_go_get_size:\n\n" +
				"SetSize func(int32, uint32, uint64) int32 `c:\"memfd_go_set_size\"`\n",
		},
	}, {
		name:    "another type",
		changes: []string{setSize, strings.Replace(setSize, "uint64_t", "uint32_t", 1)},
		want: []string{
			`capi/exports.h: does not agree with include/memfd_go.h, instead of "CALL2D" it should read:` +
				"\n\nCALL3(memfd_go_set_size, ·setSize)\n",
			"func setSize(fd uintptr, opts uintptr, size uintptr) int { return core.SetSize(int32(fd), uint32(opts), uint32(size)) }\n",
			"\n\n" + `memfd_go_set_size = _declare("memfd_go_set_size", c_int, c_int, c_uint32, c_uint32)` + "\n",
			"\n\npub fn memfd_go_set_size(fd: c_int, opts: u32, size: u32) -> c_int;\n",
			"\n\nSetSize func(int32, uint32, uint32) int32 `c:\"memfd_go_set_size\"`\n",
		},
	}, {
		name:    "a type that no table has",
		changes: []string{getSize, "int memfd_go_get_size(int fd, float *size);"},
		want:    []string{`<"float *": add it to the types in tests/contract>`},
	}, {
		name:    "a new struct",
		changes: []string{getSize, getSize + "struct memfd_go_new_one { uint32_t size_of; };"},
		want: []string{
			"_ffi.py: missing, add after CreateArgs.size:\n\nclass NewOne(Struct):\n",
			"_ffi.py: missing, add after NewOne:\n\n(\"size_of\", c_uint32),\n",
			"lib.rs: missing, add after memfd_go_create_args.size:\n\n#[repr(C)]\n#[derive(Clone, Copy, Debug)]\npub struct memfd_go_new_one {\n",
			"lib.rs: missing, add after memfd_go_new_one:\n\npub size_of: u32,\n",
			"library_test.go: missing, add after CreateArgs.size:\n\ntype NewOne struct {\n",
			"library_test.go: missing, add after NewOne:\n\nSizeOf uint32\n",
			"tests/contract/structs_test.go: missing, add:\n\n\"memfd_go_new_one\": reflect.TypeFor[core.NewOne](),\n",
		},
	}, {
		name:    "a new member",
		changes: []string{hugePage, hugePage + "struct memfd_go_secret_area new_ones[3];"},
		want: []string{
			"_ffi.py: missing, add after Info.huge_page:\n\n(\"new_ones\", SecretArea * 3),\n",
			"lib.rs: missing, add after memfd_go_info.huge_page:\n\npub new_ones: [memfd_go_secret_area; 3],\n",
			"library_test.go: missing, add after Info.huge_page:\n\nNewOnes [3]SecretArea\n",
			"libmemfd_go/core: member 7 of core.Info has to be:\n\nNewOnes [3]core.SecretArea\n",
		},
	}, {
		name:    "a member less",
		changes: []string{nameOfInfo, ""},
		want: []string{
			"_ffi.py: Info.name is not in include/memfd_go.h, remove:\n\n",
			"lib.rs: memfd_go_info.name is not in include/memfd_go.h, remove:\n\n",
			"library_test.go: Info.name is not in include/memfd_go.h, remove:\n\n",
			"libmemfd_go/core: core.Info has 10 members, include/memfd_go.h 9",
		},
	}, {
		name:    "another type of a member",
		changes: []string{nameOfInfo, "char name[128];"},
		want: []string{
			`instead of "(\"name\", c_char * 256)," it should read:` + "\n\n(\"name\", c_char * 128),\n",
			`instead of "pub name: [c_char; 256]," it should read:` + "\n\npub name: [c_char; 128],\n",
			`instead of "Name [256]byte" it should read:` + "\n\nName [128]byte\n",
			"libmemfd_go/core: member 9 of core.Info has to be:\n\nName [128]uint8\n",
		},
	}, {
		name:    "another order of members",
		changes: []string{infoAccess, "", hugePage, hugePage + infoAccess},
		want: []string{
			"_ffi.py: not in the order of include/memfd_go.h, move up to before Info.access:\n\n(\"size\", c_uint64),\n",
			"lib.rs: not in the order of include/memfd_go.h, move up to before memfd_go_info.access:\n\npub size: u64,\n",
			"library_test.go: not in the order of include/memfd_go.h, move up to before Info.access:\n\nSize uint64\n",
			"libmemfd_go/core: member 3 of core.Info has to be:\n\nSize uint64\n",
		},
	}, {
		name:    "a new constant",
		changes: []string{write, newBit + write},
		want: []string{
			"_ffi.py: missing, add after MEMFD_GO_OPT_RESERVE:\n\nMEMFD_GO_OPT_NEW = 0x00000020\n",
			"lib.rs: missing, add after MEMFD_GO_OPT_RESERVE:\n\npub const MEMFD_GO_OPT_NEW: u32 = 0x00000020;\n",
			"tests/contract/constants_test.go: missing, add:\n\n\"MEMFD_GO_OPT_NEW\": uint64(core.OptNew),\n",
		},
	}, {
		name:    "another value",
		changes: []string{write, strings.Replace(write, "2U", "6U", 1)},
		want: []string{
			`_ffi.py: does not agree with include/memfd_go.h, instead of "MEMFD_GO_OPT_WRITE = 0x00000002" it should read:` +
				"\n\nMEMFD_GO_OPT_WRITE = 0x00000006\n",
			"\n\npub const MEMFD_GO_OPT_WRITE: u32 = 0x00000006;\n",
			"include/memfd_go.h: MEMFD_GO_OPT_WRITE is 0x00000006, but 0x2 in Go, it should read:\n\n#define MEMFD_GO_OPT_WRITE 0x2\n",
		},
	},
}

func TestMutations(t *testing.T) {
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			got := allComplaints(t, changedHeader(t, m.changes))
			if len(m.want) == 0 && got != "" {
				t.Errorf("complaints about the header as it is:\n%s", got)
			}
			for _, want := range m.want {
				if !strings.Contains(got, want) {
					t.Errorf("no complaint has:\n%s\nThere are:\n%s", want, got)
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
			t.Fatalf("%s has %q %d times, not once", headerFile, changes[i], n)
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
		"a.so does not export:\n\nmemfd_go_new_one@MEMFD_GO_1.0\n\nbuild it: make all-arch",
		"a.so exports what is not in include/memfd_go.h:\n\nmemfd_go_get_size@MEMFD_GO_1.0",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no complaint has:\n%s\nThere are:\n%s", want, got)
		}
	}
}
