// SPDX-License-Identifier: MIT

// Command memfd shows the memory files that processes hold, and makes, checks and runs them.
package main

import (
	"errors"
	"fmt"
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

// exitError is the end of the program with an exit status, and a message unless err is nil.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string { return fmt.Sprintf("exit status %d: %v", e.status, e.err) }

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "memfd",
		Short: "See, create and run files in memory",
		Long: `memfd works with memory files: those of memfd_create(2), on ordinary and huge
pages, and those of memfd_secret(2). They appear in no directory; du(1) and
df(1) do not count them, and free(1) counts them as "shared".

A file of another process is named PID/FD, such as 1234/5, or by its path
/proc/PID/fd/FD. "memfd completion SHELL" writes completions for bash, zsh, fish.

The exit status is 0, or 2 if something fails; memfd check, with, clone and run
have others.`,
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
	return root
}

// extra are commands that only some builds have (docs.go).
var extra []*cobra.Command

// version is that of the library, which the command is released with.
const version = "1.0.0"
