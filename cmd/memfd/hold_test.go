// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// With --hold, memfd ends by the signal that ends the command, or with its number.
func TestHoldSignal(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		cmd := command("x", "with", "--hold", "--", "sh", "-c", fmt.Sprintf("kill -%d $$", s), "{}")
		cmd.Run()
		if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != s {
			t.Errorf("the command ends by %v, memfd ends by %v", s, status.Signal())
		}
	}
	expect(t, 128+int(syscall.SIGUSR1), "", "x", "with", "--hold", "--", "sh", "-c", "kill -USR1 $$", "{}")
}

// With --hold, memfd passes signals on to the command.
func TestHoldForwards(t *testing.T) {
	cmd := command("x", "with", "--hold", "--", "sh", "-c", `trap 'echo got it; exit 3' TERM; echo ready; while :; do sleep 0.1; done`, "{}")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("%q", lines.Text())
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if !lines.Scan() || lines.Text() != "got it" {
		t.Errorf("%q", lines.Text())
	}
	cmd.Wait()
	if status := cmd.ProcessState.ExitCode(); status != 3 {
		t.Errorf("status %d", status)
	}
}

// Of ignored signals, with and without --hold, what nohup(1) and shells ignore stays ignored.
func TestIgnoredSignals(t *testing.T) {
	bit := func(s syscall.Signal) uint64 { return 1 << (s - 1) }
	kept := bit(unix.SIGHUP) | bit(unix.SIGINT) | bit(unix.SIGTSTP)
	lost := bit(unix.SIGTERM) | bit(unix.SIGPIPE)
	for _, how := range [][]string{{"with", "--"}, {"with", "--hold", "--"}} {
		memfd := command("x", append(how, "grep", "SigIgn", "{}", "/proc/self/status")...)
		cmd := exec.Command("sh", append([]string{"-c", `trap '' HUP INT TSTP TERM PIPE; exec "$0" "$@"`}, memfd.Args...)...)
		cmd.Env, cmd.Stdin = memfd.Env, memfd.Stdin
		output, err := cmd.Output()
		var ignored uint64
		if _, mask, ok := bytes.Cut(output, []byte("SigIgn:")); ok {
			fmt.Sscanf(string(mask), "%x", &ignored)
		}
		if err != nil || ignored&(kept|lost) != kept {
			t.Errorf("%q: %v, %q", how, err, output)
		}
	}
}

// A terminal sends SIGINT to memfd and the command. The command must not get it twice, even if
// standard input is not the terminal.
func TestHoldInterruptedByTerminal(t *testing.T) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer master.Close()
	unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	n, err := unix.IoctlGetUint32(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer terminal.Close()
	cmd := command("x", "with", "--hold", "--", "sh", "-c", `trap 'echo interrupt' INT; echo ready; for i in 1 2 3 4 5; do sleep 0.1; done`, "{}")
	cmd.ExtraFiles = []*os.File{terminal}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer cmd.Wait()
	lines := bufio.NewScanner(stdout)
	lines.Scan()
	master.Write([]byte{3}) // Ctrl-C
	var interrupts int
	for lines.Scan() {
		interrupts++
	}
	if interrupts != 1 {
		t.Errorf("%d interrupts", interrupts)
	}
}
