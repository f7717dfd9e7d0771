// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
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

// source is copied to a sealed file.
type source struct {
	io.Reader
	name string // of the sealed file
	path string // for messages
}

func (o *withOptions) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&o.name, "name", "", "`NAME` of the sealed files (default that of the source)")
	flags.StringVar(&o.replace, "replace", "{}", "`TEXT` to replace with the path of the file")
	flags.StringVar(&o.seal, "seal", "immutable", "`SEALS` to set: names or letters")
	flags.BoolVar(&o.hold, "hold", false, "stay as parent, for commands that close descriptors")
	flags.SetInterspersed(false)
}

func withCommand() *cobra.Command {
	options := withOptions{}
	var from []string
	command := &cobra.Command{
		Use:   "with [flags] -- COMMAND [ARGUMENT...]",
		Short: "Run a command with sealed files instead of files in /tmp",
		Long: `with copies standard input, or each file given by --from, to a sealed file in
memory and executes a command. "{}" in its arguments, alone or inside a word,
becomes the path of the file, /dev/fd/N. With several files, "{1}" is the first,
"{2}" the second, and "{}" the first.

The files have mode 0400 and cannot be changed. No file remains on disk when the
command ends, but memory may be swapped. The command inherits the descriptors,
and so do its children unless it closes them. Other processes of the same user,
and root, can open the files through /proc as long as a process holds them.

Some programs close inherited descriptors; ssh(1) does. With --hold, memfd stays
as the parent of the command, and the path is /proc/PID/fd/N.

psql(1) ignores password files that are pipes or that others can read, but
accepts these: see the examples.

Of the signals that the caller of memfd ignores, the command ignores only
SIGHUP, SIGINT and those of job control. The others have their default effect,
such as SIGPIPE in services of systemd.

The exit status is that of the command; 125 if memfd fails, 126 if the command
cannot be executed, 127 if it is not found. With --hold, if SIGHUP, SIGINT,
SIGTERM or SIGKILL kills the command, memfd kills itself with the same signal;
for other signals the exit status is 128 plus the number of the signal.`,
		Example: `  pass show server | memfd with -- ssh-keygen -y -f {}
  memfd with --from ca.pem --from key.pem -- curl --cacert {1} --key {2} URL
  memfd with --from key.pem --hold -- ssh -i {} server
  pass show pgpass | memfd with -- env PGPASSFILE={} psql -h db`,
		Args:        arguments(1, anyNumber),
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
	command.Flags().StringArrayVar(&from, "from", []string{"-"}, "`FILE` to copy (repeatable); by default standard input, -")
	command.Flags().Lookup("from").DefValue = "[]"
	return command
}

func openSources(from []string, name string) ([]source, error) {
	var sources []source
	for _, path := range from {
		s := source{os.Stdin, "stdin", "standard input"}
		if path != "-" {
			f, err := os.Open(path)
			if err != nil {
				return nil, err
			}
			s = source{f, filepath.Base(path), path}
		}
		if name != "" {
			s.name = name
		}
		sources = append(sources, s)
	}
	return sources, nil
}

// run creates the files and executes the command.
func (o *withOptions) run(sources []source, args []string) error {
	seals, err := memfd.ParseSeals(o.seal)
	if err != nil || seals == 0 {
		return fmt.Errorf("--seal: %q is not a list of seals: want immutable, or "+sealNames, o.seal)
	}
	if o.replace == "" {
		return errors.New("--replace: the text must not be empty")
	}
	path, err := lookup(args[0])
	if err != nil {
		return err
	}
	var files []*os.File
	for _, s := range sources {
		f, err := sealed(s, seals)
		if err != nil {
			return fmt.Errorf("%s: %w", s.path, cause(err))
		}
		files = append(files, f)
	}
	if o.hold {
		return o.runChild(files, path, args)
	}
	return o.exec(files, path, args)
}

// sealed copies a source to a sealed file, opened for reading.
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
	readOnly, err := memfd.Reopen(f, os.O_RDONLY)
	return readOnly, procMissing(err)
}

// procMissing replaces ENOENT for paths below /proc by its cause.
func procMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		if _, missing := os.Stat("/proc/self/fd"); missing != nil {
			return errors.New("/proc is not mounted")
		}
	}
	return err
}

// shortened cuts a name to the length that memfd_create(2) accepts.
func shortened(name string) string {
	return name[:min(len(name), 249)]
}

const sealNames = "some of seal, grow, shrink, write, future_write, exec"

// exec replaces this process by the command, which inherits the files.
func (o *withOptions) exec(files []*os.File, path string, args []string) error {
	folder := "/dev/fd/"
	if _, err := os.Stat(folder); err != nil { // a bare container or initramfs
		folder = "/proc/self/fd/"
	}
	var paths []string
	for _, f := range files {
		fd, err := inheritable(f)
		if err != nil {
			return err
		}
		paths = append(paths, folder+strconv.Itoa(fd))
	}
	args, err := o.fill(args, paths)
	if err != nil {
		return err
	}
	return notExecuted(args[0], syscall.Exec(path, args, os.Environ()))
}

// inheritable duplicates a descriptor, without close-on-exec.
func inheritable(f *os.File) (fd int, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	control := conn.Control(func(number uintptr) { fd, err = unix.FcntlInt(number, unix.F_DUPFD, 3) })
	return fd, errors.Join(err, control)
}

// fill replaces "{}", "{1}" and so on by the paths.
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
		return nil, fmt.Errorf("%s: no argument contains %s", args[0], o.replace)
	}
	return filled, nil
}
