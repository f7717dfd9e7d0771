// SPDX-License-Identifier: MIT

package runner

import (
	"testing"
	"time"

	"libmemfd_go/internal/tap"
	"libmemfd_go/internal/testenv"
)

// runTAP runs a program and reports each line of its TAP output as a subtest. A failure shows how
// to run the program by hand.
func runTAP(t *testing.T, run testenv.Command, timeout time.Duration, hint string) {
	output, status := run.Capture(t, timeout)
	tap.Subtests(t, output, status, hint+"\n"+run.String())
}
