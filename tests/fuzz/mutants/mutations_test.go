// SPDX-License-Identifier: MIT

package mutants

// head begins the file of mutations: declarations that they share.
const head = `package core

import (
	"syscall"
	"unsafe"
)

var _ = syscall.Getpid

//go:nosplit
func Mutations(addr, n uintptr) int { return mutations(*(*unsafe.Pointer)(unsafe.Pointer(&addr)), n) }

//go:nosplit
//go:noinline
func plain(n *uintptr) { *n++ }

//go:nosplit
func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

`

// Language features that need the runtime, or more than code and constants.
var mutations = []mutation{
	{name: "allocation", code: `k := n; *(**uintptr)(p) = &k; return 0`,
		want: `-> runtime\.(newobject|mallocgc\w*): an allocation$`},
	{name: "sliceAllocation", code: `return len(make([]byte, n))`,
		want: `-> runtime\.(makeslice|panicmakeslicelen|mallocgc\w*): an allocation`},
	{name: "appending", code: `return len(append(unsafe.Slice((*byte)(p), 8), 1))`,
		want: `-> runtime\.growslice\w*: an append$`},
	{name: "closure", code: `k := n; f := func() int { k++; return int(k) }; return call(f)
		---
		//go:noinline
		func call(f func() int) int { kept = f; return f() }
		var kept func() int`,
		want: `-> (runtime\.(newobject|mallocgc\w*): an allocation|libmemfd_go/core\.call -> .*)`},
	{name: "boundsCheck", code: `return int((*[8]byte)(p)[n])`,
		want: `-> runtime\.(panicIndex|panicBounds|goPanicIndex)\w*: a bounds check$`},
	{name: "sliceCheck", code: `return len((*[8]byte)(p)[n:])`,
		want: `-> runtime\.(panicSlice|panicBounds|goPanicSlice)\w*: a bounds check`},
	{name: "arrayConversion", code: `return int((*[4]byte)(unsafe.Slice((*byte)(p), n))[0])`,
		want: `-> runtime\.(panicSliceConvert|panicBounds|goPanicSliceConvert)\w*: a bounds check`},
	{name: "unsafeSlice", code: `return len(unsafe.Slice((*int32)(p), n))`,
		want: `-> runtime\.panicunsafeslice\w*: unsafe.Slice or unsafe.String with a variable length$`},
	{name: "mapRead", code: `return (*(*map[uintptr]int)(p))[n]`,
		want: `-> (runtime\.map|internal/runtime/maps\.)\S*: a map$`},
	{name: "mapWrite", code: `(*(*map[uintptr]int)(p))[n] = 1; return 0`,
		want: `-> (runtime\.map|internal/runtime/maps\.)\S*: a map$`},
	{name: "mapRange", code: `for k := range *(*map[uintptr]int)(p) { n += k }; return int(n)`,
		want: `-> (runtime\.map|internal/runtime/maps\.)\S*: a map$`},
	{name: "deferred", code: `defer plain(&n); return int(n)`,
		want: `-> runtime\.defer\w*: a defer$`},
	{name: "deferredInALoop", code: `for range n { defer plain(&n) }; return int(n)`,
		want: `-> runtime\.defer\w*: a defer$`},
	{name: "panicking", code: `panic(n)`,
		want: `-> runtime\.gopanic: a panic$`},
	{name: "recovering", code: `return int(uintptr(unsafe.Pointer(&n))) + len(recover().(string))`,
		want: `-> runtime\.gorecover: a recover$`},
	{name: "interfaceCall", code: `return (*(*interface{ m() int })(p)).m()`,
		want: `\+0x[0-9a-f]+: an indirect call or jump: a func value, a method of an interface, or a jump table$`},
	{name: "functionValue", code: `return (*(*func() int)(p))()`,
		want: `\+0x[0-9a-f]+: an indirect call or jump: a func value, a method of an interface, or a jump table$`},
	{name: "typeAssertion", code: `return len((*(*any)(p)).(string))`,
		want: `-> runtime\.panicdottype\w*: a type assertion$`},
	{name: "conversionToInterface", code: `*(*any)(p) = n; return 0`,
		want: `-> (runtime\.conv\w*: a conversion to an interface|(type:|typerel\.)\S*: type information)`},
	{name: "pointerStore", code: `*(*unsafe.Pointer)(p) = unsafe.Add(p, n); return 0`,
		want: `-> runtime\.(gcWriteBarrier\w*|writeBarrier): a pointer store$`},
	{name: "stringStore", code: `*(*string)(p) = *(*string)(unsafe.Add(p, n)); return 0`,
		want: `-> runtime\.(gcWriteBarrier\w*|writeBarrier|typedmemmove): a pointer store$`},
	{name: "stackSplit", code: `return splits(int(n))
		---
		//go:noinline
		func splits(n int) int { if n == 0 { return 0 }; return splits(n - 1) + 1 }`,
		want: `-> libmemfd_go/core\.splits -> runtime\.morestack\S*: the function is not nosplit$`},
	{name: "goroutine", code: `go plain(&n); return 0`,
		want: `-> runtime\.newproc: a goroutine$`},
	{name: "sending", code: `*(*chan uintptr)(p) <- n; return 0`,
		want: `-> runtime\.chan\w*: a channel$`},
	{name: "division", code: `return int(n / uintptr(*(*uintptr)(p)))`,
		want: `-> runtime\.panicdivide: a division by a variable$`},
	{name: "divisionByWhatIsNotZero", code: `d := *(*uintptr)(p); if d == 0 { return 0 }; return int(n / d)`,
		want:  `-> runtime\.(udiv|_div)\w*: a division$`,
		plain: []string{"amd64", "386", "arm64", "riscv64", "ppc64le", "s390x", "loong64"}},
	{name: "divisionOf64Bits", code: `d := *(*uint64)(p); if d == 0 { return 0 }; return int(uint64(n) << 20 / d)`,
		want:  `-> runtime\.uint64div: a 64-bit division$`,
		plain: []string{"amd64", "arm64", "riscv64", "ppc64le", "s390x", "loong64"}},
	{name: "remainder", code: `return int(n) % *(*int)(p)`,
		want: `-> runtime\.panicdivide: a division by a variable$`},
	{name: "shift", code: `return 1 << int(n)`,
		want: `-> runtime\.panicshift: a shift by a signed variable$`},
	{name: "copying", code: `return copy((*[4096]byte)(p)[:], *(*[]byte)(unsafe.Add(p, n)))`,
		want: `-> runtime\.memmove: a large copy$`},
	{name: "largeCopy", code: `*(*[4096]byte)(p) = *(*[4096]byte)(unsafe.Add(p, n)); return 0`,
		want: `-> runtime\.memmove: a large copy$`},
	{name: "zeroing", code: `clear(unsafe.Slice((*byte)(p), n)); return 0`,
		want: `-> runtime\.memclr\w*: zeroing of a large variable$`},
	{name: "largeZeroing", code: `clear((*[65536]byte)(p)[:]); return 0`,
		want:  `-> runtime\.memclr\w*: zeroing of a large variable$`,
		plain: []string{"amd64", "arm64"}},
	{name: "comparison", code: `return len(*(*string)(p)) * truth(*(*string)(p) == *(*string)(unsafe.Add(p, n)))`,
		want: `-> runtime\.memequal\w*: a comparison of strings or arrays$`},
	{name: "ordering", code: `return truth(*(*string)(p) < *(*string)(unsafe.Add(p, n)))`,
		want: `-> runtime\.cmpstring: a comparison of strings$`},
	{name: "concatenation", code: `return len(*(*string)(p) + *(*string)(unsafe.Add(p, n)))`,
		want: `-> runtime\.concatstring\w*: a concatenation of strings$`},
	{name: "conversionToString", code: `*(*string)(p) = string(unsafe.Slice((*byte)(p), 64)); return 0`,
		want: `-> runtime\.slicebytetostring\w*: a conversion to a string$`},
	{name: "rangeOverString", code: `sum := 0; for _, r := range *(*string)(p) { sum += int(r) }; return sum`,
		want: `-> runtime\.decoderune: a range over a string$`},
	{name: "printing", code: `println(n); return 0`,
		want: `-> runtime\.print\w*: a print$`},
	{name: "variable", code: `counter++; return counter
		---
		var counter = 1`,
		want: `\+0x[0-9a-f]+: a store to a package variable, which is read-only here$`},
	{name: "emptyVariable", code: `empty++; return empty
		---
		var empty int`,
		want: `-> libmemfd_go/core\.empty: a variable without an initial value: the library has no writable memory$`},
	{name: "threadPointer", code: `return read()
		---
		func read() int`,
		want: `core\.read(\.abi0)?(\+0x[0-9a-f]+| -> runtime\.tlsg|): access to thread-local storage$`},
	{name: "schedulersSystemCall", code: `r, _, _ := syscall.Syscall(n, 0, 0, 0); return int(r)`,
		want: `-> (syscall\.(Syscall|RawSyscall)\S*: not a function or variable of this library|runtime\.entersyscall\S*: .*)$`},
}

// readAssembly reads thread-local storage, on each architecture.
var readAssembly = map[string]string{
	"amd64":   "MOVQ (TLS), AX",
	"386":     "MOVL (TLS), AX",
	"arm64":   "MRS TPIDR_EL0, R0",
	"arm":     "MRC 15, 0, R0, C13, C0, 3",
	"riscv64": "MOV 8(TP), X10",
	"ppc64le": "MOVD 8(R13), R3",
	"s390x":   "MOVW AR0, R2",
	"loong64": "MOVV 8(R2), R4",
}
