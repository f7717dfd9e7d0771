// SPDX-License-Identifier: MIT

package testenv

import (
	"os"
	"strconv"
	"strings"
)

const hugePages = "/proc/sys/vm/nr_hugepages"

// ReserveHugePages tries to reserve n huge pages, and returns a function that restores the old number.
func ReserveHugePages(n int) (restore func()) {
	nothing := func() {}
	text, err := os.ReadFile(hugePages)
	if err != nil {
		return nothing
	}
	old, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || old >= n {
		return nothing
	}
	if os.WriteFile(hugePages, []byte(strconv.Itoa(n)), 0) != nil {
		return nothing
	}
	return func() { os.WriteFile(hugePages, text, 0) }
}
