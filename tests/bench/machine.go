// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// machine describes the processor, and the versions of the system and the tools.
func machine(a *artifacts) string {
	cpu := "an unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == "model name" {
				cpu = strings.TrimSpace(value)
			}
		}
	}
	if text, _ := os.ReadFile("/proc/cpuinfo"); strings.Contains(string(text), "hypervisor") {
		cpu += ", a virtual machine"
	}
	version := func(words int, name string, args ...string) string {
		out, err := output(a.folder, nil, name, args...)
		if err != nil {
			return name + " of unknown version"
		}
		fields := strings.Fields(strings.SplitN(out, "\n", 2)[0])
		return strings.Join(fields[:min(words, len(fields))], " ")
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	release, _, _ := strings.Cut(strings.TrimSpace(string(kernel)), "-")
	glibc := version(9, "ldd", "--version")
	versions := []string{
		"Linux " + release,
		"glibc " + glibc[strings.LastIndex(glibc, " ")+1:],
		"gcc " + version(1, "gcc", "-dumpfullversion"),
		"Go " + strings.TrimPrefix(runtime.Version(), "go"),
		version(2, "rustc", "--version"),
		version(2, a.folder+"/venv/bin/python", "--version"),
		"libsodium " + version(1, "dpkg-query", "-W", "-f", "${Version}", "libsodium23"),
	}
	return fmt.Sprintf("%s, %d processors, %s, %s.\nOn %s.", cpu, runtime.NumCPU(), runtime.GOARCH,
		strings.Join(versions, ", "), time.Now().UTC().Format("2 January 2006"))
}
