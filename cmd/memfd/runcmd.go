// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"libmemfd_go/bindings/go/memfd"
)

func runCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "run PROGRAM|- [ARGUMENT...]",
		Short: "Run a program from a sealed copy in memory",
		Long: `run copies a program, or what standard input says if it is "-", to a sealed file
in memory and executes that. What happens to the program on the disk while it
runs does not matter, and it cannot be used to change the program, which is how
container runtimes protect themselves.

A script runs too, if its interpreter can open /dev/fd/N. A program finds no
files beside its own, since /proc/self/exe does not lead to a folder, and is
called by the number of its descriptor in the lists of ps and top.

The exit status is that of the program; 125 if memfd itself fails, 126 if the
program cannot be run, 127 if it is not found.`,
		Example: `  memfd run /usr/bin/server --port 80
  ssh build cat program | memfd run - argument`,
		Args:        cobra.MinimumNArgs(1),
		Annotations: map[string]string{"env": "yes"},
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := program(args[0])
			if err != nil {
				return err
			}
			err = memfd.Exec(f, args, os.Environ())
			return &exitError{126, fmt.Errorf("%s: %w", args[0], err)}
		},
	}
	command.Flags().SetInterspersed(false)
	return command
}

// program returns a sealed, executable copy of a program.
func program(name string) (*os.File, error) {
	if name == "-" {
		f, err := memfd.CreateWith("stdin", &memfd.Options{Exec: true})
		if err != nil {
			return nil, err
		}
		if _, err := f.ReadFrom(os.Stdin); err != nil {
			return nil, err
		}
		return f, memfd.AddSeals(f, memfd.Immutable)
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, &exitError{lookupStatus(err), err}
	}
	disk, err := os.Open(path)
	if err != nil {
		return nil, &exitError{lookupStatus(err), err}
	}
	defer disk.Close()
	const maxSize = 1<<63 - 1
	return memfd.CloneWith(shortened(filepath.Base(path)), disk, maxSize, &memfd.Options{Exec: true})
}

// lookupStatus is the exit status for a command that is not found, or cannot be run.
func lookupStatus(err error) int {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return 127
	}
	return 126
}
