package core

import (
	"os"
	"testing"

	"libmemfd_go/internal/leaks"
)

func TestMain(m *testing.M) {
	leaks.Watch(m)
	os.Exit(m.Run())
}
