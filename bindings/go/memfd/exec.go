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
// fails. The new program does not inherit f, except if f is a script, because its interpreter
// has to open it. f may be opened with O_PATH unless it is a script. Exec fails
//
//   - with EACCES if f is not executable (see Options.Exec)
//   - with ETXTBSY if f is open for writing through another open file description than the one
//     that created it
//   - with ENOEXEC if f is not a program
//   - with ENOENT if /proc is not mounted or the interpreter does not exist
//
// Source: execve(2).
func Exec(f *os.File, argv, envv []string) error {
	return fileError("exec", f, control(f, func(fd int) error { return execFD(fd, argv, envv) }))
}

// execFD executes a descriptor. ForkLock keeps other goroutines from starting a program while
// the copy is not close-on-exec.
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
	n, err := unix.Pread(fd, start[:], 0) // n is -1 after an error
	return err == nil && string(start[:n]) == "#!"
}

// Command returns an exec.Cmd that runs the program in f with the given arguments. It clones f
// at once, so later changes to f have no effect. The clone stays open as long as the Cmd is
// reachable. Start needs /proc, in the root directory of SysProcAttr.Chroot too.
//
// The program sees itself as /proc/self/fd/N. Command fails with ENOEXEC if f is a script: run
// its interpreter instead, with f in ExtraFiles and "/dev/fd/3" as its argument.
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

// dupHigh duplicates a descriptor to a number that the new process does not reuse before it
// executes the program: above those of ExtraFiles, 3 and up, and not next to the descriptors of
// this process. Package syscall duplicates some of them to the numbers that follow the largest.
func dupHigh(fd int) (int, error) {
	for least := fd + 1000; ; least /= 2 {
		high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, least)
		tooHigh := err == unix.EINVAL || err == unix.EMFILE // for RLIMIT_NOFILE
		if !tooHigh || least == 0 {
			return high, err
		}
	}
}
