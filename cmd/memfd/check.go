// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/cmd/memfd/internal/text"
)

func checkCommand() *cobra.Command {
	var require, limit string
	var quiet bool
	command := &cobra.Command{
		Use:   "check PID/FD",
		Short: "Test whether a file can be trusted not to change",
		Long: `check verifies a file like a receiver that does not trust the sender: the
required seals must be set and must not be forgeable, and the file must be
neither empty nor longer than allowed. The seal "shrink" is always required.

The exit status is 0 if the file passes, 1 if it does not, 2 on errors.`,
		Example: `  memfd check 1234/5
  memfd check 1234/5 --require write,grow --max 1M && echo passed`,
		Args: arguments(1, 1),

		ValidArgsFunction: completeFile,
		RunE: func(command *cobra.Command, args []string) error {
			remote, err := parseFile(args[0])
			if err != nil {
				return err
			}
			required, err := memfd.ParseSeals(require)
			if err != nil {
				return fmt.Errorf("--require: %q is not a list of seals: want "+sealNames, require)
			}
			max := int64(math.MaxInt64)
			if limit != "" {
				if max, err = text.ParseSize(limit); err != nil {
					return fmt.Errorf("--max: %w", err)
				}
			}
			f, err := remote.open()
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = memfd.Verify(f, required|memfd.SealShrink, max)
			return checked(remote, err, quiet)
		},
	}
	flags := command.Flags()
	flags.StringVar(&require, "require", "write", "`SEALS` that must be set")
	flags.StringVar(&limit, "max", "", "largest `SIZE` to accept, such as 1M (default any)")
	flags.BoolVarP(&quiet, "quiet", "q", false, "do not explain why a file fails")
	return command
}

// checked returns the error of the command for that of memfd.Verify.
func checked(remote remoteFile, err error, quiet bool) error {
	if err == nil {
		return nil
	}
	reason := refusal(err)
	switch {
	case reason == "":
		return fmt.Errorf("%v: %w", remote, err)
	case quiet:
		return &exitError{1, nil}
	}
	return &exitError{1, fmt.Errorf("%v: %s", remote, reason)}
}
