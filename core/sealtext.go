// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The styles of FormatSeals, as in the header.
const (
	StyleNames uint32 = iota
	StyleLetters
	StyleHex
)

// sealTexts is in the order in which the example in memfd_create(2) prints seals.
var sealTexts = [...]struct {
	bit    uint32
	letter byte
	name   string
}{
	{unix.F_SEAL_SEAL, 'S', "SEAL"},
	{unix.F_SEAL_GROW, 'g', "GROW"},
	{unix.F_SEAL_WRITE, 'w', "WRITE"},
	{unix.F_SEAL_FUTURE_WRITE, 'W', "FUTURE_WRITE"},
	{unix.F_SEAL_SHRINK, 's', "SHRINK"},
	{unix.F_SEAL_EXEC, 'x', "EXEC"},
}

// Words that ParseSeals accepts in addition to sealTexts.
var (
	sealPrefix    = "F_SEAL_"
	textImmutable = "IMMUTABLE"
	textNone      = "NONE"
)

// FormatSeals writes seals as text into the capacity bytes at buf.
//
//go:nosplit
func FormatSeals(seals, style uint32, buf *byte, capacity uintptr) int {
	if capacity != 0 && bad(unsafe.Pointer(buf)) {
		return -int(unix.EFAULT)
	}
	if style > StyleHex {
		return -int(unix.EINVAL)
	}
	out := text{buf: unsafe.Pointer(buf), capacity: capacity}
	if style == StyleHex {
		out.hex(seals)
		return out.end()
	}
	for i := range sealTexts {
		t := &sealTexts[i]
		if seals&t.bit == 0 {
			continue
		}
		seals &^= t.bit
		if style == StyleLetters {
			out.byte(t.letter)
			continue
		}
		out.space()
		out.string(t.name)
	}
	if seals != 0 {
		out.space()
		out.hex(seals)
	}
	return out.end()
}

// ParseSeals reads the union of the words in the C string at in.
//
//go:nosplit
func ParseSeals(in *byte, seals *uint32) int {
	if bad(unsafe.Pointer(in)) || bad(unsafe.Pointer(seals)) {
		return -int(unix.EFAULT)
	}
	var union uint32
	for p := unsafe.Pointer(in); ; {
		for separates(*(*byte)(p)) {
			p = unsafe.Add(p, 1)
		}
		w := word{start: p}
		for c := *(*byte)(p); c != 0 && !separates(c); c = *(*byte)(p) {
			p = unsafe.Add(p, 1)
			w.length++
		}
		if w.length == 0 {
			*seals = union
			return 0
		}
		bits, ok := w.seals()
		if !ok {
			return -int(unix.EINVAL)
		}
		union |= bits
	}
}

//go:nosplit
func separates(c byte) bool {
	return c == ' ' || c == ',' || c == '|' || c == '+' || c >= '\t' && c <= '\r'
}

// word is a piece of a C string.
type word struct {
	start  unsafe.Pointer
	length uintptr
}

//go:nosplit
func (w word) at(i uintptr) byte {
	return *(*byte)(unsafe.Add(w.start, i))
}

// seals returns the bits that the word, which is not empty, stands for.
//
//go:nosplit
func (w word) seals() (bits uint32, ok bool) {
	if w.length > 2 && w.at(0) == '0' && w.at(1)|0x20 == 'x' {
		return w.hex()
	}
	if w.is(textNone, 0) {
		return 0, true
	}
	if w.is(textImmutable, 0) {
		return SealsImmutable, true
	}
	var skip uintptr
	if w.begins(sealPrefix, 0) {
		skip = uintptr(len(sealPrefix))
	}
	for i := range sealTexts {
		if w.is(sealTexts[i].name, skip) {
			return sealTexts[i].bit, true
		}
	}
	return w.letters()
}

// is reports whether the word from offset skip is upper, ignoring case.
//
//go:nosplit
func (w word) is(upper string, skip uintptr) bool {
	return w.length == skip+uintptr(len(upper)) && w.begins(upper, skip)
}

// begins reports whether upper is at offset skip of the word, ignoring case.
//
//go:nosplit
func (w word) begins(upper string, skip uintptr) bool {
	if w.length < skip+uintptr(len(upper)) {
		return false
	}
	for i := 0; i < len(upper); i++ {
		c := w.at(skip + uintptr(i))
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != upper[i] {
			return false
		}
	}
	return true
}

// hex reads the digits after 0x.
//
//go:nosplit
func (w word) hex() (v uint32, ok bool) {
	if w.length > 2+8 {
		return 0, false
	}
	for i := uintptr(2); i < w.length; i++ {
		c := w.at(i)
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		v = v<<4 | uint32(c)
	}
	return v, true
}

//go:nosplit
func (w word) letters() (bits uint32, ok bool) {
	for i := uintptr(0); i < w.length; i++ {
		var bit uint32
		for j := range sealTexts {
			if sealTexts[j].letter == w.at(i) {
				bit = sealTexts[j].bit
			}
		}
		if bit == 0 {
			return 0, false
		}
		bits |= bit
	}
	return bits, true
}
