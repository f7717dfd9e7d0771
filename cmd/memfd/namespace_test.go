// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// inNamespace runs a shell script as root of new namespaces; $MEMFD is the command.
func inNamespace(t *testing.T, script string) result {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("it takes root")
	}
	cmd := exec.Command("unshare", "--mount", "--pid", "--fork", "sh", "-c", script)
	cmd.Env = append(os.Environ(), isCommand+"=1", "MEMFD="+os.Args[0])
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if text := stderr.String(); strings.Contains(text, "unshare failed") || strings.Contains(text, noNobody) {
		t.Skip(stderr.String())
	} else if strings.Contains(text, "setpriv:") { // missing, or another one, as in busybox
		t.Skip("no setpriv(1) of util-linux")
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Skip(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// copyForNobody makes $MEMFD available to user nobody, as /mnt/memfd.
const copyForNobody = `mount -t tmpfs tmpfs /mnt && cp "$MEMFD" /mnt/memfd && chmod 755 /mnt /mnt/memfd`

func TestWithoutProc(t *testing.T) {
	requireExec(t)
	for args, want := range map[string]result{
		"ls":             {"", "memfd: /proc shows no processes: it is not mounted, or not a proc file system\n", 2},
		"with -- cat {}": {"", "memfd: standard input: /proc is not mounted\n", 125},
		"run echo":       {"", "memfd: echo: /proc is not mounted\n", 126},
	} {
		if r := inNamespace(t, `mount -t tmpfs tmpfs /proc && exec "$MEMFD" `+args); r != want {
			t.Errorf("memfd %s: %+v", args, r)
		}
	}
}

// In a PID namespace, ls finds only its own processes.
func TestOtherNamespace(t *testing.T) {
	sealedFile(t, "outside", "text")
	r := inNamespace(t, `mount -t proc proc /proc && "$MEMFD" ls`)
	if r.status != 0 || strings.Contains(r.stdout, "outside") {
		t.Errorf("%+v", r)
	}
}

// Another user does not see root's files, and is told that some processes could not be read.
func TestHiddenProcesses(t *testing.T) {
	sealedFile(t, "hidden", "text")
	for _, mount := range []string{"", "mount -t proc -o hidepid=2 proc /proc && "} {
		r := inNamespace(t, mount+copyForNobody+` && `+asNobody+`=1 exec /mnt/memfd ls`)
		if r.status != 0 || strings.Contains(r.stdout, "hidden") {
			t.Errorf("%s: %+v", mount, r)
		}
		want := "could not be read; root sees more.\n"
		if strings.Contains(mount, "hidepid") {
			want = "/proc hides the processes of other users (hidepid); root sees more.\n"
		}
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%s: it lacks %q: %+v", mount, want, r)
		}
	}
}

// /proc/PID/fd of a process that has ended, but whose parent has not waited for it, belongs to root. It holds nothing.
func TestEndedProcess(t *testing.T) {
	r := inNamespace(t, `mount -t proc proc /proc && `+copyForNobody+`
		sh -c 'sleep 0.2 & echo $! >/mnt/ended; exec sleep 60' & trap 'kill $!' EXIT
		sleep 1; grep -q ' Z ' /proc/$(cat /mnt/ended)/stat || exit 9
		`+asNobody+`=1 /mnt/memfd ls --pid $(cat /mnt/ended)`)
	if r.status == 9 {
		t.Skip("a busy system")
	}
	if r.status != 0 || !strings.Contains(r.stdout, "0 in 0 files") {
		t.Errorf("%+v", r)
	}
}

// Root without CAP_SYS_PTRACE, as in containers, sees the descriptors of other users but not their files.
func TestRootWithoutTracing(t *testing.T) {
	const script = `setpriv --reuid 65534 --clear-groups sleep 60 & trap 'kill $!' EXIT
		setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace "$MEMFD" ls --pid $!`
	r := inNamespace(t, `mount -t proc proc /proc && `+script)
	if r.status != 2 || !strings.Contains(r.stderr, ": permission denied\n") {
		t.Errorf("%+v", r)
	}
}

// Root sees the descriptors of other users only with these capabilities.
func TestDoctorWithoutCapabilities(t *testing.T) {
	for _, dropped := range []string{"-sys_ptrace", "-dac_override,-dac_read_search"} {
		r := inNamespace(t, `mount -t proc proc /proc && setpriv --bounding-set=`+dropped+` --inh-caps=`+dropped+` "$MEMFD" doctor`)
		if r.status != 0 || !strings.Contains(r.stdout, "inspecting own processes") {
			t.Errorf("%s: %+v", dropped, r)
		}
	}
}

// Without /proc/meminfo, nothing is said about shared memory.
func TestNoMeminfo(t *testing.T) {
	r := inNamespace(t, `mount -t proc -o subset=pid proc /proc && ! cat /proc/meminfo || exit 9; "$MEMFD" ls`)
	if r.status == 9 {
		t.Skip("before Linux 5.8")
	}
	if r.status != 0 || !strings.HasSuffix(r.stdout, " files\n") {
		t.Errorf("%+v", r)
	}
}
