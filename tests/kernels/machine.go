// SPDX-License-Identifier: MIT

package kernels

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

	"libmemfd_go/internal/testenv"
	"libmemfd_go/tests/kernels/wire"
)

// timeout limits the time a machine takes to boot and run the plan.
func timeout() time.Duration {
	if testenv.Full() {
		return 90 * time.Minute
	}
	return 15 * time.Minute
}

// A machine is an emulated computer of an architecture.
type machine struct {
	emulator string
	options  []string
	kernel   string // command line
}

// There is no -accel kvm: a /dev/kvm that can be opened may still not work. no_timer_check: on a
// slow host the timer test of a PC kernel fails, and the kernel panics. With ERMS, kernels copy
// and clear pages with REP MOVSB and REP STOSB, which the emulator executes byte by byte: the C suite
// takes 1.6 times as long.
var machines = map[string]machine{
	"amd64":   {"x86_64", []string{"-accel", "tcg", "-M", "pc", "-cpu", "max,erms=off,fsrm=off", "-m", "768"}, "console=ttyS0 no_timer_check"},
	"386":     {"i386", []string{"-accel", "tcg", "-M", "pc", "-cpu", "max,erms=off,fsrm=off", "-m", "768"}, "console=ttyS0 no_timer_check"},
	"arm64":   {"aarch64", []string{"-M", "virt", "-cpu", "max,pauth-impdef=on", "-m", "1024"}, "console=ttyAMA0"},
	"arm":     {"arm", []string{"-M", "virt,highmem=off", "-cpu", "cortex-a15", "-m", "768"}, "console=ttyAMA0"},
	"riscv64": {"riscv64", []string{"-M", "virt", "-m", "768"}, "console=ttyS0"},
	"ppc64le": {"ppc64", []string{"-M", "pseries", "-m", "1536", "-vga", "none"}, "console=hvc0"},
	"s390x":   {"s390x", []string{"-M", "s390-ccw-virtio", "-m", "768"}, "console=ttysclp0"},
	"loong64": {"loongarch64", []string{"-M", "virt", "-m", "1536"}, "console=ttyS0"},
}

// command returns the emulator's command line.
func (m machine) command(kernel, image, commandLine string) ([]string, error) {
	emulator, err := testenv.Tool{Part: "qemu-system", Name: "qemu-system-" + m.emulator}.Path()
	if err != nil {
		return nil, err
	}
	// On ramfs, as on a disk, files cannot be sealed; on tmpfs they could.
	commandLine = strings.TrimSpace(m.kernel + " panic=-1 quiet rootfstype=ramfs " + commandLine)
	return slices.Concat([]string{emulator}, m.options, []string{
		"-nographic", "-no-reboot", "-nodefaults", "-serial", "stdio",
		"-kernel", kernel, "-initrd", image, "-append", commandLine,
	}), nil
}

// A report is what a machine wrote to its console.
type report struct {
	guest   *wire.Guest
	results []*wire.Result // in the order of the plan
	console []string       // lines of the kernel
	problem error          // why the plan was not completed
}

func boot(command []string) *report {
	ctx, cancel := context.WithTimeout(context.Background(), timeout())
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.WaitDelay = time.Second
	output, err := cmd.StdoutPipe()
	if err != nil {
		return &report{problem: err}
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return &report{problem: err}
	}
	r := listen(output)
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		r.problem = fmt.Errorf("the machine is still running after %v; it was killed", timeout())
	case r.problem == nil && err != nil:
		r.problem = err
	}
	return r
}

// listen reads the console until it is closed.
func listen(console io.Reader) *report {
	r := &report{problem: fmt.Errorf("the machine stopped before it booted")}
	lines := bufio.NewReader(console)
	for {
		line, err := lines.ReadString('\n')
		if before, text, found := strings.Cut(strings.TrimRight(line, "\r\n"), wire.Mark); found {
			r.handle(text)
		} else if before != "" {
			r.console = append(r.console, before)
		}
		if err != nil {
			return r
		}
	}
}

func (r *report) handle(text string) {
	var m wire.Message
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		r.problem = fmt.Errorf("cannot parse this line of the console: %w: %s", err, text)
		return
	}
	switch {
	case m.Guest != nil:
		r.guest = m.Guest
		r.problem = fmt.Errorf("the machine stopped before it ran a test")
	case m.Started != "":
		r.problem = fmt.Errorf("the machine stopped while it ran %s", m.Started)
	case m.Result != nil:
		r.results = append(r.results, m.Result)
	case m.Problem != "":
		r.problem = fmt.Errorf("the machine's init failed: %s", m.Problem)
	case m.Done:
		r.problem = nil
	}
}
