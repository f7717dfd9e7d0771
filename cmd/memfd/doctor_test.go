// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"math"
	"testing"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
)

// fakeSettings are the settings of a system that does not exist.
type fakeSettings struct {
	kernel string
	files  map[string]string
	limits map[int]uint64
	traces bool
}

func (s fakeSettings) release() string           { return s.kernel }
func (s fakeSettings) read(path string) string   { return s.files[path] }
func (s fakeSettings) limit(resource int) uint64 { return s.limits[resource] }
func (s fakeSettings) mayTrace() bool            { return s.traces }

var modern = fakeSettings{
	kernel: "6.12.0",
	files: map[string]string{
		"/proc/self/status": "Name:\tmemfd\nSeccomp:\t0\n",
		"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "16",
	},
	limits: map[int]uint64{unix.RLIMIT_MEMLOCK: math.MaxUint64, unix.RLIMIT_FSIZE: math.MaxUint64},
	traces: true,
}

var restricted = fakeSettings{
	kernel: "4.19.0",
	files: map[string]string{
		"/proc/self/status":                       "Name:\tmemfd\nSeccomp:\t2\n",
		"/sys/module/secretmem/parameters/enable": "N", "/proc/sys/kernel/yama/ptrace_scope": "1",
	},
	limits: map[int]uint64{unix.RLIMIT_MEMLOCK: 64 << 10, unix.RLIMIT_FSIZE: 1 << 30},
}

// Without /sys, no huge page is known to be free.
func TestDoctorUnknownHugePages(t *testing.T) {
	got := huge(memfd.Features{Feature: memfd.FeatureHugetlb, HugePages: []int64{2 << 20}}, restricted)
	if got.ok || got.what != "files of huge pages: 2.0M" || got.advice == "" {
		t.Errorf("%+v", got)
	}
}

func TestDoctorWithoutProc(t *testing.T) {
	if got := filtered(fakeSettings{}); got.what == "no seccomp filter" {
		t.Errorf("%+v", got)
	}
}

// The report of a recent kernel without restrictions, and of an old one with all of them.
func TestDoctor(t *testing.T) {
	for name, findings := range map[string][]finding{
		"doctor":            diagnose(memfd.Features{Feature: ^memfd.Feature(0), HugePages: []int64{2 << 20}}, modern),
		"doctor-restricted": diagnose(memfd.Features{NoexecPolicy: 2}, restricted),
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			printFindings(&out, findings)
			golden(t, name, out.String())
			for line := range bytes.Lines(out.Bytes()) {
				if len(line) > 81 {
					t.Errorf("longer than 80 characters: %s", line)
				}
			}
		})
	}
}
