// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// refused are functions that must not be in the library, with a regular expression for the chain
// and the reason that are reported. only lists architectures, if not all refuse the function.
var refused = []struct {
	name, code, line string
	only             string
}{
	{"allocation", `func allocation() *int { return new(int) }`,
		`-> runtime\.(newobject|mallocgc\S*): an allocation`, ""},
	{"boundsCheck", `func boundsCheck(p *[8]byte, i uintptr) byte { return p[i] }`,
		`-> runtime\.(panicIndex|panicBounds|goPanicIndex)\S*: a bounds check`, ""},
	{"sliceCheck", `func sliceCheck(p *[8]byte, i uintptr) *byte { return unsafe.SliceData(p[i:]) }`,
		`-> runtime\.(panicSlice|panicBounds|goPanicSlice)\S*: a bounds check`, ""},
	{"useMap", `func useMap(m map[int]int) int { return m[1] }`,
		`-> (runtime\.map|internal/runtime/maps\.)\S*: a map`, ""},
	{"useDefer", `func useDefer() { for i := range 3 { defer callee(i) } }`,
		`-> runtime\.defer\S*: a defer`, ""},
	{"useInterface", `func useInterface() int { return method.m() }; type named int; func (n named) m() int { return int(n) }; var method interface{ m() int } = named(1)`,
		`-> main\.method -> (go:itab\.|type:).*: .*an interface`, ""},
	{"writeBarrier", `func writeBarrier(p **int, q *int) { *p = q }`,
		`-> runtime\.(gcWriteBarrier|writeBarrier)\S*: a pointer store`, ""},
	{"stackSplit", `func stackSplit() int { return split(1) }`,
		`-> main\.split -> runtime\.morestack\S*: the function is not nosplit`, ""},
	{"division", `func division(a, b int) int { return a / b }`,
		`-> runtime\.panicdivide: a division by a variable`, ""},
	{"shift", `func shift(a, b int) int { return a << b }`,
		`-> runtime\.panicshift: a shift by a signed variable`, ""},
	{"largeCopy", `func largeCopy(p, q *byte, n uintptr) int { return copy(unsafe.Slice(p, n), unsafe.Slice(q, n)) }`,
		`-> runtime\.memmove: a large copy`, ""},
	{"concatenation", `func concatenation(p *string) int { return len(*p + *p + "x") }`,
		`-> runtime\.concatstring\S*: a concatenation of strings`, ""},
	{"compare", `func compare(p, q *string) bool { return *p == *q }`,
		`-> runtime\.memequal\S*: a comparison of strings or arrays`, ""},
	{"goroutine", `func goroutine() { go callee(1) }`,
		`-> runtime\.newproc: a goroutine`, ""},
	{"usePanic", `func usePanic() { panic(1) }`,
		`-> runtime\.gopanic: a panic`, ""},
	{"emptyVariable", `func emptyVariable() *int { return &empty }; var empty int`,
		`-> main\.empty: a variable without an initial value`, ""},
	{"literal", `func literal() *byte { return unsafe.StringData("literally too long to be a constant") }`,
		`-> go:string\.\*: a string literal in code`, ""},
	{"funcValue", `func funcValue(f func() int) int { return f() }`,
		`memfd_go_funcValue -> main\.funcValue\+0x[0-9a-f]+: an indirect call`, ""},
	{"funcData", `func funcData() int { return fn(1) }; var fn = callee`,
		`-> main\.fn -> go:func\S*: a func value`, ""},
	{"storeVariable", `func storeVariable(i int) { variable = i }; var variable = 1`,
		`memfd_go_storeVariable -> main\.storeVariable\+0x[0-9a-f]+: a store to a package variable`, ""},
	{"storeByte", `func storeByte(i int) { narrow = uint8(i) }; var narrow uint8 = 1`,
		`memfd_go_storeByte -> main\.storeByte\+0x[0-9a-f]+: a store to a package variable`, ""},
	{"storeConstant", `func storeConstant() { number = 0 }; var number = 1`,
		`memfd_go_storeConstant -> main\.storeConstant\+0x[0-9a-f]+: a store to a package variable`, ""},
	{"storeFloat", `func storeFloat(f float32) { float = f }; var float float32 = 1`,
		`memfd_go_storeFloat -> main\.storeFloat\+0x[0-9a-f]+: a store to a package variable`, ""},
	{"storePair", `func storePair(i int) { pair.a, pair.b = i, i+1 }; var pair = struct{ a, b int }{1, 2}`,
		`memfd_go_storePair -> main\.storePair\+0x[0-9a-f]+: a store to a package variable`, ""},
	{"syscalls", `func syscalls() uintptr { r, _, _ := syscall.Syscall(1, 2, 3, 4); return r }`,
		`-> syscall\.(Syscall|RawSyscall)\S*: not a function or variable of this library|runtime\.entersyscall`, ""},
}

const refusedHead = `package main

import (
	"syscall"
	"unsafe"
)

var (
	_ = syscall.Getpid
	_ unsafe.Pointer
)

func main() {}

//go:nosplit
//go:noinline
func callee(i int) int { return i }

//go:noinline
func split(i int) int { return callee(i) + 1 }

`

// refusedTLS reads thread-local storage in the assembly of each architecture.
const refusedTLS = `
TEXT ·threadLocal(SB),NOSPLIT|NOFRAME,$0
#ifdef GOARCH_amd64
	MOVQ	(TLS), AX
#else
#ifdef GOARCH_386
	MOVL	(TLS), AX
#else
#ifdef GOARCH_arm
	MOVW	runtime·tls_g(SB), R0
#else
#ifdef GOARCH_riscv64
	MOV	runtime·tls_g(SB), T0
#else
#ifdef GOARCH_loong64
	MOVV	runtime·tls_g(SB), R4
#else
	MOVD	runtime·tls_g(SB), R3
#endif
#endif
#endif
#endif
#endif
	RET
`

// TestRefusals builds a program with all refused functions. All are reported at once, each with
// its line and its chain.
func TestRefusals(t *testing.T) {
	source, names := refusedHead, []string{"threadLocal"}
	lines := map[string]int{}
	for _, r := range refused {
		first, others, _ := strings.Cut(r.code, "; ")
		source += "//go:nosplit\n"
		lines[r.name] = strings.Count(source, "\n") + 1
		source += first + "\n\n"
		for rest := others; rest != ""; {
			first, rest, _ = strings.Cut(rest, "; ")
			source += first + "\n\n"
		}
		names = append(names, r.name)
	}
	source += "func threadLocal()\n"
	eachArch(t, func(t *testing.T, goarch string) {
		dir := writeModule(t, "main.go", source, "exports.s", exportsAsm(names...)+refusedTLS)
		out := filepath.Join(dir, "out")
		err := testRecipe(t, goarch, dir, ".").build(out)
		if err == nil {
			t.Fatal("the library was built")
		}
		for _, r := range append(refused, struct{ name, code, line, only string }{"threadLocal", "",
			`memfd_go_threadLocal -> main\.threadLocal( -> runtime\.tlsg|\+0x[0-9a-f]+|.*): access to thread-local storage`, ""}) {
			if r.only != "" && !slices.Contains(strings.Fields(r.only), goarch) {
				continue
			}
			where := `^main\.go:\d+: `
			if line := lines[r.name]; line > 0 && !strings.Contains(r.line, "main\\.split ") {
				where = fmt.Sprintf(`^main\.go:%d: `, line)
			} else if line == 0 {
				where = `^exports\.s:\d+: `
			}
			chain, what := r.line[:strings.LastIndex(r.line, ": ")], r.line[strings.LastIndex(r.line, ": ")+2:]
			line := regexp.MustCompile(`(?m)` + where + `(` + what + `).*\n\tmemfd_go_` + r.name + `.*` + strings.TrimPrefix(chain, "memfd_go_"+r.name))
			if !line.MatchString(err.Error()) {
				t.Errorf("%s: no line like %s", r.name, line)
			}
		}
		if t.Failed() {
			t.Log(err)
		}
		if _, err := os.Stat(out); err == nil {
			t.Error("the failed build left output files")
		}
	})
}

// TestSplitFunctions builds functions that are not nosplit, but have no stack check, because they
// are small leaf functions. They are refused, with the lines of their declarations. For a refused
// function that was inlined, the message names the functions it was inlined into.
func TestSplitFunctions(t *testing.T) {
	dir := writeModule(t, "main.go", `package main

import "libmemfd_go/core"

func main() {}

//go:nosplit
func leaf(i int) int { return core.Twice(i) + core.Number(i).Next() }

//go:nosplit
func index(p *[8]byte, i int) byte { return core.Index(p, i) }
`, "core/core.go", `package core

type Number int

// Next has a comment, but no directive.
func (n Number) Next() int { return int(n) + 1 }

func Twice(i int) int { return 2 * i }

//go:nosplit
func Index(p *[8]byte, i int) byte {
	return at(p, i)
}

//go:nosplit
func at(p *[8]byte, i int) byte {
	return p[i]
}
`, "exports.s", exportsAsm("leaf", "index"))
	err := testRecipe(t, "amd64", dir, ".").build(filepath.Join(dir, "out"))
	want := `core/core.go:6: the function is not nosplit, in core.Next
core/core.go:8: the function is not nosplit, in core.Twice
core/core.go:17: a bounds check, in core.at, inlined into core.Index, inlined into main.index
	memfd_go_index -> main.index -> runtime.panic`
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want\n%s", err, want)
	}
}

// TestDescribe checks that no prefix of the table is hidden by an earlier one.
func TestDescribe(t *testing.T) {
	for _, c := range constructs {
		if got := describe(c.prefix + "x"); got != c.what {
			t.Errorf("%sx is %q, not %q: an earlier prefix matches", c.prefix, got, c.what)
		}
	}
	if got := describe("fmt.Println"); got != "not a function or variable of this library" {
		t.Errorf("fmt.Println is %q", got)
	}
}

// A report is sorted by position, and says each thing once.
func TestRefusalsAreSortedAndUnique(t *testing.T) {
	at := func(line int, what, chain string) refusal {
		return refusal{at: position{"p.go", line}, what: what, chain: chain, function: "p.f"}
	}
	report := refusals{
		at(2, faultSplit, ""), at(2, faultSplit, "p.export"), at(2, faultSplit, "p.export"), at(2, faultSplit, "p.other"),
		at(2, faultTLS, ""), at(1, faultTLS, "p.export"), at(2, faultSplit, "p.kernel"),
	}
	var want string
	for _, one := range []refusal{report[5], report[4], report[3], report[6], report[1]} {
		want += one.String() + "\n"
	}
	if got := report.Error(); !strings.HasPrefix(got, want+"The library") {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestRefusalString(t *testing.T) {
	for _, test := range []struct {
		refusal
		want string
	}{
		{refusal{what: "a panic"}, "a panic"},
		{refusal{what: "a panic", chain: "f -> g"}, "a panic\n\tf -> g"},
		{refusal{what: "a panic", at: position{"p.go", 1}, function: "p.f"}, "p.go:1: a panic, in p.f"},
		{refusal{what: "a panic", at: position{"p.go", 10}, function: "p.f", inlined: []string{"p.g", "p.h"}, chain: "h -> g"},
			"p.go:10: a panic, in p.f, inlined into p.g, inlined into p.h\n\th -> g"},
	} {
		if got := test.String(); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// cmd/link merges constants of all packages; other data needs a name of ours.
func TestIsConstant(t *testing.T) {
	constants := &objSection{flags: elf.SHF_ALLOC}
	for _, test := range []struct {
		symbol
		want bool
	}{
		{symbol{name: "$f64.3ff0000000000000", section: constants, size: 1}, true},
		{symbol{name: "fmt..stmp_1", section: constants, size: 8}, true},
		{symbol{name: "fmt.table", section: constants, size: 8}, false},
		{symbol{name: "$carrier", section: constants}, false},
		{symbol{name: "fmt..stmp_1", section: &objSection{flags: elf.SHF_ALLOC | elf.SHF_WRITE}, size: 8}, false},
	} {
		if got := test.isConstant(); got != test.want {
			t.Errorf("%s of %d bytes: %v", test.name, test.size, got)
		}
	}
}

// TestLocate finds lines in the first function of a unit: the last row at or before the
// instruction that has a file.
func TestLocate(t *testing.T) {
	first, second := &atom{start: 0x100}, &atom{start: 0x200}
	u := &debugUnit{files: []string{modulePrefix + "core/a.go", "b.go"}, functions: []*debugFunction{
		{atom: first, lines: []debugLine{{pc: 0, file: 1, line: 10}, {pc: 4, file: 2, line: 20}, {pc: 8, line: 30}}},
		{atom: second},
	}}
	for _, test := range []struct {
		atom *atom
		pc   uint64
		want position
	}{
		{first, 0x100, position{"core/a.go", 10}},
		{first, 0x103, position{"core/a.go", 10}},
		{first, 0x104, position{"b.go", 20}},
		{first, 0x10c, position{"b.go", 20}},
		{second, 0x200, position{}},
		{&atom{}, 0, position{}},
	} {
		r := refusal{atom: test.atom, pc: test.pc}
		if u.locate(&r); r.at != test.want {
			t.Errorf("%#x is %v, want %v", test.pc, r.at, test.want)
		}
	}
}
