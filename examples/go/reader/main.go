// SPDX-License-Identifier: MIT

// Command reader PATH | NUMBER reads a sealed file of another process, from a path such as
// /proc/PID/fd/N, or through an inherited descriptor. Then it tries to change the file, and fails
// if that succeeds.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"libmemfd_go/examples/go/memfd"

	"golang.org/x/sys/unix"
)

func say(format string, arguments ...any) {
	fmt.Printf("%-7s %-7s %s\n", "Go", "reader", fmt.Sprintf(format, arguments...))
}

func openFile(argument string) (*os.File, error) {
	if !strings.HasPrefix(argument, "/") {
		fd, err := strconv.ParseUint(argument, 10, 31)
		if err != nil {
			return nil, err
		}
		say("process %d inherited descriptor %d", os.Getpid(), fd)
		return os.NewFile(uintptr(fd), argument), nil
	}
	// Open for writing, so that only the seals prevent changes.
	file, err := os.OpenFile(argument, os.O_RDWR, 0)
	if err == nil {
		say("process %d opened %s", os.Getpid(), argument)
	}
	return file, err
}

func showContent(file *os.File, size uint64) error {
	area, err := memfd.Map(file, size, false)
	if err != nil {
		return err
	}
	say("reads its content: %q", area)
	return memfd.Unmap(area)
}

// tryToChange returns an error unless all changes fail.
func tryToChange(file *os.File, size uint64) error {
	changes := []struct {
		what string
		do   func() error
	}{
		{"write", func() error { _, err := unix.Pwrite(int(file.Fd()), []byte("X"), 0); return err }},
		{"grow", func() error { return memfd.SetSize(file, size+1) }},
		{"shrink", func() error { return memfd.SetSize(file, size-1) }},
		{"map and write", func() error { _, err := memfd.Map(file, size, true); return err }},
	}
	for _, change := range changes {
		err := change.do()
		if err == nil {
			return fmt.Errorf("%s: a sealed file has changed", change.what)
		}
		say("tries to %s it: refused, %s", change.what, memfd.ErrName(err))
	}
	return nil
}

func session(argument string) error {
	if err := memfd.Load(); err != nil {
		return err
	}
	file, err := openFile(argument)
	if err != nil {
		return err
	}
	defer file.Close()

	seals, err := memfd.SealNames(file)
	if err != nil {
		return err
	}
	say("sees its seals: %s", seals)

	// With these seals, neither size nor contents can change. Otherwise the other process could
	// shrink the file, and reading the mapping would be SIGBUS.
	if err := memfd.CheckSeals(file, memfd.Immutable); err != nil {
		return err
	}
	size, err := memfd.Size(file)
	if err != nil {
		return err
	}
	if err := showContent(file, size); err != nil {
		return err
	}
	return tryToChange(file, size)
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatalf("usage: %s PATH | NUMBER", os.Args[0])
	}
	if err := session(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}
