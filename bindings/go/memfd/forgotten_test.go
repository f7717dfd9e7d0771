// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/internal/leaks"
)

// collect runs the garbage collector until the cleanups of all unreachable values have run. They
// run in order of discovery, so the cleanup of a new value comes last.
func collect() {
	for range 3 {
		done := make(chan struct{})
		runtime.AddCleanup(new([16]byte), func(done chan struct{}) { close(done) }, done)
		for finished := false; !finished; {
			runtime.GC()
			select {
			case <-done:
				finished = true
			default:
			}
		}
	}
}

func init() {
	tasks["forget"] = func() error {
		forgetAll()
		collect()
		fmt.Println("end")
		return nil
	}
}

//go:noinline
func forgetAll() {
	f := must(memfd.Sealed("lost", []byte("hello")))
	must(memfd.Map(f, 0, 5, 0))
	must(memfd.MapVerified(f, 0, 5))
	must(memfd.NewSecretBuffer(20, unlocked))
	must(memfd.SecretBufferFrom([]byte("the key"), unlocked))
	must(memfd.NewSecretPool(30, 2, unlocked))
	must(memfd.Map(f, 0, 5, 0)).Close() // not reported
	must(memfd.NewSecretBuffer(21, unlocked)).Close()
	must(memfd.NewSecretPool(31, 2, unlocked)).Close()
}

func TestUnclosedValuesAreReported(t *testing.T) {
	leaks.Check(t)
	output, err := runChild(t, "forget", "MEMFD_GO_DEBUG=forgotten")
	want(t, "error", err, nil)
	for report, times := range map[string]int{
		"memfd: Mapping of 5 bytes of memfd:lost was not closed; created by\n":  2,
		"memfd: SecretBuffer of 20 bytes was not closed; created by\n":          1,
		"memfd: SecretBuffer of 7 bytes was not closed; created by\n":           1,
		"memfd: SecretPool of 2 slots of 30 bytes was not closed; created by\n": 1,
		"was not closed": 5,
		"created by\n\tlibmemfd_go/bindings/go/memfd_test.forgetAll\n": 5,
	} {
		want(t, fmt.Sprintf("reports of %q in\n%s", report, output), strings.Count(output, report), times)
	}
	want(t, "the program continues", strings.HasSuffix(output, "end\n"), true)
}

func TestUnclosedValuesAreNotReportedByDefault(t *testing.T) {
	leaks.Check(t)
	output, err := runChild(t, "forget", "MEMFD_GO_DEBUG=")
	want(t, "error", err, nil)
	want(t, "output", output, "end\n")
}
