//go:build linux

package memfd_test

import (
	"os"
	"testing"

	"libmemfd_go/internal/leaks"
)

func TestMain(m *testing.M) {
	if os.Getenv(childTask) != "" {
		beChild()
	}
	leaks.Watch(m)
	os.Exit(m.Run())
}
