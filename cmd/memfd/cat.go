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
		Use: "cat PID/FD",

		DisableFlagsInUseLine: true,

		Short: "Write the contents of a file to standard output",
		Long: `cat copies a whole file to standard output. It does not move the offset at
which the file's holder reads or writes. Secret files cannot be read.`,
		Example: `  memfd cat 1234/5 > copy`,
		Args:    arguments(1, 1),

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

// contents returns a reader of the whole file, which does not move its offset, and its name.
func (r remoteFile) contents() (io.Reader, string, error) {
	f, info, err := r.openMemory()
	if err != nil {
		return nil, "", err
	}
	if info.Kind == memfd.KindSecret {
		return nil, "", fmt.Errorf("%v: secret files cannot be read; their holders can map them", r)
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
		Long: `clone copies a file of another process to a sealed file and executes the command
with it, as memfd-with(1) does: "{}" becomes the path of the copy. The process
cannot change the copy.

The exit status is that of the command; 125 if memfd fails, 126 if the command
cannot be executed, 127 if it is not found.`,
		Example: `  memfd clone 1234/5 -- sha256sum {}`,
		Args:    arguments(2, anyNumber),

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
			return options.run([]source{{contents, name, remote.String()}}, args[1:])
		},
		Annotations: map[string]string{"env": "yes"},
	}
	options.addFlags(command)
	command.Flags().SetInterspersed(true)
	return command
}
