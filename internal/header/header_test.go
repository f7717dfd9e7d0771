// SPDX-License-Identifier: MIT

package header

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const end = "#endif /* MEMFD_GO_H */\n"

func TestParse(t *testing.T) {
	const text = `/* a comment; with int f(void); */
#ifndef MEMFD_GO_H
#define MEMFD_GO_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
#define MEMFD_GO_VERSION_MAJOR 1
#define MEMFD_GO_VERSION_STRING "1.0.0"
#define MEMFD_GO_VERSION \
	(MEMFD_GO_VERSION_MAJOR * 0x10000U)
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* a comment */
#endif
struct memfd_go_info {
	uint32_t size_of; /* in: a comment */
	void *data;
	char name[256];
	struct memfd_go_other other;
};
uint32_t memfd_go_version(void);
const char *memfd_go_result_name(int r);
int memfd_go_map(int fd, uint64_t off,
                 const void *data, void **addr);
int memfd_go_exec(char *const argv[], struct memfd_go_info *info);
#ifdef __cplusplus
}
#endif
` + end + `static inline int memfd_go_dropin(int r) { return -r; }
#define memfd_secret(flags) memfd_go_dropin_secret((flags))
`
	want := &Header{
		Functions: []Function{
			{"memfd_go_version", "uint32_t", nil},
			{"memfd_go_result_name", "const char *", []Param{{"int", "r"}}},
			{"memfd_go_map", "int", []Param{
				{"int", "fd"}, {"uint64_t", "off"}, {"const void *", "data"}, {"void **", "addr"},
			}},
			{"memfd_go_exec", "int", []Param{{"char *const []", "argv"}, {"struct memfd_go_info *", "info"}}},
		},
		Constants: []Constant{
			{"MEMFD_GO_VERSION_MAJOR", "1"},
			{"MEMFD_GO_VERSION_STRING", `"1.0.0"`},
			{"MFD_EXEC", "0x0010"},
		},
		Structs: []Struct{{"memfd_go_info", []Field{
			{"uint32_t", "size_of", 0},
			{"void *", "data", 0},
			{"char", "name", 256},
			{"struct memfd_go_other", "other", 0},
		}}},
	}
	got, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "does not end with #endif /* MEMFD_GO_H */",
		"int memfd_go_f(int);" + end:      `memfd_go_f: not a parameter with a name: "int"`,
		"int memfd_go_f();" + end:         `memfd_go_f: not a parameter with a name: ""`,
		"int other(void);" + end:          "not a function's declaration: int other(void)",
		"typedef int memfd_go_int;" + end: "not a function's declaration: typedef int memfd_go_int",
		"struct memfd_go_s { int f(void); };" + end:  `struct memfd_go_s: not a member: "int f(void)"`,
		"struct memfd_go_s { int bits : 3; };" + end: `struct memfd_go_s: not a member: "int bits : 3"`,
		"#define MEMFD_GO_X 1 << 3\n" + end:          "#define MEMFD_GO_X 1 << 3: neither a number nor a string",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v, want %q", text, err, want)
		}
	}
}
