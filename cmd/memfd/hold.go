// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// runChild runs the command as a child, which opens the files in /proc, and returns its status.
func (o *withOptions) runChild(files []*os.File, path string, args []string) error {
	var paths []string
	for _, f := range files {
		paths = append(paths, fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), number(f)))
	}
	args, err := o.fill(args, paths)
	if err != nil {
		return err
	}
	command := exec.Command(path)
	command.Args = args
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	signals := make(chan os.Signal, 16)
	for _, s := range []os.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2} {
		if !signal.Ignored(s) { // nohup(1): the child ignores it, too
			signal.Notify(signals, s)
		}
	}
	if err := command.Start(); err != nil {
		return notExecuted(args[0], err)
	}
	go forward(signals, command.Process)
	err = command.Wait()
	runtime.KeepAlive(files)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	status := exit.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		dieBy(status.Signal())
		return &exitError{128 + int(status.Signal()), nil}
	}
	return &exitError{status.ExitStatus(), nil}
}

// dieBy ends this process by the signal, if it is one after which a shell stops a loop or script. Go
// would handle most others itself.
func dieBy(s unix.Signal) {
	switch s {
	case unix.SIGHUP, unix.SIGINT, unix.SIGTERM, unix.SIGKILL:
		signal.Reset()
		unix.Kill(os.Getpid(), s)
		time.Sleep(time.Second) // until the signal arrives
	}
}

// number returns a file's descriptor. Unlike Fd, it does not make the file blocking.
func number(f *os.File) (fd int) {
	if conn, err := f.SyscallConn(); err == nil {
		conn.Control(func(number uintptr) { fd = int(number) })
	}
	return fd
}

// forward passes signals on to the child, except those that a terminal sends to both.
func forward(signals <-chan os.Signal, child *os.Process) {
	for s := range signals {
		if (s == unix.SIGINT || s == unix.SIGQUIT) && inForeground() {
			continue
		}
		child.Signal(s)
	}
}

// inForeground reports whether signals typed in a terminal go to this process and its child.
func inForeground() bool {
	terminal, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(terminal)
	group, err := unix.IoctlGetUint32(terminal, unix.TIOCGPGRP)
	return err == nil && int(group) == unix.Getpgrp()
}
