// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/cmd/memfd/internal/text"
)

func doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor",

		DisableFlagsInUseLine: true,

		Short: "Report what this kernel and this process support",
		Long: `doctor tries the features of files in memory, and reports what does not work,
why, and what to change. It creates a secret file for a moment, during which the
system cannot hibernate.

The exit status is 0, 1 if sealed files cannot be created, 2 on errors.`,
		Args: arguments(0, 0),

		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(command *cobra.Command, _ []string) error {
			features, err := memfd.Probe(memfd.FeatureSecret)
			if err != nil {
				return err
			}
			findings := diagnose(features, system{})
			if err := buffered(command, func(out io.Writer) { printFindings(out, findings) }); err != nil {
				return err
			}
			if !features.Has(memfd.FeatureCreate | memfd.FeatureSealing) {
				return &exitError{1, nil}
			}
			return nil
		},
	}
}

// finding is one thing that works or does not.
type finding struct {
	ok     bool
	what   string
	advice string // what to change, or to know
}

func printFindings(out io.Writer, findings []finding) {
	for _, f := range findings {
		sign := map[bool]string{true: "ok", false: "no"}[f.ok]
		fmt.Fprintf(out, "%-3s %s\n", sign, f.what)
		if f.advice != "" {
			fmt.Fprintf(out, "    %s\n", f.advice)
		}
	}
}

// settings are the system's.
type settings interface {
	release() string         // of the kernel
	read(path string) string // "" if it cannot be read
	limit(resource int) uint64
	mayTrace() bool // processes of all users
}

type system struct{}

func (system) release() string {
	var name unix.Utsname
	unix.Uname(&name)
	return unix.ByteSliceToString(name.Release[:])
}

func (system) read(path string) string {
	content, _ := os.ReadFile(path)
	return strings.TrimSpace(string(content))
}

func (system) limit(resource int) uint64 {
	var limit unix.Rlimit
	unix.Getrlimit(resource, &limit)
	return limit.Cur
}

func (system) mayTrace() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var capabilities [2]unix.CapUserData
	unix.Capget(&header, &capabilities[0])
	has := func(bit int) bool { return capabilities[0].Effective>>bit&1 != 0 }
	// Another user's /proc/PID/fd has mode 0500.
	return has(unix.CAP_SYS_PTRACE) && (has(unix.CAP_DAC_READ_SEARCH) || has(unix.CAP_DAC_OVERRIDE))
}

func diagnose(f memfd.Features, s settings) []finding {
	all := []finding{
		{true, "Linux " + s.release(), ""},
		filtered(s),
		{f.Has(memfd.FeatureCreate), "memfds (memfd_create)", unless(f.Has(memfd.FeatureCreate),
			"They need Linux 3.17, and no seccomp filter that blocks memfd_create(2).")},
		{f.Has(memfd.FeatureSealing), "seals", unless(f.Has(memfd.FeatureSealing),
			"They need memfds, and no seccomp filter that blocks F_ADD_SEALS.")},
		{f.Has(memfd.FeatureNoexecSeal), "files that can never be executable (MFD_NOEXEC_SEAL)", unless(f.Has(memfd.FeatureNoexecSeal),
			"They need Linux 6.3. Older kernels can only omit the execute permission.")},
		policy(f),
		secret(f, s),
		memlock(s),
		huge(f, s),
		{f.Has(memfd.FeatureProcfs), "/proc", unless(f.Has(memfd.FeatureProcfs),
			"Mount it: with, run, ls and show need it.")},
		{f.Has(memfd.FeaturePidfdGetfd), "files of other processes (pidfd_getfd)", unless(f.Has(memfd.FeaturePidfdGetfd),
			"They need Linux 5.6, and no seccomp filter that blocks pidfd_getfd(2).")},
		tracing(s),
	}
	if size := s.limit(unix.RLIMIT_FSIZE); size != math.MaxUint64 {
		all = append(all, finding{true, "files are limited to " + text.Size(int64(size)),
			"The limit applies to files in memory, too: raise it with ulimit -f."})
	}
	return all
}

func unless(ok bool, advice string) string {
	if ok {
		return ""
	}
	return advice
}

// filtered reports a seccomp filter.
func filtered(s settings) finding {
	status := s.read("/proc/self/status")
	if status == "" {
		return finding{true, "perhaps a seccomp filter: /proc/self/status cannot be read", ""}
	}
	for line := range strings.Lines(status) {
		if strings.HasPrefix(line, "Seccomp:") && strings.HasSuffix(strings.TrimSpace(line), "2") {
			return finding{true, "this process has a seccomp filter", "It may be the reason for what does not work."}
		}
	}
	return finding{true, "no seccomp filter", ""}
}

func policy(f memfd.Features) finding {
	what := fmt.Sprintf("programs in memory (vm.memfd_noexec is %d)", f.NoexecPolicy)
	return finding{f.Has(memfd.FeatureExecAllowed), what, unless(f.Has(memfd.FeatureExecAllowed),
		"2 forbids them. sysctl vm.memfd_noexec=1 allows those that request it.")}
}

func secret(f memfd.Features, s settings) finding {
	advice := unless(f.Has(memfd.FeatureSecret), "It needs Linux 5.14, and is missing on arm and ppc64le. The library locks memory instead.")
	if value := s.read("/sys/module/secretmem/parameters/enable"); value == "N" || value == "0" {
		advice = "Boot with secretmem.enable=1. Until then, the library locks memory instead."
	}
	return finding{f.Has(memfd.FeatureSecret), "secret memory (memfd_secret)", advice}
}

func memlock(s settings) finding {
	limit := s.limit(unix.RLIMIT_MEMLOCK)
	if limit > math.MaxInt64 {
		return finding{true, "no limit on locked and secret memory", ""}
	}
	return finding{limit > 0, "up to " + text.Size(int64(limit)) + " of locked and secret memory",
		unless(limit >= 8<<20, "Raise it with ulimit -l, LimitMEMLOCK= of systemd, or limits.conf.")}
}

func huge(f memfd.Features, s settings) finding {
	if !f.Has(memfd.FeatureHugetlb) {
		return finding{false, "files of huge pages", "They need a kernel with hugetlbfs and a system with huge pages."}
	}
	var sizes []string
	free := false
	for _, size := range f.HugePages {
		pages := s.read(fmt.Sprintf("/sys/kernel/mm/hugepages/hugepages-%dkB/free_hugepages", size>>10))
		if pages == "" {
			sizes = append(sizes, text.Size(size))
			continue
		}
		sizes = append(sizes, text.Size(size)+" ("+pages+" free)")
		free = free || pages != "0"
	}
	return finding{free, "files of huge pages: " + strings.Join(sizes, ", "),
		unless(free, "sysctl vm.nr_hugepages=N reserves N pages of the default size.")}
}

func tracing(s settings) finding {
	scope := s.read("/proc/sys/kernel/yama/ptrace_scope")
	switch {
	case s.mayTrace():
		return finding{true, "inspecting the processes of all users", ""}
	case scope == "" || scope == "0":
		return finding{true, "inspecting own processes (root with CAP_SYS_PTRACE: all)", ""}
	}
	return finding{true, "inspecting own processes (root with CAP_SYS_PTRACE: all), without seals",
		"kernel.yama.ptrace_scope is " + scope + ": ls shows ? for seals."}
}
