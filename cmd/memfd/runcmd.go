// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"libmemfd_go/bindings/go/memfd"
)

func runCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "run PROGRAM|- [ARGUMENT...]",

		DisableFlagsInUseLine: true,

		Short: "Run a program from a sealed copy in memory",
		Long: `run copies a program, or standard input if PROGRAM is "-", to a sealed file in
memory and executes the copy. Replacing the file on disk does not affect the
running program, and the program cannot be changed through /proc/self/exe:
container runtimes protect themselves in this way.

Scripts work if they start with #! and their interpreter can open
/proc/self/fd/N. A program that looks for files next to /proc/self/exe does not
find them. ps(1) and top(1) show memfd:NAME as the program's name, or the number
of the descriptor on older kernels.

Of the signals that the caller of memfd ignores, the program ignores only
SIGHUP, SIGINT and those of job control, as with memfd-with(1).

The exit status is that of the program; 125 if memfd fails, 126 if the program
cannot be executed, 127 if it is not found.`,
		Example: `  memfd run /usr/bin/server --port 80
  ssh build cat program | memfd run - argument`,
		Args:        arguments(1, anyNumber),
		Annotations: map[string]string{"env": "yes"},
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := program(args[0])
			if err != nil {
				return err
			}
			argv := slices.Clone(args)
			if argv[0] == "-" {
				argv[0] = "stdin" // a shell called - is a login shell
			}
			return notExecuted(args[0], procMissing(memfd.Exec(f, argv, os.Environ())))
		},
	}
	command.Flags().SetInterspersed(false)
	return command
}

// program returns a sealed, executable copy of a program.
func program(name string) (*os.File, error) {
	features, err := memfd.Probe(0)
	if err != nil {
		return nil, err
	}
	if !features.Has(memfd.FeatureExecAllowed) {
		return nil, fmt.Errorf("%s: vm.memfd_noexec=%d forbids programs in memory", name, features.NoexecPolicy)
	}
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
	path, err := lookup(name)
	if err != nil {
		return nil, err
	}
	disk, err := os.Open(path)
	if err != nil {
		return nil, notExecuted(name, err)
	}
	defer disk.Close()
	return memfd.CloneWith(shortened(filepath.Base(path)), disk, math.MaxInt64, &memfd.Options{Exec: true})
}

// lookup finds a command as a shell does.
func lookup(name string) (path string, err error) {
	path, err = exec.LookPath(name)
	if errors.Is(err, exec.ErrNotFound) {
		return "", &exitError{127, fmt.Errorf("%s: not found in $PATH", name)}
	}
	if err != nil {
		return "", notExecuted(name, err)
	}
	return path, nil
}

// notExecuted gives an error the exit status that env(1) has for it.
func notExecuted(name string, err error) error {
	status := 126
	if errors.Is(err, os.ErrNotExist) {
		status = 127
	}
	return &exitError{status, fmt.Errorf("%s: %w", name, cause(err))}
}

// cause returns the error without the name of the file, which the message has already.
func cause(err error) error {
	for {
		switch e := err.(type) {
		case *exec.Error:
			err = e.Err
		case *os.PathError:
			err = e.Err
		default:
			return err
		}
	}
}
