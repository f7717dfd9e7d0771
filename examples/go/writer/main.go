// SPDX-License-Identifier: MIT

// Command writer COMMAND [ARGUMENT...] creates a sealed file in memory and runs COMMAND twice: with
// the path /proc/PID/fd/N of the file, and with the number of the inherited descriptor.
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"

	"libmemfd_go/examples/go/memfd"
)

const text = "hello from Go"

func say(format string, arguments ...any) {
	fmt.Printf("%-7s %-7s %s\n", "Go", "writer", fmt.Sprintf(format, arguments...))
}

func fill(file *os.File) error {
	area, err := memfd.Map(file, uint64(len(text)), true)
	if err != nil {
		return err
	}
	copy(area, text)
	return memfd.Unmap(area) // Sealing a mapped file is EBUSY.
}

// run runs the command with one more argument. The command inherits a file as descriptor 3.
func run(command []string, argument string, inherited ...*os.File) error {
	cmd := exec.Command(command[0], append(command[1:len(command):len(command)], argument)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.ExtraFiles = inherited
	return cmd.Run()
}

func session(command []string) error {
	if err := memfd.Load(); err != nil {
		return err
	}
	say("process %d uses libmemfd_go %s", os.Getpid(), memfd.VersionString())

	file, err := memfd.Create("greeting")
	if err != nil {
		return err
	}
	defer file.Close()
	say("created %q: descriptor %d", "greeting", file.Fd())

	if err := memfd.SetSize(file, uint64(len(text))); err != nil {
		return err
	}
	say("sized it: %d bytes", len(text))

	if err := fill(file); err != nil {
		return err
	}
	say("filled it: %q", text)

	if err := memfd.AddSeals(file, memfd.Immutable); err != nil {
		return err
	}
	seals, err := memfd.SealNames(file)
	if err != nil {
		return err
	}
	say("sealed it: %s", seals)

	if err := run(command, fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), file.Fd())); err != nil {
		return err
	}
	return run(command, "3", file)
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatalf("usage: %s COMMAND [ARGUMENT...]", os.Args[0])
	}
	if err := session(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}
