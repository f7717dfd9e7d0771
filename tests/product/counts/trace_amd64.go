// SPDX-License-Identifier: MIT

package counts

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"libmemfd_go/internal/testenv"
)

// Trace single-steps through counted.c with a library.
func Trace(folder, library string) ([]Call, error) {
	program, err := compile(folder, testenv.Arches[0])
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread() // only the tracing thread may use ptrace(2)
	defer runtime.UnlockOSThread()
	cmd := exec.Command(program, library)
	cmd.Stderr = os.Stderr
	// Calls must not include lazy binding, or signals of a Go runtime.
	cmd.Env = append(os.Environ(), "LD_BIND_NOW=1", "GODEBUG=asyncpreemptoff=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer cmd.Wait()
	t := tracer{pid: cmd.Process.Pid}
	if _, err := t.wait(); err != nil { // it stops at execve(2)
		return nil, err
	}
	calls, err := t.run()
	if err != nil {
		cmd.Process.Kill()
		return nil, err
	}
	return calls, nil
}

// A tracer steps through a process.
type tracer struct {
	pid      int
	overhead int // instructions around a call that does nothing
}

const breakpoint = 0xcc

// wait returns false when the process has ended.
func (t *tracer) wait() (bool, error) {
	var status unix.WaitStatus
	if _, err := unix.Wait4(t.pid, &status, 0, nil); err != nil {
		return false, err
	}
	switch {
	case status.Exited() && status.ExitStatus() == 0:
		return false, nil
	case !status.Stopped() || status.StopSignal() != unix.SIGTRAP:
		return false, fmt.Errorf("counted.c ended or stopped unexpectedly: wait status %#x", status)
	}
	return true, nil
}

// run counts all calls until the process ends.
func (t *tracer) run() ([]Call, error) {
	var calls []Call
	for {
		if err := unix.PtraceCont(t.pid, 0); err != nil {
			return nil, err
		}
		if alive, err := t.wait(); err != nil || !alive {
			return calls, err
		}
		call, err := t.step()
		if err != nil {
			return nil, err
		}
		if call.Name == "nothing" {
			t.overhead = call.Instructions - 1 // its RET
			continue
		}
		call.Instructions -= t.overhead
		if call.Name != "" {
			calls = append(calls, call)
		}
	}
}

// step counts the instructions from one breakpoint to the next.
func (t *tracer) step() (Call, error) {
	var call Call
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(t.pid, &regs); err != nil {
		return call, err
	}
	call.Name = t.text(uintptr(regs.Rax))
	for {
		if err := unix.PtraceGetRegs(t.pid, &regs); err != nil {
			return call, err
		}
		var code [2]byte
		if _, err := unix.PtracePeekText(t.pid, uintptr(regs.Rip), code[:]); err != nil {
			return call, err
		}
		if err := unix.PtraceSingleStep(t.pid); err != nil {
			return call, err
		}
		if alive, err := t.wait(); err != nil || !alive {
			return call, fmt.Errorf("counted.c ended in %s: %w", call.Name, err)
		}
		if code[0] == breakpoint {
			return call, nil
		}
		call.Instructions++
		if code == [2]byte{0x0f, 0x05} {
			call.SystemCalls = append(call.SystemCalls, int(regs.Rax))
		}
	}
}

// text reads a C string of the process.
func (t *tracer) text(address uintptr) string {
	buffer := make([]byte, 64)
	if address == 0 {
		return ""
	}
	n, _ := unix.PtracePeekData(t.pid, address, buffer)
	text, _, _ := strings.Cut(string(buffer[:n]), "\x00")
	return text
}
