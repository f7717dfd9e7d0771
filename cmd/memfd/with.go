// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
)

// withOptions are what "with" and "clone" have in common.
type withOptions struct {
	name, replace, seal string
	hold                bool
}

// source is what a sealed file is made from.
type source struct {
	io.Reader
	name string
}

func (o *withOptions) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&o.name, "name", "", "the `NAME` of the files in memory; by default that of the source")
	flags.StringVar(&o.replace, "replace", "{}", "the `TEXT` that stands for the file")
	flags.StringVar(&o.seal, "seal", "immutable", "`SEALS` to set: immutable, names such as write,shrink, or letters")
	flags.BoolVar(&o.hold, "hold", false, "stay as the parent, for commands that close what they inherit")
	flags.SetInterspersed(false)
}

func withCommand() *cobra.Command {
	options := withOptions{}
	var from []string
	command := &cobra.Command{
		Use:   "with [flags] -- COMMAND [ARGUMENT...]",
		Short: "Run a command with sealed files instead of files in /tmp",
		Long: `with copies standard input, or each file that --from names, to a sealed file in
memory, and executes the command. "{}" in its arguments, also inside of one,
becomes the path of the file, /dev/fd/N. With several files "{1}" is the first
and "{2}" the second; "{}" is the first.

The files have mode 0400 and cannot be changed, and nothing is left on a disk or
in /tmp when the command ends. The command inherits the descriptors and so do
its children, unless it closes them. Processes of the same user, and root, can
open the files by way of /proc while they exist.

Some programs close all descriptors that they inherit; ssh does. With --hold
memfd stays as the parent of the command and the path is /proc/PID/fd/N.

The exit status is that of the command; 125 if memfd itself fails, 126 if the
command cannot be run, 127 if it is not found.`,
		Example: `  pass show server | memfd with -- ssh-keygen -y -f {}
  memfd with --from ca.pem --from key.pem -- curl --cacert {1} --key {2} https://server
  memfd with --from key.pem --hold -- ssh -i {} server`,
		Args:        cobra.MinimumNArgs(1),
		Annotations: map[string]string{"env": "yes"},
		RunE: func(command *cobra.Command, args []string) error {
			sources, err := openSources(from, options.name)
			if err != nil {
				return err
			}
			return options.run(sources, args)
		},
	}
	options.addFlags(command)
	command.Flags().StringArrayVar(&from, "from", []string{"-"}, "copy `FILE`, or standard input if it is -")
	return command
}

func openSources(from []string, name string) ([]source, error) {
	var sources []source
	for _, path := range from {
		s := source{os.Stdin, "stdin"}
		if path != "-" {
			f, err := os.Open(path)
			if err != nil {
				return nil, err
			}
			s = source{f, filepath.Base(path)}
		}
		if name != "" {
			s.name = name
		}
		sources = append(sources, s)
	}
	return sources, nil
}

// run makes the files and executes the command.
func (o *withOptions) run(sources []source, args []string) error {
	seals, err := memfd.ParseSeals(o.seal)
	if err != nil || seals == 0 {
		return fmt.Errorf("--seal: %q is not a list of seals", o.seal)
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		return &exitError{lookupStatus(err), err}
	}
	var files []*os.File
	for _, s := range sources {
		f, err := sealed(s, seals)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		files = append(files, f)
	}
	if o.hold {
		return o.runChild(files, path, args)
	}
	return o.exec(files, path, args)
}

// sealed copies a source to a file in memory, opened for reading only.
func sealed(s source, seals memfd.Seals) (*os.File, error) {
	f, err := memfd.CreateWith(shortened(s.name), &memfd.Options{Mode: 0o400})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := io.Copy(f, s); err != nil {
		return nil, err
	}
	if err := memfd.AddSeals(f, seals); err != nil {
		return nil, err
	}
	return memfd.Reopen(f, os.O_RDONLY)
}

// shortened cuts a name to what memfd_create(2) takes.
func shortened(name string) string {
	return name[:min(len(name), 249)]
}

// exec replaces this process by the command, which inherits the files.
func (o *withOptions) exec(files []*os.File, path string, args []string) error {
	var paths []string
	for _, f := range files {
		fd, err := inheritable(f)
		if err != nil {
			return err
		}
		paths = append(paths, "/dev/fd/"+strconv.Itoa(fd))
	}
	args, err := o.fill(args, paths)
	if err != nil {
		return err
	}
	err = syscall.Exec(path, args, os.Environ())
	return &exitError{lookupStatus(err), fmt.Errorf("%s: %w", path, err)}
}

// inheritable duplicates a file to a descriptor that outlives execve(2).
func inheritable(f *os.File) (fd int, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	control := conn.Control(func(number uintptr) { fd, err = unix.FcntlInt(number, unix.F_DUPFD, 3) })
	return fd, errors.Join(err, control)
}

// fill puts the paths in the place of "{}", "{1}" and so on.
func (o *withOptions) fill(args, paths []string) ([]string, error) {
	pairs := []string{o.replace, paths[0]}
	if open, end, ok := strings.Cut(o.replace, "}"); ok {
		for i, path := range paths {
			pairs = append(pairs, open+strconv.Itoa(i+1)+"}"+end, path)
		}
	}
	replacer := strings.NewReplacer(pairs...)
	filled := []string{args[0]}
	used := false
	for _, arg := range args[1:] {
		filled = append(filled, replacer.Replace(arg))
		used = used || filled[len(filled)-1] != arg
	}
	if !used {
		return nil, fmt.Errorf("no %s in the arguments of %s: it would not know of the file", o.replace, args[0])
	}
	return filled, nil
}
