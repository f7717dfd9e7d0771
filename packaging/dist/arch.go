// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"slices"
)

// arch holds the names of an architecture in packages.
type arch struct {
	goarch  string
	deb     string
	triplet string // Debian's, for the folder of libraries
	rpm     string
	apk     string
	words   int // the size of a word in bits
}

var arches = []arch{
	{"amd64", "amd64", "x86_64-linux-gnu", "x86_64", "x86_64", 64},
	{"arm64", "arm64", "aarch64-linux-gnu", "aarch64", "aarch64", 64},
	{"386", "i386", "i386-linux-gnu", "i686", "x86", 32},
	{"arm", "armhf", "arm-linux-gnueabihf", "armv7hl", "armv7", 32},
	{"riscv64", "riscv64", "riscv64-linux-gnu", "riscv64", "riscv64", 64},
	{"ppc64le", "ppc64el", "powerpc64le-linux-gnu", "ppc64le", "ppc64le", 64},
	{"s390x", "s390x", "s390x-linux-gnu", "s390x", "s390x", 64},
	{"loong64", "loong64", "loongarch64-linux-gnu", "loongarch64", "loongarch64", 64},
}

func archOf(goarch string) (arch, error) {
	i := slices.IndexFunc(arches, func(a arch) bool { return a.goarch == goarch })
	if i < 0 {
		return arch{}, fmt.Errorf("unknown architecture %q", goarch)
	}
	return arches[i], nil
}
