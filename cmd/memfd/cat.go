// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"
	"math"
	"os"

	"github.com/spf13/cobra"

	"libmemfd_go/bindings/go/memfd"
)

func catCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cat PID/FD",
		Short: "Write the contents of a file to standard output",
		Long: `cat copies the contents of a file, from its first byte to its last, to standard
output. The offset that its holder reads or writes at does not move. A file of
memfd_secret(2) cannot be read.`,
		Example: `  memfd cat 1234/5 > copy`,
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: completeFile,
		RunE: func(command *cobra.Command, args []string) error {
			remote, err := parseFile(args[0])
			if err != nil {
				return err
			}
			contents, _, err := remote.contents()
			if err != nil {
				return err
			}
			_, err = io.Copy(command.OutOrStdout(), contents)
			return err
		},
	}
}

// contents returns the contents of a file, without an effect on its offset, and its name.
func (r remoteFile) contents() (io.Reader, string, error) {
	f, info, err := r.openMemory()
	if err != nil {
		return nil, "", err
	}
	if info.Kind == memfd.KindSecret {
		return nil, "", fmt.Errorf("%v: the contents of a secret file can only be mapped, by those that hold it", r)
	}
	if info.Access == memfd.AccessWrite || info.Access == memfd.AccessNone {
		if f, err = memfd.Reopen(f, os.O_RDONLY); err != nil {
			return nil, "", fmt.Errorf("%v: %w", r, err)
		}
	}
	return io.NewSectionReader(f, 0, math.MaxInt64), info.Name, nil
}

func cloneCommand() *cobra.Command {
	options := withOptions{}
	command := &cobra.Command{
		Use:   "clone PID/FD [flags] -- COMMAND [ARGUMENT...]",
		Short: "Run a command with a sealed copy of another process's file",
		Long: `clone copies a file of another process and runs a command with the copy: "{}" in
the command becomes its path, as with "memfd with". What the process does to its
own file afterwards does not matter.`,
		Example: `  memfd clone 1234/5 -- sha256sum {}`,
		Args:    cobra.MinimumNArgs(2),

		ValidArgsFunction: completeFile,
		RunE: func(command *cobra.Command, args []string) error {
			remote, err := parseFile(args[0])
			if err != nil {
				return err
			}
			contents, name, err := remote.contents()
			if err != nil {
				return err
			}
			if options.name != "" {
				name = options.name
			}
			return options.run([]source{{contents, name}}, args[1:])
		},
		Annotations: map[string]string{"env": "yes"},
	}
	options.addFlags(command)
	command.Flags().SetInterspersed(true)
	return command
}
