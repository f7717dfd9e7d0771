// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"os"

	"libmemfd_go/core"
)

// Feature is a set of things that a kernel can do, or allows.
type Feature uint64

const (
	FeatureCreate      Feature = Feature(core.FeatureCreate)      // memfd_create(2)
	FeatureSealing     Feature = Feature(core.FeatureSealing)     // seals can be added
	FeatureFutureWrite Feature = Feature(core.FeatureFutureWrite) // SealFutureWrite
	FeatureNoexecSeal  Feature = Feature(core.FeatureNoexecSeal)  // files that can never be made executable
	FeatureSealExec    Feature = Feature(core.FeatureSealExec)    // SealExec
	FeatureExecAllowed Feature = Feature(core.FeatureExecAllowed) // executable files can be made
	FeatureHugetlb     Feature = Feature(core.FeatureHugetlb)     // files of huge pages
	FeatureSecret      Feature = Feature(core.FeatureSecret)      // memfd_secret(2); only on request
	FeatureSharedRO    Feature = Feature(core.FeatureSharedRO)    // a file with SealWrite that is open for writing maps shared
	FeatureProcfs      Feature = Feature(core.FeatureProcfs)      // /proc/self/fd
	FeaturePidfdGetfd  Feature = Feature(core.FeaturePidfdGetfd)  // FromPidfd
	FeatureExecveat    Feature = Feature(core.FeatureExecveat)    // execveat(2)
)

// Features is what Probe found.
type Features struct {
	Feature              // all that was found
	HugePages    []int64 // the sizes of huge pages in bytes
	Memlock      uint64  // RLIMIT_MEMLOCK in bytes; the largest uint64 if there is no limit
	PageSize     int     // in bytes
	NoexecPolicy int     // vm.memfd_noexec: 0, 1 or 2
}

// Has reports whether f has all of bits.
func (f Feature) Has(bits Feature) bool { return f&bits == bits }

// Probe finds out what works here and now by trying it, with some 60 system calls. FeatureSecret
// is looked for only if request is FeatureSecret: it makes hibernation impossible for a moment.
// Other requests fail with EINVAL.
func Probe(request Feature) (Features, error) {
	f, err := probe(request)
	return f, os.NewSyscallError("memfd_create", err)
}
