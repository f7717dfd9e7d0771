// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"testing"

	"libmemfd_go/internal/leaks"
)

func TestEveryTestChecksForLeaks(t *testing.T) {
	leaks.Check(t)
	leaks.Everywhere(t)
}
