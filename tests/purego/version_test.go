// SPDX-License-Identifier: MIT

package purego_test

import (
	"fmt"
	"testing"

	"libmemfd_go/internal/leaks"
)

func TestVersion(t *testing.T) {
	leaks.Check(t)
	v := lib.Version()
	same(t, "version string", fmt.Sprintf("%d.%d.%d", v>>16, v>>8&0xff, v&0xff), lib.VersionString())
	same(t, "major version, which the file's name has too", 1, v>>16)
}
