// SPDX-License-Identifier: MIT

// Command guest is the /init of the virtual machines: it does what the plan says and
// reports on the console. As the only program that a machine needs, it is static.
//
// By any other name than init it is echo(1): that of busybox must be called echo, and
// tests of exec do not do that.
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
		tell(wire.Message{Problem: err.Error()})
	} else {
		tell(wire.Message{Done: true})
	}
	unix.IoctlSetInt(1, unix.TCSBRK, 1) // waits until all of it is out
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART) // where there is no power switch
}

func work() error {
	if err := mountAll(); err != nil {
		return err
	}
	// The kernel keeps to itself what is no emergency, or it would cut our lines.
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
	for name, value := range plan.Settings {
		if err := set(name, value); err != nil {
			return err
		}
	}
	guest, err := describe()
	if err != nil {
		return err
	}
	tell(wire.Message{Guest: guest})
	for _, r := range plan.Runs {
		tell(wire.Message{Started: r.Name})
		tell(wire.Message{Result: run(r)})
	}
	return nil
}

func mountAll() error {
	for _, m := range []struct{ kind, at string }{
		{"devtmpfs", "/dev"},
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
	// For the scripts among executed memory files.
	if err := os.Symlink("/proc/self/fd", "/dev/fd"); err != nil && !os.IsExist(err) {
		return err
	}
	return os.Chmod("/tmp", 0o1777)
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

// notStarted is the exit status of a shell whose program could not be started.
const notStarted = 127

func run(r wire.Run) *wire.Result {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.Seconds)*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.Arguments[0], r.Arguments[1:]...)
	cmd.Env = append([]string{"PATH=/bin", "HOME=/tmp", "TMPDIR=/tmp"}, r.Environment...)
	cmd.Dir = cmp.Or(r.Folder, "/tmp")
	cmd.WaitDelay = time.Second // should a child of its hold the output
	output, err := cmd.CombinedOutput()
	result := &wire.Result{Status: notStarted, Output: string(output)}
	if cmd.ProcessState != nil {
		result.Status = tap.Status(cmd.ProcessState)
	} else {
		result.Output += fmt.Sprintf("%v\n", err)
	}
	if r.Report != "" {
		text, _ := os.ReadFile(r.Report) // without it the output says why
		result.Report = string(text)
	}
	return result
}

// tell writes a line of the console.
func tell(m wire.Message) {
	text, err := json.Marshal(m)
	if err != nil { // there is nothing in it that JSON cannot say
		panic(err)
	}
	fmt.Printf("%s%s\n", wire.Mark, text)
}
