// SPDX-License-Identifier: MIT

// Command guest is the init of the virtual machines. It executes the plan (see package wire) and
// writes the results to the console.
//
// If it is not process 1 it is echo(1). busybox chooses its command by argv[0], and the tests of
// exec pass another one.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"libmemfd_go/internal/tap"
	"libmemfd_go/tests/kernels/wire"
)

func main() {
	if os.Getpid() != 1 {
		fmt.Println(strings.Join(os.Args[1:], " "))
		return
	}
	if err := work(); err != nil {
		send(wire.Message{Problem: err.Error()})
	} else {
		send(wire.Message{Done: true})
	}
	unix.IoctlSetInt(1, unix.TCSBRK, 1) // tcdrain(3)
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART) // for machines that cannot power off; -no-reboot ends them
}

func work() error {
	if err := mountAll(); err != nil {
		return err
	}
	// Only emergencies: other kernel messages would appear within our lines.
	if err := set("kernel/printk", "1 1 1 1"); err != nil {
		return err
	}
	text, err := os.ReadFile(wire.PlanFile)
	if err != nil {
		return err
	}
	var plan wire.Plan
	if err := json.Unmarshal(text, &plan); err != nil {
		return err
	}
	if err := startLoopback(); err != nil {
		return fmt.Errorf("starting the interface lo: %w", err)
	}
	for name, value := range plan.Settings {
		if err := set(name, value); err != nil {
			return err
		}
	}
	guest, err := describe()
	if err != nil {
		return err
	}
	send(wire.Message{Guest: guest})
	for _, r := range plan.Runs {
		send(wire.Message{Started: r.Name})
		send(wire.Message{Result: run(r)})
	}
	return nil
}

func mountAll() error {
	for _, m := range []struct{ kind, at string }{
		{"devtmpfs", "/dev"},
		{"devpts", "/dev/pts"},
		{"tmpfs", "/dev/shm"},
		{"proc", "/proc"},
		{"sysfs", "/sys"},
		{"tmpfs", "/tmp"},
	} {
		if err := os.MkdirAll(m.at, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.at, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mounting %s: %w", m.at, err)
		}
	}
	// The kernel starts the interpreter of an executed memfd with /dev/fd/N.
	if err := os.Symlink("/proc/self/fd", "/dev/fd"); err != nil && !os.IsExist(err) {
		return err
	}
	return os.Chmod("/tmp", 0o1777)
}

func startLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

func set(name, value string) error {
	return os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0)
}

func describe() (*wire.Guest, error) {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return nil, err
	}
	return &wire.Guest{Release: string(release[:len(release)-1]), PageSize: os.Getpagesize()}, nil
}

// notStarted is the exit status that shells use.
const notStarted = 127

func run(r wire.Run) *wire.Result {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.Seconds)*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.Arguments[0], r.Arguments[1:]...)
	cmd.Env = append([]string{"PATH=/bin", "HOME=/tmp", "TMPDIR=/tmp"}, r.Environment...)
	cmd.Dir = cmp.Or(r.Folder, "/tmp")
	cmd.WaitDelay = time.Second // a grandchild may keep the pipe open
	output, err := cmd.CombinedOutput()
	result := &wire.Result{Status: notStarted, Output: string(output)}
	if cmd.ProcessState != nil {
		result.Status = tap.Status(cmd.ProcessState)
	} else {
		result.Output += fmt.Sprintf("%v\n", err)
	}
	if r.Report != "" {
		text, _ := os.ReadFile(r.Report) // if it is missing, the output says why
		result.Report = string(text)
	}
	return result
}

// send writes a message to the console, as one line.
func send(m wire.Message) {
	text, err := json.Marshal(m)
	if err != nil { // JSON can encode all of its fields
		panic(err)
	}
	fmt.Printf("%s%s\n", wire.Mark, text)
}
