// SPDX-License-Identifier: MIT

package contract

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"libmemfd_go/core"
)

// goConstants are the values of the header's constants in Go: the kernel's in x/sys/unix, ours in
// core.
var goConstants = map[string]uint64{
	"MEMFD_GO_VERSION_MAJOR": uint64(core.Version >> 16),
	"MEMFD_GO_VERSION_MINOR": uint64(core.Version >> 8 & 0xff),
	"MEMFD_GO_VERSION_PATCH": uint64(core.Version & 0xff),

	"MEMFD_GO_FEATURE_CREATE":       uint64(core.FeatureCreate),
	"MEMFD_GO_FEATURE_SEALING":      uint64(core.FeatureSealing),
	"MEMFD_GO_FEATURE_FUTURE_WRITE": uint64(core.FeatureFutureWrite),
	"MEMFD_GO_FEATURE_NOEXEC_SEAL":  uint64(core.FeatureNoexecSeal),
	"MEMFD_GO_FEATURE_SEAL_EXEC":    uint64(core.FeatureSealExec),
	"MEMFD_GO_FEATURE_EXEC_ALLOWED": uint64(core.FeatureExecAllowed),
	"MEMFD_GO_FEATURE_HUGETLB":      uint64(core.FeatureHugetlb),
	"MEMFD_GO_FEATURE_SECRET":       uint64(core.FeatureSecret),
	"MEMFD_GO_FEATURE_SHARED_RO":    uint64(core.FeatureSharedRO),
	"MEMFD_GO_FEATURE_PROCFS":       uint64(core.FeatureProcfs),
	"MEMFD_GO_FEATURE_PIDFD_GETFD":  uint64(core.FeaturePidfdGetfd),
	"MEMFD_GO_FEATURE_EXECVEAT":     uint64(core.FeatureExecveat),

	"MFD_CLOEXEC":             unix.MFD_CLOEXEC,
	"MFD_ALLOW_SEALING":       unix.MFD_ALLOW_SEALING,
	"MFD_HUGETLB":             unix.MFD_HUGETLB,
	"MFD_NOEXEC_SEAL":         unix.MFD_NOEXEC_SEAL,
	"MFD_EXEC":                unix.MFD_EXEC,
	"MFD_HUGE_64KB":           unix.MFD_HUGE_64KB,
	"MFD_HUGE_512KB":          unix.MFD_HUGE_512KB,
	"MFD_HUGE_1MB":            unix.MFD_HUGE_1MB,
	"MFD_HUGE_2MB":            unix.MFD_HUGE_2MB,
	"MFD_HUGE_8MB":            unix.MFD_HUGE_8MB,
	"MFD_HUGE_16MB":           unix.MFD_HUGE_16MB,
	"MFD_HUGE_32MB":           unix.MFD_HUGE_32MB,
	"MFD_HUGE_256MB":          unix.MFD_HUGE_256MB,
	"MFD_HUGE_512MB":          unix.MFD_HUGE_512MB,
	"MFD_HUGE_1GB":            unix.MFD_HUGE_1GB,
	"MFD_HUGE_2GB":            unix.MFD_HUGE_2GB,
	"MFD_HUGE_16GB":           unix.MFD_HUGE_16GB,
	"MEMFD_GO_CREATE_DEFAULT": unix.MFD_CLOEXEC | unix.MFD_NOEXEC_SEAL,
	"MEMFD_GO_NAME_MAX":       unix.NAME_MAX - uint64(len("memfd:")),

	"MEMFD_GO_OPT_RESERVE":        uint64(core.OptReserve),
	"MEMFD_GO_OPT_WRITE":          uint64(core.OptWrite),
	"MEMFD_GO_OPT_PRIVATE":        uint64(core.OptPrivate),
	"MEMFD_GO_OPT_EXEC":           uint64(core.OptExec),
	"MEMFD_GO_OPT_POPULATE":       uint64(core.OptPopulate),
	"MEMFD_GO_OPT_STRICT_NOEXEC":  uint64(core.OptStrictNoexec),
	"MEMFD_GO_OPT_UNSEALABLE":     uint64(core.OptUnsealable),
	"MEMFD_GO_OPT_INHERIT_FD":     uint64(core.OptInheritFD),
	"MEMFD_GO_OPT_FORK_SHARE":     uint64(core.OptForkShare),
	"MEMFD_GO_OPT_ALIGN_END":      uint64(core.OptAlignEnd),
	"MEMFD_GO_OPT_REQUIRE":        uint64(core.OptRequire),
	"MEMFD_GO_OPT_NO_SECRETMEM":   uint64(core.OptNoSecretmem),
	"MEMFD_GO_OPT_ALLOW_UNLOCKED": uint64(core.OptAllowUnlocked),
	"MEMFD_GO_OPT_DONTWAIT":       uint64(core.OptDontwait),
	"MEMFD_GO_OPT_NO_HOLES":       uint64(core.OptNoHoles),
	"MEMFD_GO_OPT_KEEP_FD":        uint64(core.OptKeepFD),

	"F_SEAL_SEAL":              unix.F_SEAL_SEAL,
	"F_SEAL_SHRINK":            unix.F_SEAL_SHRINK,
	"F_SEAL_GROW":              unix.F_SEAL_GROW,
	"F_SEAL_WRITE":             unix.F_SEAL_WRITE,
	"F_SEAL_FUTURE_WRITE":      unix.F_SEAL_FUTURE_WRITE,
	"F_SEAL_EXEC":              unix.F_SEAL_EXEC,
	"MEMFD_GO_SEALS_IMMUTABLE": uint64(core.SealsImmutable),
	"MEMFD_GO_STYLE_NAMES":     uint64(core.StyleNames),
	"MEMFD_GO_STYLE_LETTERS":   uint64(core.StyleLetters),
	"MEMFD_GO_STYLE_HEX":       uint64(core.StyleHex),

	"MEMFD_GO_KIND_OTHER":        uint64(core.KindOther),
	"MEMFD_GO_KIND_MEMFD":        uint64(core.KindMemfd),
	"MEMFD_GO_KIND_HUGETLB":      uint64(core.KindHugetlb),
	"MEMFD_GO_KIND_TMPFS_FILE":   uint64(core.KindTmpfsFile),
	"MEMFD_GO_KIND_SECRET":       uint64(core.KindSecret),
	"MEMFD_GO_ACCESS_NONE":       uint64(core.AccessNone),
	"MEMFD_GO_ACCESS_READ":       uint64(core.AccessRead),
	"MEMFD_GO_ACCESS_WRITE":      uint64(core.AccessWrite),
	"MEMFD_GO_ACCESS_READ_WRITE": uint64(core.AccessReadWrite),

	"MEMFD_GO_FDS_MAX":        core.FDsMax,
	"MEMFD_GO_AREA_SECRETMEM": uint64(core.AreaSecretmem),
	"MEMFD_GO_AREA_MLOCK":     uint64(core.AreaMlock),
	"MEMFD_GO_AREA_UNLOCKED":  uint64(core.AreaUnlocked),
}

func TestConstantsInGo(t *testing.T) {
	report(t, compareConstants(readHeader(t)))
}

func compareConstants(h *Header) []string {
	var complaints []string
	for _, c := range h.Constants {
		if strings.HasPrefix(c.Text, `"`) {
			continue
		}
		inGo, found := goConstants[c.Name]
		if !found {
			complaints = append(complaints, fmt.Sprintf("tests/contract/constants_test.go: a constant is missing; add to goConstants:\n\n%q: %s,\n",
				c.Name, goConstantName(c.Name)))
		} else if n, err := strconv.ParseUint(c.Text, 0, 64); err != nil || n != inGo {
			complaints = append(complaints, fmt.Sprintf("%s: %s is %s, but %#x in Go; to agree with Go:\n\n#define %s %#x\n",
				headerFile, c.Name, c.Text, inGo, c.Name, inGo))
		}
	}
	return complaints
}

// goConstantName guesses the Go expression of a constant.
func goConstantName(name string) string {
	own, isOwn := strings.CutPrefix(name, "MEMFD_GO_")
	if !isOwn {
		return "unix." + name
	}
	return "uint64(core." + pascal(strings.ToLower(own)) + ")"
}

func TestVersionString(t *testing.T) {
	inCore := unix.BytePtrToString(core.VersionString())
	numbers := fmt.Sprintf("%d.%d.%d", core.Version>>16, core.Version>>8&0xff, core.Version&0xff)
	if inCore != numbers {
		t.Errorf("core/version.go: Version is %s, but VersionString returns %s", numbers, inCore)
	}
	for _, c := range readHeader(t).Constants {
		if c.Name == "MEMFD_GO_VERSION_STRING" && c.Text != strconv.Quote(numbers) {
			t.Errorf("%s: %s is %s; replace it by:\n\n#define %s %q\n", headerFile, c.Name, c.Text, c.Name, numbers)
		}
	}
}

// Each option is one bit, and no two functions use the same bit for different options.
func TestOptionsAreDistinctBits(t *testing.T) {
	var seen uint64
	for name, bit := range goConstants {
		if !strings.HasPrefix(name, "MEMFD_GO_OPT_") {
			continue
		}
		if bit&(bit-1) != 0 || seen&bit != 0 || uintptr(bit) > 1<<(8*unsafe.Sizeof(uint32(0))-1) {
			t.Errorf("%s: %s = %#x must be one bit below 1<<31 that no other option uses", headerFile, name, bit)
		}
		seen |= bit
	}
}
