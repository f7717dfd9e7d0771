// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"debug/elf"
	"fmt"
	"slices"
	"strings"
)

// What the library may contain, and how violations are reported.

// ours are the prefixes of symbols of the library's own packages.
var ours = []string{"main.", "libmemfd_go/core.", exportPrefix}

// systemCall makes system calls without notifying the scheduler. The assembly function that it
// calls has moved between Go releases.
var systemCall = []string{
	"syscall.RawSyscall6",
	"internal/runtime/syscall.Syscall6",       // Go 1.25
	"internal/runtime/syscall/linux.Syscall6", // Go 1.26
}

// helpers are the functions that the compiler calls on some architectures to zero or copy
// variables of up to a kilobyte. They are in package runtime, but are leaf functions that do not
// depend on it.
var helpers = []string{"runtime.duffzero", "runtime.duffcopy"}

// forbids returns the reason why sym must not be in the library, or "".
func (lib *library) forbids(sym *symbol) string {
	switch {
	case sym.typ == elf.STT_TLS || sym.section.flags&elf.SHF_TLS != 0:
		return faultTLS
	case sym.isConstant():
		return ""
	case sym.size == 0 || !lib.allows(sym.name):
		return describe(sym.name)
	case sym.section.typ == elf.SHT_NOBITS && !slices.Contains(lib.unset, sym.name):
		return "a variable without an initial value: the library has no writable memory"
	}
	return ""
}

// isConstant reports whether sym is a constant that the compiler has put into memory. cmd/link
// merges equal ones, so the name may be that of a different package.
func (sym *symbol) isConstant() bool {
	return sym.size > 0 && sym.section.isConstant() && (strings.HasPrefix(sym.name, "$") || strings.Contains(sym.name, "..stmp_"))
}

// isConstant reports whether s is read-only data.
func (s *objSection) isConstant() bool {
	return s.flags&(elf.SHF_ALLOC|elf.SHF_WRITE|elf.SHF_EXECINSTR) == elf.SHF_ALLOC
}

func (lib *library) allows(name string) bool {
	if slices.Contains(systemCall, strings.TrimSuffix(name, ".abi0")) || slices.Contains(helpers, name) || slices.Contains(lib.unset, name) {
		return true
	}
	if lib.isThunk(name) || lib.frameOf(name) != nil {
		return true
	}
	return slices.ContainsFunc(ours, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

const faultSplit = "the function is not nosplit"

// constructs maps prefixes of symbols to the Go construct that most likely causes the compiler to
// refer to them. The first match counts.
var constructs = []struct{ prefix, what string }{
	{"runtime.morestack", faultSplit},
	{"runtime.panicIndex", "a bounds check"},
	{"runtime.panicBounds", "a bounds check"},
	{"runtime.goPanic", "a bounds check"},
	{"runtime.panicSlice", "a bounds check of a slice expression"},
	{"runtime.panicExtend", "a bounds check"},
	{"runtime.panicunsafe", "unsafe.Slice or unsafe.String with a variable length"},
	{"runtime.panicdivide", "a division by a variable"},
	{"runtime.panicshift", "a shift by a signed variable"},
	{"runtime.panicoverflow", "an integer overflow check"},
	{"runtime.panicwrap", "a method called through a nil pointer"},
	{"runtime.panicnil", "a nil check"},
	{"runtime.panicdottype", "a type assertion"},
	{"runtime.gopanic", "a panic"},
	{"runtime.gorecover", "a recover"},
	{"runtime.defer", "a defer"},
	{"runtime.newproc", "a goroutine"},
	{"runtime.newobject", "an allocation"},
	{"runtime.mallocgc", "an allocation"},
	{"runtime.makeslice", "an allocation of a slice"},
	{"runtime.growslice", "an append"},
	{"runtime.makemap", "a map"},
	{"runtime.map", "a map"},
	{"internal/runtime/maps.", "a map"},
	{"runtime.makechan", "a channel"},
	{"runtime.chan", "a channel"},
	{"runtime.closechan", "a channel"},
	{"runtime.select", "a select"},
	{"runtime.concatstring", "a concatenation of strings"},
	{"runtime.slicebytetostring", "a conversion to a string"},
	{"runtime.stringtoslice", "a conversion from a string"},
	{"runtime.slicerunetostring", "a conversion to a string"},
	{"runtime.intstring", "a conversion to a string"},
	{"runtime.decoderune", "a range over a string"},
	{"runtime.print", "a print"},
	{"runtime.gcWriteBarrier", "a pointer store"},
	{"runtime.writeBarrier", "a pointer store"},
	{"runtime.wb", "a pointer store"},
	{"runtime.typedmem", "a pointer store"},
	{"runtime.memmove", "a large copy"},
	{"runtime.memclr", "zeroing of a large variable"},
	{"runtime.memequal", "a comparison of strings or arrays"},
	{"runtime.cmpstring", "a comparison of strings"},
	{"runtime.strequal", "a comparison of strings"},
	{"runtime.ifaceeq", "a comparison of interfaces"},
	{"runtime.efaceeq", "a comparison of interfaces"},
	{"runtime.conv", "a conversion to an interface"},
	{"runtime.assert", "a type assertion"},
	{"runtime.typeAssert", "a type assertion"},
	{"runtime.interfaceSwitch", "a type switch"},
	{"runtime.int64", "a 64-bit division"},
	{"runtime.uint64", "a 64-bit division"},
	{"runtime.udiv", "a division"},
	{"runtime._div", "a division"},
	{"runtime._mod", "a division"},
	{"runtime.entersyscall", "a system call that notifies the scheduler"},
	{"runtime.tlsg", faultTLS},
	{"internal/runtime/atomic.", "an atomic operation"},
	{"sync/atomic.", "an atomic operation"},
	{"internal/cpu.", "a test for a CPU feature"},
	{"runtime.x86Has", "a test for a CPU feature"},
	{"runtime.arm", "a test for a CPU feature"},
	{"type:", "type information: an interface, a map, or an allocation"},
	{"typerel.", "type information: an interface, a map, or an allocation"},
	{"runtime.gcbits.", "type information: an interface, a map, or an allocation"},
	{"go:itab.", "an interface"},
	{"go:func", "a func value"},
	{"go:string.", "a string literal in code: keep it in a package variable"},
	{"runtime.", "part of the Go runtime"},
	{"internal/runtime/", "part of the Go runtime"},
}

func describe(name string) string {
	for _, c := range constructs {
		if strings.HasPrefix(name, c.prefix) {
			return c.what
		}
	}
	return "not a function or variable of this library"
}

// A refusal is a reference or an instruction that must not be in the library.
type refusal struct {
	atom  *atom  // the function that contains it, or nil if it was found in the sources
	pc    uint64 // in the object file's section
	what  string
	chain string // of references, from the export

	// Set by locate.
	at       position
	function string   // contains the line
	inlined  []string // the functions into which it was inlined, innermost first
}

// A position is a line of the sources.
type position struct {
	file string
	line int
}

func (p position) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

// refusals are all refusals for a library, as an error.
type refusals []refusal

// add refuses the reference to offender by the field or instruction at pc in a.
func (r *refusals) add(a *atom, pc uint64, offender, why string) {
	chain := offender
	if !strings.HasPrefix(offender, a.name+"+") {
		chain = a.name + " -> " + offender
	}
	code := refusal{what: why}
	for at := pc; ; at, a = a.fromPC, a.from {
		if code.atom == nil && a.isFunc() { // a variable has no line: take that of the reference
			code.atom, code.pc = a, at
		}
		if a.isExport() {
			break
		}
		chain = a.from.name + " -> " + chain
	}
	code.chain = chain
	*r = append(*r, code)
}

// Error lists the refusals like a compiler's errors: the position, the construct, and on a second
// line the chain of references from the export.
func (r refusals) Error() string {
	sorted := slices.Clone(r)
	slices.SortStableFunc(sorted, func(a, b refusal) int {
		return cmp.Or(cmp.Compare(a.at.file, b.at.file), cmp.Compare(a.at.line, b.at.line), cmp.Compare(a.what, b.what),
			-cmp.Compare(a.chain, b.chain))
	})
	// The scan of the sources repeats, without a chain, what the machine code shows.
	sorted = slices.CompactFunc(sorted, func(a, b refusal) bool {
		return a.at == b.at && a.what == b.what && (a.chain == b.chain || a.chain == "" || b.chain == "")
	})
	var text strings.Builder
	for _, one := range sorted {
		text.WriteString(one.String() + "\n")
	}
	return text.String() + "The library has no Go runtime, so it cannot contain this; see core/doc.go."
}

func (r refusal) String() string {
	var text strings.Builder
	if r.at.line > 0 {
		text.WriteString(r.at.String() + ": ")
	}
	text.WriteString(r.what)
	if r.function != "" {
		text.WriteString(", in " + strings.Join(append([]string{r.function}, r.inlined...), ", inlined into "))
	}
	if r.chain != "" {
		text.WriteString("\n\t" + r.chain)
	}
	return text.String()
}
