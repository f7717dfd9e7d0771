// SPDX-License-Identifier: MIT

package core

import (
	"testing"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func TestDevice(t *testing.T) {
	leaks.Check(t)
	numbers := []uint32{0, 1, 0xff, 0x100, 0xfff, 0x1000, 0x12345678, ^uint32(0)}
	for _, major := range numbers {
		for _, minor := range numbers {
			st := fileStat{major: major, minor: minor}
			if got, want := st.device(), unix.Mkdev(major, minor); got != want {
				t.Errorf("device %#x:%#x is %#x, want %#x", major, minor, got, want)
			}
		}
	}
}
