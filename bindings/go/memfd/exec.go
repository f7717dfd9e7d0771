// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"math"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func procPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// Exec replaces the running program by the one in f, like syscall.Exec. It returns only if it
// fails. The program does not inherit f unless it is a script, whose interpreter has to
// open it.
//
// f must be executable (EACCES: Options.Exec makes such files), and must not be open for
// writing through another open file than the one that created it (ETXTBSY). /proc must
// be mounted.
func Exec(f *os.File, argv, envv []string) error {
	return fileError("exec", f, control(f, func(fd int) error { return execFD(fd, argv, envv) }))
}

// execFD executes a descriptor. No other goroutine may start a program while it is not
// close-on-exec.
func execFD(fd int, argv, envv []string) error {
	if !isScript(fd) {
		return syscall.Exec(procPath(fd), argv, envv)
	}
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	inherited, err := unix.Dup(fd)
	if err != nil {
		return err
	}
	defer unix.Close(inherited)
	return syscall.Exec(procPath(inherited), argv, envv)
}

func isScript(fd int) bool {
	var start [2]byte
	n, _ := unix.Pread(fd, start[:], 0)
	return string(start[:n]) == "#!"
}

// Command returns the exec.Cmd that runs the program in f with the given arguments. What
// runs is a sealed clone, made now: whatever happens to f afterwards does not matter. The
// clone stays open as long as the Cmd is reachable, so that Start finds it. /proc must be
// mounted, also where SysProcAttr leads the program (Chroot).
//
// The program sees its path as /proc/self/fd/N. Scripts fail with ENOEXEC: run their
// interpreter, with the file in ExtraFiles and "/dev/fd/3" as argument.
func Command(f *os.File, arg ...string) (*exec.Cmd, error) {
	program, err := CloneWith("command", f, math.MaxInt64, &Options{Exec: true})
	if err != nil {
		return nil, err
	}
	defer program.Close()
	var high int
	err = control(program, func(fd int) (err error) {
		if isScript(fd) {
			return syscall.ENOEXEC
		}
		high, err = dupHigh(fd)
		return err
	})
	if err != nil {
		return nil, fileError("command", f, err)
	}
	cmd := exec.Command(procPath(high), arg...)
	cmd.Args[0] = f.Name()
	runtime.AddCleanup(cmd, func(kept *os.File) { kept.Close() }, os.NewFile(uintptr(high), "memfd:command"))
	return cmd, nil
}

// dupHigh duplicates a descriptor to a number that is so high that no file of ExtraFiles, which
// get the numbers from 3 on in the new program, takes its place.
func dupHigh(fd int) (int, error) {
	for least := 900; ; least /= 2 {
		high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, least)
		if err != unix.EINVAL || least == 0 { // over RLIMIT_NOFILE
			return high, err
		}
	}
}
