// SPDX-License-Identifier: MIT

package core

import "unsafe"

// text builds a C string. Bytes past its capacity are only counted.
type text struct {
	buf      unsafe.Pointer
	capacity uintptr
	length   uintptr
}

//go:nosplit
func (t *text) byte(c byte) {
	if t.length < t.capacity {
		*(*byte)(unsafe.Add(t.buf, t.length)) = c
	}
	t.length++
}

//go:nosplit
//go:noinline
func (t *text) string(s string) {
	for i := 0; i < len(s); i++ {
		t.byte(s[i])
	}
}

// space separates a word from the previous one, if any.
//
//go:nosplit
func (t *text) space() {
	if t.length != 0 {
		t.byte(' ')
	}
}

//go:nosplit
func (t *text) hex(v uint32) {
	t.byte('0')
	t.byte('x')
	shift := uint(28)
	for shift > 0 && v>>shift == 0 {
		shift -= 4
	}
	for {
		digit := byte(v >> shift & 15)
		if digit < 10 {
			t.byte('0' + digit)
		} else {
			t.byte('a' + digit - 10)
		}
		if shift == 0 {
			return
		}
		shift -= 4
	}
}

//go:nosplit
//go:noinline
func (t *text) decimal(v uint32) {
	power := uint32(1)
	for v/10 >= power {
		power *= 10
	}
	for ; power > 0; power /= 10 {
		digit := byte('0')
		for ; v >= power; v -= power { // v / power would be a division by a variable
			digit++
		}
		t.byte(digit)
	}
}

// end adds the NUL, in place of the last byte if the text was cut, and returns the full length.
//
//go:nosplit
//go:noinline
func (t *text) end() int {
	if t.capacity != 0 {
		*(*byte)(unsafe.Add(t.buf, min(t.length, t.capacity-1))) = 0
	}
	return int(t.length)
}
