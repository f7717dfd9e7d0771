// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv(childTask) != "" {
		runTask()
	}
	os.Exit(m.Run())
}
