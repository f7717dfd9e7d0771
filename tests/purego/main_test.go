// SPDX-License-Identifier: MIT

package purego_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"
)

var (
	lib        library
	libHandle  uintptr
	beforeLoad host // what the process was like
	afterLoad  host
)

func libraryPath() string {
	if path := os.Getenv("MEMFD_GO_LIBRARY"); path != "" {
		return path
	}
	return "../../build/linux_" + runtime.GOARCH + "/libmemfd_go.so.1"
}

func TestMain(m *testing.M) {
	hostState() // Go opens descriptors of its own the first time
	beforeLoad = hostState()
	var err error
	if libHandle, lib, err = load(libraryPath()); err != nil {
		fmt.Fprintln(os.Stderr, "cannot load the library (run make):", err)
		os.Exit(1)
	}
	if os.Getenv(childOpts) != "" {
		if err := execTask(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	afterLoad = hostState()
	os.Exit(m.Run())
}
