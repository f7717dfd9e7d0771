// SPDX-License-Identifier: MIT

package core

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// Interesting inputs that fuzzing found are in testdata/fuzz. go test runs them, and tests/fuzz
// continues from them.

var wordsOfSeals = map[string]uint32{
	"NONE": 0, "IMMUTABLE": SealsImmutable, "SEAL": unix.F_SEAL_SEAL, "GROW": unix.F_SEAL_GROW,
	"WRITE": unix.F_SEAL_WRITE, "FUTURE_WRITE": unix.F_SEAL_FUTURE_WRITE, "SHRINK": unix.F_SEAL_SHRINK,
	"EXEC": unix.F_SEAL_EXEC,
}

var lettersOfSeals = map[rune]uint32{
	'S': unix.F_SEAL_SEAL, 'g': unix.F_SEAL_GROW, 'w': unix.F_SEAL_WRITE,
	'W': unix.F_SEAL_FUTURE_WRITE, 's': unix.F_SEAL_SHRINK, 'x': unix.F_SEAL_EXEC,
}

var (
	betweenWords = regexp.MustCompile(`[ ,|+\t-\r]+`)
	hexWord      = regexp.MustCompile(`^0[xX][0-9a-fA-F]{1,8}$`)
	lettersWord  = regexp.MustCompile(`^[SgwWsx]+$`)
	longName     = regexp.MustCompile(`(?i)^F_SEAL_(SEAL|GROW|WRITE|FUTURE_WRITE|SHRINK|EXEC)$`)
)

// modelOfParse implements the header's description of memfd_go_parse_seals in ordinary Go.
func modelOfParse(text string) (seals uint32, ok bool) {
	for _, word := range betweenWords.Split(text, -1) {
		bits, isWord := wordsOfSeals[upper(word)]
		switch {
		case word == "" || isWord:
		case longName.MatchString(word):
			bits = wordsOfSeals[upper(word)[len("F_SEAL_"):]]
		case hexWord.MatchString(word):
			n, _ := strconv.ParseUint(word[2:], 16, 32)
			bits = uint32(n)
		case lettersWord.MatchString(word):
			for _, letter := range word {
				bits |= lettersOfSeals[letter]
			}
		default:
			return 0, false
		}
		seals |= bits
	}
	return seals, true
}

// upper changes only ASCII letters.
func upper(s string) string {
	text := []byte(s)
	for i, c := range text {
		if c >= 'a' && c <= 'z' {
			text[i] = c - 'a' + 'A'
		}
	}
	return string(text)
}

func FuzzParseSeals(f *testing.F) {
	leaks.Check(f)
	for _, s := range []string{"", "sw", "WRITE SHRINK", "F_SEAL_GROW|0x40", "immutable", "none", "0xffffffff", "gq"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s, _, _ = strings.Cut(s, "\x00")
		got, r := parse(s)
		want, ok := modelOfParse(s)
		if ok != (r == 0) || ok && got != want || !ok && (r != -int(unix.EINVAL) || got != 0xdead) {
			t.Errorf("ParseSeals(%q) = %#x, %d; want %#x, %v", s, got, r, want, ok)
		}
	})
}

func FuzzFormatSeals(f *testing.F) {
	leaks.Check(f)
	f.Add(uint32(0), uint16(64))
	f.Add(uint32(unix.F_SEAL_WRITE|unix.F_SEAL_SHRINK), uint16(5))
	f.Add(^uint32(0), uint16(1))
	f.Fuzz(func(t *testing.T, seals uint32, capacity uint16) {
		capacity %= 100
		for style := StyleNames; style <= StyleHex; style++ {
			whole, length := format(t, seals, style, 64)
			if len(whole) != length {
				t.Errorf("FormatSeals(%#x, %d) = %q, %d", seals, style, whole, length)
			}
			if again, r := parse(whole); r != 0 || again != seals {
				t.Errorf("%#x became %q, which parses as %#x, %d", seals, whole, again, r)
			}
			cut, n := format(t, seals, style, int(capacity))
			if want := whole[:min(length, max(int(capacity)-1, 0))]; cut != want || n != length {
				t.Errorf("FormatSeals(%#x, %d, cap %d) = %q, %d; want %q, %d", seals, style, capacity, cut, n, want, length)
			}
		}
	})
}

// Structs of any size are copied in and out by the rules of openat2(2).
func FuzzStructs(f *testing.F) {
	leaks.Check(f)
	f.Add([]byte("\x20\x00\x00\x00"), uint16(32))
	f.Add([]byte("\x28\x00\x00\x00\x01\x02\x03\x04"), uint16(40))
	f.Add(bytes.Repeat([]byte{0xff}, 40), uint16(40))
	f.Fuzz(func(t *testing.T, contents []byte, length uint16) {
		const known = 32
		theirs := make([]byte, max(int(length)%(maxStruct+100), 1))
		copy(theirs, contents)
		size := len(theirs)
		switch r := checkStruct(unsafe.Pointer(&theirs[0]), uintptr(size), known); {
		case size < known && r == -int(unix.EINVAL), size > maxStruct && r == -int(unix.E2BIG):
			return
		case r != 0:
			t.Fatalf("checkStruct of %d bytes: %d", size, r)
		}
		before := bytes.Clone(theirs)
		ours := make([]byte, known+8) // the last 8 must not be written
		r := copyIn(unsafe.Pointer(&ours[0]), unsafe.Pointer(&theirs[0]), uintptr(size), known)
		zero := bytes.Count(theirs[known:], []byte{0}) == len(theirs)-known
		if zero != (r == 0) || !zero && r != -int(unix.E2BIG) {
			t.Fatalf("copyIn of %x: %d", theirs, r)
		}
		if zero && !bytes.Equal(ours, append(bytes.Clone(theirs[:known]), make([]byte, 8)...)) {
			t.Errorf("%x was copied in as %x", theirs, ours)
		}
		if !bytes.Equal(theirs, before) {
			t.Errorf("copyIn changed %x to %x", before, theirs)
		}
		copyOut(unsafe.Pointer(&theirs[0]), unsafe.Pointer(&ours[0]), uintptr(size), known)
		if !bytes.Equal(theirs, append(bytes.Clone(ours[:known]), make([]byte, len(theirs)-known)...)) {
			t.Errorf("%x was copied out as %x", ours, theirs)
		}
	})
}

// For any contents of a control buffer, the descriptors that are taken are in it, and as many as
// were counted. The kernel does not send most of these contents; an emulator might.
func FuzzControlMessages(f *testing.F) {
	leaks.Check(f)
	bytesOf := func(level, ctype int32, fds ...int32) []byte {
		m := make([]byte, cmsgAlign(cmsgHeader+uintptr(len(fds))*fdSize))
		h := (*cmsghdr)(unsafe.Pointer(&m[0]))
		h.length, h.level, h.ctype = cmsgHeader+uintptr(len(fds))*fdSize, level, ctype
		for i, fd := range fds {
			*fdAt(unsafe.Add(unsafe.Pointer(&m[0]), cmsgHeader), uintptr(i)) = fd
		}
		return m
	}
	one := bytesOf(unix.SOL_SOCKET, unix.SCM_RIGHTS, 7)
	f.Add(one, uint16(len(one)))
	f.Add(append(bytesOf(unix.SOL_SOCKET, scmPidfd, 9), bytesOf(unix.SOL_SOCKET, unix.SCM_RIGHTS, 1, 2, 3)...), uint16(200))
	f.Add(append(bytesOf(unix.SOL_SOCKET, unix.SCM_CREDENTIALS, 1, 2, 3), one...), uint16(21))
	f.Fuzz(func(t *testing.T, contents []byte, length uint16) {
		var buffer ControlBuffer
		memory := unsafe.Slice((*byte)(unsafe.Pointer(&buffer)), unsafe.Sizeof(buffer))
		copy(memory, contents)
		control := message{control: &buffer, length: uintptr(length) % (ControlSize + 1)}
		neverOpen(&control)
		n := control.rights()
		const guard = 0x1a5a5a5a // not a number that neverOpen makes
		fds := make([]int32, unsafe.Sizeof(buffer)/fdSize+1)
		for i := range fds {
			fds[i] = guard
		}
		control.takeFDs(&fds[0])
		control.takeFDs(nil)
		if n > control.length/fdSize {
			t.Fatalf("%d descriptors in %d bytes", n, control.length)
		}
		for i, fd := range fds {
			if taken := fd != guard; taken != (i < int(n)) {
				t.Fatalf("counted %d descriptors, took %x", n, fds)
			}
			if fd != guard && !bytes.Contains(memory[:control.length], unsafe.Slice((*byte)(unsafe.Pointer(&fds[i])), fdSize)) {
				t.Fatalf("descriptor %d is %#x, which is not in %x", i, fd, memory)
			}
		}
	})
}

// neverOpen changes all numbers that may be closed to ones that no descriptor has.
func neverOpen(c *message) {
	off := uintptr(0)
	for m := c.at(0); m != nil; m = c.at(off) {
		for i := range m.descriptors() {
			*fdAt(unsafe.Add(unsafe.Pointer(m), cmsgHeader), i) |= 1 << 30
		}
		off += cmsgAlign(m.length)
	}
}
