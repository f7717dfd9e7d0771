// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"

	"libmemfd_go/internal/leaks"
)

func TestEveryTestChecksForLeaks(t *testing.T) {
	leaks.Check(t)
	leaks.Everywhere(t)
}
