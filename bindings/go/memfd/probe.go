// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"os"

	"libmemfd_go/core"
)

// Feature is a set of kernel features, combined with |.
type Feature uint64

const (
	FeatureCreate      Feature = Feature(core.FeatureCreate)      // memfd_create(2)
	FeatureSealing     Feature = Feature(core.FeatureSealing)     // seals can be added
	FeatureFutureWrite Feature = Feature(core.FeatureFutureWrite) // SealFutureWrite
	FeatureNoexecSeal  Feature = Feature(core.FeatureNoexecSeal)  // MFD_NOEXEC_SEAL
	FeatureSealExec    Feature = Feature(core.FeatureSealExec)    // SealExec
	FeatureExecAllowed Feature = Feature(core.FeatureExecAllowed) // executable files are allowed
	FeatureHugetlb     Feature = Feature(core.FeatureHugetlb)     // MFD_HUGETLB
	FeatureSecret      Feature = Feature(core.FeatureSecret)      // memfd_secret(2); on request only
	FeatureSharedRO    Feature = Feature(core.FeatureSharedRO)    // a write-sealed file that is open for writing maps shared
	FeatureProcfs      Feature = Feature(core.FeatureProcfs)      // /proc/self/fd
	FeaturePidfdGetfd  Feature = Feature(core.FeaturePidfdGetfd)  // FromPidfd
	FeatureExecveat    Feature = Feature(core.FeatureExecveat)    // execveat(2)
)

// Features is the result of Probe.
type Features struct {
	Feature              // the features that work
	HugePages    []int64 // available sizes, in bytes
	Memlock      uint64  // RLIMIT_MEMLOCK in bytes; math.MaxUint64 if unlimited
	PageSize     int     // in bytes
	NoexecPolicy int     // vm.memfd_noexec: 0, 1 or 2
}

// Has reports whether f includes all of bits.
func (f Feature) Has(bits Feature) bool { return f&bits == bits }

// Probe finds out which features work in this process, on this kernel, by trying them. It makes
// about 60 system calls, so call it once and keep the result.
//
// request is 0, or FeatureSecret to try memfd_secret(2) as well, during which the system cannot
// hibernate for a moment. Any other request is EINVAL.
func Probe(request Feature) (Features, error) {
	f, err := probe(request)
	return f, os.NewSyscallError("memfd_create", err)
}
