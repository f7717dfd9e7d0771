// SPDX-License-Identifier: MIT

package core

import (
	"testing"

	"libmemfd_go/internal/leaks"
)

func TestEachTestLooksForLeaks(t *testing.T) {
	leaks.Check(t)
	leaks.Everywhere(t)
}
