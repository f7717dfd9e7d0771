// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func TestHugeFlags(t *testing.T) {
	leaks.Check(t)
	var flags uint32
	check(t, []row{{"default", lib.HugeFlags(0, &flags), "ok"}})
	same(t, "default", unix.MFD_HUGETLB, flags)
	for log := 1; log < 64; log++ {
		check(t, []row{{"a power of two", lib.HugeFlags(1<<log, &flags), "ok"}})
		same(t, "flags", unix.MFD_HUGETLB|uint32(log)<<unix.MFD_HUGE_SHIFT, flags)
	}
}

func TestHugeFlagsErrors(t *testing.T) {
	leaks.Check(t)
	flags := uint32(0xdead)
	check(t, []row{
		{"1", lib.HugeFlags(1, &flags), "EINVAL"},
		{"3", lib.HugeFlags(3, &flags), "EINVAL"},
		{"two bits far apart", lib.HugeFlags(1<<32|1, &flags), "EINVAL"},
		{"all bits", lib.HugeFlags(^uint64(0), &flags), "EINVAL"},
		{"null pointer", lib.HugeFlags(0, nil), "EFAULT"},
	})
	same(t, "flags after errors", 0xdead, flags)
}
