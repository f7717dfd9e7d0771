// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
)

// remoteFile is a descriptor of another process.
type remoteFile struct{ pid, fd int }

func (r remoteFile) String() string { return fmt.Sprintf("%d/%d", r.pid, r.fd) }

// parseFile parses PID/FD or a path: /proc/PID/fd/FD, /proc/self/fd/FD, /dev/fd/FD.
func parseFile(text string) (remoteFile, error) {
	path := strings.Replace(text, "/dev/fd/", "/proc/self/fd/", 1)
	pid, fd, _ := strings.Cut(path, "/")
	if path, ok := strings.CutPrefix(path, "/proc/"); ok {
		pid, fd, _ = strings.Cut(path, "/fd/")
		if pid == "self" {
			pid = strconv.Itoa(os.Getpid())
		}
	}
	p, err := strconv.ParseInt(pid, 10, 32)
	f, err2 := strconv.ParseInt(fd, 10, 32)
	if err != nil || err2 != nil || p <= 0 || f < 0 {
		return remoteFile{}, fmt.Errorf("%q is not a file: want PID/FD or /proc/PID/fd/FD", text)
	}
	return remoteFile{int(p), int(f)}, nil
}

// open returns the file. Use ReadAt to read it: the process may share its offset. A duplicate
// is tried first, because opening the file would break a lease on it.
func (r remoteFile) open() (*os.File, error) {
	pidfd, err := unix.PidfdOpen(r.pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil, fmt.Errorf("there is no process %d", r.pid)
	}
	if err == nil {
		defer unix.Close(pidfd)
		f, err := memfd.FromPidfd(pidfd, r.fd)
		if err == nil {
			return f, nil
		}
		if errors.Is(err, unix.EBADF) {
			return nil, fmt.Errorf("process %d has no descriptor %d", r.pid, r.fd)
		}
	}
	f, err := memfd.FromPID(r.pid, r.fd, os.O_RDONLY)
	if errors.Is(err, os.ErrPermission) {
		return nil, fmt.Errorf("%v: %w; CAP_SYS_PTRACE or root is needed", r, unix.EACCES)
	}
	if err != nil {
		return nil, fmt.Errorf("%v: %w", r, err)
	}
	return f, nil
}

// openMemory is like open, but refuses files that are not in memory.
func (r remoteFile) openMemory() (*os.File, memfd.Info, error) {
	f, err := r.open()
	if err != nil {
		return nil, memfd.Info{}, err
	}
	info, err := memfd.Inspect(f)
	if err == nil && (info.Kind == memfd.KindOther || info.Kind == memfd.KindTmpfs) {
		err = errors.New("not a file of memfd_create(2) or memfd_secret(2)")
	}
	if err != nil {
		f.Close()
		return nil, info, fmt.Errorf("%v: %w", r, err)
	}
	return f, info, nil
}
