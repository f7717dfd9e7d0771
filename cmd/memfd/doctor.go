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
		Use:   "doctor",
		Short: "Report what this kernel and this process support",
		Long: `doctor tries what memory files need and says what does not work here, why, and
what to change. It makes a secret file for a moment, in which the machine cannot
hibernate. The exit status is 1 if sealed files cannot be made.`,
		Args: cobra.NoArgs,

		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(command *cobra.Command, _ []string) error {
			features, err := memfd.Probe(memfd.FeatureSecret)
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			for _, f := range diagnose(features, system{}) {
				f.print(out)
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
	advice string // if it does not work or is worth a thought
}

func (f finding) print(out io.Writer) {
	sign := map[bool]string{true: "ok", false: "no"}[f.ok]
	fmt.Fprintf(out, "%-3s %s\n", sign, f.what)
	if f.advice != "" {
		fmt.Fprintf(out, "    %s\n", f.advice)
	}
}

// settings is where the settings of the system are read from.
type settings interface {
	read(path string) string // "" if it cannot be read
	limit(resource int) uint64
}

type system struct{}

func (system) read(path string) string {
	content, _ := os.ReadFile(path)
	return strings.TrimSpace(string(content))
}

func (system) limit(resource int) uint64 {
	var limit unix.Rlimit
	unix.Getrlimit(resource, &limit)
	return limit.Cur
}

func diagnose(f memfd.Features, s settings) []finding {
	all := []finding{
		{true, "Linux " + s.read("/proc/sys/kernel/osrelease"), ""},
		filtered(s),
		{f.Has(memfd.FeatureCreate), "memory files (memfd_create)", unless(f.Has(memfd.FeatureCreate),
			"The kernel is older than 3.17, or a seccomp filter forbids it: allow memfd_create(2).")},
		{f.Has(memfd.FeatureSealing), "seals", unless(f.Has(memfd.FeatureSealing),
			"A seccomp filter or the kernel refuses fcntl(F_ADD_SEALS): allow it.")},
		{f.Has(memfd.FeatureNoexecSeal), "files that can never be executed (MFD_NOEXEC_SEAL)", unless(f.Has(memfd.FeatureNoexecSeal),
			"Linux 6.3 has them. Before, permissions take their place.")},
		policy(f),
		secret(f, s),
		memlock(s),
		huge(f, s),
		{f.Has(memfd.FeatureProcfs), "/proc", unless(f.Has(memfd.FeatureProcfs),
			"Mount it: files cannot be opened again, and ls, show and run do not work without it.")},
		{f.Has(memfd.FeaturePidfdGetfd), "files of other processes (pidfd_getfd)", unless(f.Has(memfd.FeaturePidfdGetfd),
			"Linux 5.6 has it, and container runtimes may filter it: allow pidfd_getfd(2).")},
		tracing(s),
	}
	if size := s.limit(unix.RLIMIT_FSIZE); size != math.MaxUint64 {
		all = append(all, finding{true, "the limit on file sizes is " + text.Size(int64(size)),
			"It holds for memory files too: ulimit -f raises it."})
	}
	return all
}

func unless(ok bool, advice string) string {
	if ok {
		return ""
	}
	return advice
}

// filtered says whether a seccomp filter is in force.
func filtered(s settings) finding {
	for line := range strings.Lines(s.read("/proc/self/status")) {
		if strings.HasPrefix(line, "Seccomp:") && strings.HasSuffix(strings.TrimSpace(line), "2") {
			return finding{true, "this process has a seccomp filter", "What does not work below may be its doing."}
		}
	}
	return finding{true, "no seccomp filter", ""}
}

func policy(f memfd.Features) finding {
	what := fmt.Sprintf("programs from memory (vm.memfd_noexec is %d)", f.NoexecPolicy)
	return finding{f.Has(memfd.FeatureExecAllowed), what, unless(f.Has(memfd.FeatureExecAllowed),
		"sysctl vm.memfd_noexec=1 allows files that ask for it; 2 forbids all.")}
}

func secret(f memfd.Features, s settings) finding {
	advice := unless(f.Has(memfd.FeatureSecret), "It needs Linux 5.14, but not on arm and ppc64le, where locked memory takes its place.")
	if value := s.read("/sys/module/secretmem/parameters/enable"); value == "N" || value == "0" {
		advice = "Boot with secretmem.enable=1. Until then locked memory takes its place."
	}
	return finding{f.Has(memfd.FeatureSecret), "secret memory (memfd_secret)", advice}
}

func memlock(s settings) finding {
	limit := s.limit(unix.RLIMIT_MEMLOCK)
	if limit > math.MaxInt64 {
		return finding{true, "no limit on locked and secret memory", ""}
	}
	return finding{limit > 0, "up to " + text.Size(int64(limit)) + " of locked and secret memory",
		unless(limit >= 8<<20, "ulimit -l, LimitMEMLOCK= of systemd or limits.conf raises it.")}
}

func huge(f memfd.Features, s settings) finding {
	if !f.Has(memfd.FeatureHugetlb) {
		return finding{false, "files of huge pages", "The kernel has no hugetlbfs, or the system no huge pages."}
	}
	var sizes []string
	free := false
	for _, size := range f.HugePages {
		pages := s.read(fmt.Sprintf("/sys/kernel/mm/hugepages/hugepages-%dkB/free_hugepages", size>>10))
		sizes = append(sizes, text.Size(size)+" ("+pages+" free)")
		free = free || pages != "0"
	}
	return finding{free, "files of huge pages: " + strings.Join(sizes, ", "),
		unless(free, "sysctl vm.nr_hugepages=N sets N pages of the default size aside.")}
}

func tracing(s settings) finding {
	scope := s.read("/proc/sys/kernel/yama/ptrace_scope")
	if scope == "" || scope == "0" || os.Geteuid() == 0 {
		return finding{true, "looking at other processes", ""}
	}
	return finding{true, "looking at other processes: only as root (kernel.yama.ptrace_scope is " + scope + ")",
		"ls shows ? for seals that it may not ask for."}
}
