// SPDX-License-Identifier: MIT

// Command memfd lists, checks, creates and runs files in memory.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// run executes a command line and returns the exit status.
func run(args []string) int {
	root := rootCommand()
	root.SetArgs(args)
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		unquoteUsage(root)
	}
	command, err := root.ExecuteC()
	if err == nil {
		return 0
	}
	status := 2
	if command.Annotations["env"] != "" {
		status = 125 // as env(1) does
	}
	var exit *exitError
	if errors.As(err, &exit) {
		status = exit.status
		err = exit.err
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "memfd: %v\n", err)
	}
	return status
}

// exitError ends the program with an exit status, and with a message unless err is nil.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string { return fmt.Sprintf("exit status %d: %v", e.status, e.err) }

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "memfd",
		Short: "List, check, create and run files in memory",
		Long: `memfd works on files in memory: memfds, which memfd_create(2) creates on
ordinary or huge pages, and secret files of memfd_secret(2). They are in no
directory: du(1) and df(1) do not count them, and free(1) calls them "shared".

A file of another process is named PID/FD, such as 1234/5, or by its path,
/proc/PID/fd/FD. "memfd completion SHELL" prints completions for bash, zsh or
fish.

The exit status is 0, or 2 on errors. Some commands have more: see their help.`,
		Example: `  memfd ls
  memfd with --from key.pem -- openssl rsa -in {} -noout -check
  memfd run ./program argument`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetVersionTemplate("memfd {{.Version}}\n")
	root.AddCommand(lsCommand(), showCommand(), checkCommand(), catCommand(), withCommand(),
		cloneCommand(), runCommand(), doctorCommand())
	root.AddCommand(extra...)
	refuseUnknown(root)
	return root
}

// refuseUnknown makes unknown arguments of help and completion errors. Cobra prints the usage and
// succeeds.
func refuseUnknown(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, command := range root.Commands() {
		switch command.Name() {
		case "help":
			command.Args = func(_ *cobra.Command, args []string) error {
				found, rest, err := root.Find(args)
				if err == nil && len(rest) > 0 {
					err = fmt.Errorf("unknown command %q for %q", rest[0], found.CommandPath())
				}
				return err
			}
		case "completion":
			command.RunE = func(command *cobra.Command, _ []string) error { return command.Help() }
		}
	}
}

// extra holds commands that only some builds have (docs.go).
var extra []*cobra.Command

// version is the version of the library that the command is released with.
const version = "1.0.0"

// arguments checks the number of arguments.
func arguments(low, high int) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if len(args) < low || len(args) > high {
			return fmt.Errorf("got %s; usage: %s", count(len(args), "argument"), command.UseLine())
		}
		return nil
	}
}

const anyNumber = math.MaxInt

// buffered calls print, and reports that its output cannot be written.
func buffered(command *cobra.Command, print func(out io.Writer)) error {
	out := bufio.NewWriter(command.OutOrStdout())
	print(out)
	return out.Flush()
}
