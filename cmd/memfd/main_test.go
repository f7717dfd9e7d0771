// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/cmd/memfd/internal/scan"
)

// Environment variables with which the test program runs the command, and does so as user nobody.
const (
	isCommand = "MEMFD_TEST_IS_COMMAND"
	asNobody  = "MEMFD_TEST_AS_NOBODY"
)

// noNobody is printed where that is impossible: in a user namespace without that user.
const noNobody = "cannot become user nobody:"

func TestMain(m *testing.M) {
	if os.Getenv(asNobody) != "" {
		os.Unsetenv(asNobody)
		const nobody = 65534
		err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody))
		if err == nil { // a process that has changed its user cannot read its own /proc
			err = syscall.Exec(os.Args[0], os.Args, os.Environ())
		}
		fmt.Fprintln(os.Stderr, noNobody, err)
		os.Exit(1)
	}
	if os.Getenv(isCommand) != "" {
		os.Unsetenv(isCommand)
		os.Exit(run(os.Args[1:]))
	}
	flag.Parse()
	os.Exit(m.Run())
}

// command returns a Cmd that runs the command, with input as standard input.
func command(input string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), isCommand+"=1")
	cmd.Stdin = strings.NewReader(input)
	return cmd
}

// result is the output and the exit status of a command.
type result struct {
	stdout, stderr string
	status         int
}

func execute(t *testing.T, input string, args ...string) result {
	t.Helper()
	cmd := command(input, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// expect runs a command that must end with a status and print a text: to standard output if it
// succeeds, to standard error if it fails.
func expect(t *testing.T, status int, text, input string, args ...string) {
	t.Helper()
	r := execute(t, input, args...)
	got := r.stdout
	if status != 0 {
		got = r.stderr
	}
	if r.status != status || got != text {
		t.Errorf("memfd %s: status %d, want %d; output %q, want %q; also %q", strings.Join(args, " "), r.status, status, got, text, r.stderr)
	}
}

func sealedFile(t *testing.T, name, text string) (f *os.File, argument string) {
	t.Helper()
	f, err := memfd.Sealed(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, fmt.Sprintf("%d/%d", os.Getpid(), number(f))
}

func TestWith(t *testing.T) {
	expect(t, 0, "secret", "secret", "with", "--", "cat", "{}")
	expect(t, 0, "file=secret", "secret", "with", "--", "sh", "-c", `printf file=; cat "$0"`, "{}")
	expect(t, 0, "secret", "secret", "with", "--replace", "@", "--", "cat", "@")
	expect(t, 0, "secret", "secret", "with", "--hold", "--", "cat", "{}")
	folder := t.TempDir()
	one, two := filepath.Join(folder, "one"), filepath.Join(folder, "two")
	os.WriteFile(one, []byte("1"), 0o600)
	os.WriteFile(two, []byte("2"), 0o600)
	expect(t, 0, "211", "", "with", "--from", one, "--from", two, "--", "cat", "{2}", "{1}", "{}")
	expect(t, 0, "23", "3", "with", "--from", two, "--from", "-", "--", "cat", "{1}", "{2}")
}

// Programs that read keys and scripts accept the path.
func TestWithPrograms(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	for _, test := range []struct {
		prepare string
		args    []string
		want    string
	}{
		{"ssh-keygen -q -t ed25519 -N '' -f " + key + " && cat " + key, []string{"ssh-keygen", "-y", "-f", "{}"}, "ssh-ed25519 "},
		{"openssl genpkey -algorithm ed25519", []string{"openssl", "pkey", "-noout", "-text", "-in", "{}"}, "ED25519 Private-Key"},
		{"echo 'print(6 * 7)'", []string{"python3", "{}"}, "42\n"},
		{"echo 'echo $((6 * 7))'", []string{"sh", "{}"}, "42\n"},
	} {
		t.Run(test.args[0], func(t *testing.T) {
			if _, err := exec.LookPath(test.args[0]); err != nil {
				t.Skip(err)
			}
			input, err := exec.Command("sh", "-c", test.prepare).Output()
			if err != nil {
				t.Skipf("%s: %v", test.prepare, err)
			}
			for _, how := range [][]string{{"with", "--"}, {"with", "--hold", "--"}} {
				r := execute(t, string(input), append(how, test.args...)...)
				if r.status != 0 || !strings.HasPrefix(r.stdout, test.want) {
					t.Errorf("%q: %+v", how, r)
				}
			}
		})
	}
}

// The file is sealed, not writable, and the only descriptor besides the standard ones.
func TestWithFile(t *testing.T) {
	script := `echo no >> $0 || echo sealed; stat -Lc %a $0; readlink $0; ls -l /proc/$$/fd | grep -c /memfd:`
	r := execute(t, "x", "with", "--name", "key", "--", "sh", "-c", script, "{}")
	if !strings.HasSuffix(r.stdout, "sealed\n400\n/memfd:key (deleted)\n1\n") {
		t.Errorf("%+v", r)
	}
}

func TestWithStatus(t *testing.T) {
	expect(t, 7, "", "x", "with", "--", "sh", "-c", "exit 7", "{}")
	expect(t, 7, "", "x", "with", "--hold", "--", "sh", "-c", "exit 7", "{}")
	expect(t, 125, "memfd: true: no argument contains {}\n", "x", "with", "--", "true")
	expect(t, 125, "memfd: open /nonexistent: no such file or directory\n", "", "with", "--from", "/nonexistent", "--", "cat", "{}")
	expect(t, 125, "memfd: --seal: \"bogus\" is not a list of seals: want immutable, or some of seal, grow, shrink, write, future_write, exec\n", "x", "with", "--seal", "bogus", "--", "cat", "{}")
	expect(t, 125, "memfd: --replace: the text must not be empty\n", "x", "with", "--replace", "", "--", "cat", "a")
	expect(t, 125, "memfd: /: is a directory\n", "", "with", "--from", "/", "--", "cat", "{}")
	expect(t, 125, "memfd: got 0 arguments; usage: memfd with [flags] -- COMMAND [ARGUMENT...]\n", "", "with")
	expect(t, 127, "memfd: no-such-command: not found in $PATH\n", "x", "with", "--", "no-such-command", "{}")
	expect(t, 126, "memfd: /: is a directory\n", "x", "with", "--", "/", "{}")
}

// requireExec skips a test if programs in memory are forbidden, after checking the message of run.
func requireExec(t *testing.T) {
	t.Helper()
	features, err := memfd.Probe(0)
	if err != nil {
		t.Fatal(err)
	}
	if !features.Has(memfd.FeatureExecAllowed) {
		expect(t, 125, "memfd: echo: vm.memfd_noexec=2 forbids programs in memory\n", "", "run", "echo")
		t.Skip("vm.memfd_noexec forbids programs in memory")
	}
}

func TestRun(t *testing.T) {
	requireExec(t)
	expect(t, 0, "hello\n", "", "run", "echo", "hello")
	expect(t, 3, "", "", "run", "sh", "-c", "exit 3")
	expect(t, 0, "a script\n", "#!/bin/sh\necho a $1\n", "run", "-", "script")
	if sh, err := os.ReadFile("/bin/sh"); err == nil && !bytes.Contains(sh, []byte("applet not found")) {
		expect(t, 0, "stdin\n", string(sh), "run", "-", "-c", "echo $0")
	}
	expect(t, 127, "memfd: no-such-command: not found in $PATH\n", "", "run", "no-such-command")
	expect(t, 127, "memfd: ./none: no such file or directory\n", "", "run", "./none")
	expect(t, 126, "memfd: /etc/passwd: permission denied\n", "", "run", "/etc/passwd")
	r := execute(t, "not a program", "run", "-")
	if r.status != 126 || !strings.HasPrefix(r.stderr, "memfd: -: ") {
		t.Errorf("%+v", r)
	}
}

// The running program is a file in memory.
func TestRunFile(t *testing.T) {
	requireExec(t)
	r := execute(t, "", "run", "readlink", "/proc/self/exe")
	if r.stdout != "/memfd:readlink (deleted)\n" {
		t.Errorf("%+v", r)
	}
}

func TestShow(t *testing.T) {
	f, file := sealedFile(t, "shown\n", "text")
	r := execute(t, "", "show", file)
	for _, want := range []string{
		"name         shown\\n\n", "type         memfd: created by memfd_create(2)\n", "size         4 bytes\n",
		"not executable\n", "seals        + SEAL         no more seals can be added\n", "+ WRITE        the contents cannot change\n",
		"a receiver   would accept it: it cannot change or shrink\n",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("it lacks %q:\n%+v", want, r)
		}
	}
	path, err := memfd.Reopen(f, unix.O_PATH)
	if err != nil {
		t.Fatal(err)
	}
	defer path.Close()
	r = execute(t, "", "show", fmt.Sprintf("%d/%d", os.Getpid(), number(path)))
	for _, want := range []string{"nothing (O_PATH)\n", "+ WRITE        the contents cannot change\n"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("it lacks %q:\n%+v", want, r)
		}
	}
	f.Close()
	r = execute(t, "", "show", fmt.Sprintf("%d/%d", os.Getpid(), number(path)))
	if want := "seals        unknown: a descriptor opened with O_PATH does not show them\n"; !strings.Contains(r.stdout, want) {
		t.Errorf("it lacks %q:\n%+v", want, r)
	}
	open, err := memfd.Create("open")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	r = execute(t, "", "show", fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), number(open)))
	if want := "a receiver   would refuse it: missing seals: WRITE SHRINK\n"; !strings.Contains(r.stdout, want) {
		t.Errorf("it lacks %q:\n%+v", want, r)
	}
}

func TestCheck(t *testing.T) {
	_, file := sealedFile(t, "checked", "text")
	expect(t, 0, "", "", "check", file)
	expect(t, 0, "", "", "check", file, "--require", "write,shrink,grow", "--max", "4")
	expect(t, 1, "memfd: "+file+": it is too long\n", "", "check", file, "--max", "3")
	expect(t, 1, "memfd: "+file+": missing seals: FUTURE_WRITE\n", "", "check", file, "--require", "future_write")
	expect(t, 1, "", "", "check", "-q", file, "--max", "3")
	expect(t, 2, "memfd: --max: \"4X\" is not a size: want a number of bytes, or one with a unit: K (1024 bytes), M, G, T, P, E\n", "", "check", file, "--max", "4X")
	expect(t, 2, "memfd: \"x\" is not a file: want PID/FD or /proc/PID/fd/FD\n", "", "check", "x")
	expect(t, 2, "memfd: there is no process 4194303\n", "", "check", "4194303/0")
	none := fmt.Sprintf("%d/99999", os.Getpid())
	expect(t, 2, fmt.Sprintf("memfd: process %d has no descriptor 99999\n", os.Getpid()), "", "check", none)
}

// Only what is wrong with the file is a refusal.
func TestCheckError(t *testing.T) {
	for errno, status := range map[unix.Errno]int{
		unix.EMFILE: 2, unix.ENFILE: 2, unix.ENOMEM: 2, unix.ENOSYS: 2, unix.EPERM: 2, unix.EIO: 2,
		unix.ENODATA: 1, unix.EFBIG: 1, unix.EOVERFLOW: 1, unix.EACCES: 1, unix.EBADF: 1, unix.EINVAL: 1,
	} {
		for _, quiet := range []bool{false, true} {
			err := checked(remoteFile{1, 2}, &os.PathError{Op: "verify", Path: "memfd:x", Err: errno}, quiet)
			var exit *exitError
			if err == nil || errors.As(err, &exit) != (status == 1) || exit != nil && exit.status != 1 {
				t.Errorf("%v: %v, want status %d", errno, err, status)
			}
		}
	}
	if err := checked(remoteFile{1, 2}, nil, false); err != nil {
		t.Error(err)
	}
}

// cat and clone copy the whole file, whatever its offset.
func TestCatAndClone(t *testing.T) {
	f, file := sealedFile(t, "copied", "contents")
	f.Seek(5, 0)
	expect(t, 0, "contents", "", "cat", file)
	expect(t, 0, "contents", "", "clone", file, "--", "cat", "{}")
	if at, _ := f.Seek(0, 1); at != 5 {
		t.Errorf("the offset is %d", at)
	}
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	other := fmt.Sprintf("%d/%d", os.Getpid(), number(null))
	expect(t, 2, "memfd: "+other+": not a file of memfd_create(2) or memfd_secret(2)\n", "", "cat", other)
}

func TestUsage(t *testing.T) {
	expect(t, 2, "memfd: unknown command \"bogus\" for \"memfd\"\n", "", "bogus")
	expect(t, 2, "memfd: unknown command \"bogus\" for \"memfd\"\n", "", "help", "bogus")
	expect(t, 2, "memfd: unknown command \"bogus\" for \"memfd ls\"\n", "", "help", "ls", "bogus")
	expect(t, 2, "memfd: unknown command \"bogus\" for \"memfd completion\"\n", "", "completion", "bogus")
	expect(t, 2, "memfd: unknown flag: --bogus\n", "", "ls", "--bogus")
	expect(t, 125, "memfd: unknown flag: --bogus\n", "", "with", "--bogus")
	expect(t, 2, "memfd: got 0 arguments; usage: memfd show PID/FD\n", "", "show")
	expect(t, 2, "memfd: got 1 argument; usage: memfd ls [flags]\n", "", "ls", "bogus")
	expect(t, 2, "memfd: invalid argument \"bogus\" for \"--pid\" flag: not a process ID\n", "", "ls", "--pid", "bogus")
	expect(t, 2, "memfd: there is no process 4194303\n", "", "ls", "--pid", "4194303")
}

// Output that cannot be written is an error.
func TestFullDisk(t *testing.T) {
	_, file := sealedFile(t, "written", "text")
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for _, args := range [][]string{{"ls"}, {"ls", "--tree"}, {"ls", "--json"}, {"show", file}, {"cat", file}, {"doctor"}} {
		cmd := command("", args...)
		var stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = full, &stderr
		cmd.Run()
		if cmd.ProcessState.ExitCode() != 2 || !strings.Contains(stderr.String(), "no space left on device") {
			t.Errorf("memfd %q: status %d, %q", args, cmd.ProcessState.ExitCode(), stderr.String())
		}
	}
}

// listing returns a result with a file of each kind.
func listing() *scan.Result {
	return &scan.Result{
		Files: []*scan.File{
			{ID: scan.ID{Dev: 1, Ino: 10}, Kind: memfd.KindMemfd, Name: "wayland-cursor", Size: 64 << 20, Allocated: 64 << 20, Mode: 0o777,
				SealsKnown: true, Seals: memfd.SealShrink, Holders: []scan.Holder{
					{PID: 1234, Command: "firefox", FDs: []int{12, 13}, Mapped: 64 << 20},
					{PID: 99, Command: "compositor", FDs: []int{7}, Container: "0123456789ab"}}},
			{ID: scan.ID{Dev: 17, Ino: 11}, Kind: memfd.KindHugetlb, Name: "guest-memory-of-a-virtual-machine-with-a-long-name", Size: 2 << 20,
				Allocated: 2 << 20, Mode: 0o600, Holders: []scan.Holder{{PID: 2, Command: "qemu", Mapped: 2 << 20}}},
			{ID: scan.ID{Dev: 14, Ino: 12}, Kind: memfd.KindSecret, Size: 8192, Allocated: 4096, Mode: 0o600,
				Holders: []scan.Holder{{PID: 3, Command: "agent\x1b[2J", FDs: []int{5}}}},
			{ID: scan.ID{Dev: 1, Ino: 13}, Kind: memfd.KindMemfd, Name: "evil\n\x1b[31m\xff", Mode: 0o444, SealsKnown: true,
				Seals: memfd.Immutable | memfd.SealExec, Holders: []scan.Holder{{PID: 4, Command: "sh", FDs: []int{3}}}},
		},
		Unreadable: 12,
		Shared:     scan.Shared{Total: 100 << 20, Files: 64 << 20, Tmpfs: 30 << 20, SysV: 1 << 20, Anon: 1 << 20},
	}
}

var update = flag.Bool("update", false, "write the files in testdata anew")

// golden compares a text with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		os.WriteFile(file, []byte(got), 0o666)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("it is not %s (-update writes it anew):\n%s", file, got)
	}
}

func TestListing(t *testing.T) {
	for name, print := range map[string]func(out *bytes.Buffer){
		"table":    func(out *bytes.Buffer) { printTable(out, listing(), 0) },
		"table-80": func(out *bytes.Buffer) { t.Setenv("NO_COLOR", "1"); printTable(out, listing(), 80) },
		"table-40": func(out *bytes.Buffer) { t.Setenv("NO_COLOR", "1"); printTable(out, listing(), 40) },
		"tree":     func(out *bytes.Buffer) { printTree(out, listing()) },
		"json":     func(out *bytes.Buffer) { printJSON(out, listing()) },
		"empty":    func(out *bytes.Buffer) { printTable(out, &scan.Result{}, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			print(&out)
			golden(t, name, out.String())
		})
	}
}

// Names that processes choose cannot send escape sequences to a terminal.
func TestHostileNames(t *testing.T) {
	const name = "\x1b[2J\u009b2J\u202e\x7f\xff"
	result := &scan.Result{Files: []*scan.File{{Name: name, Holders: []scan.Holder{{PID: 1, Command: name, Container: name}}}}}
	var out bytes.Buffer
	printTable(&out, result, 0)
	printTree(&out, result)
	printJSON(&out, result)
	for _, r := range strings.NewReplacer("\n", "", "\ufffd", "\x00").Replace(out.String()) {
		if !unicode.IsPrint(r) {
			t.Fatalf("%q in %q", r, out.String())
		}
	}
}

// A process with 100,000 descriptors, or as many as it may have.
func TestManyDescriptors(t *testing.T) {
	f, file := sealedFile(t, "many", "text")
	pid, _, _ := strings.Cut(file, "/")
	var limit syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	wanted := syscall.Rlimit{Cur: 100_100, Max: max(100_100, limit.Max)}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &wanted) == nil { // with CAP_SYS_RESOURCE
		defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
		limit.Cur = wanted.Cur
	}
	t.Logf("%d descriptors", limit.Cur)
	var fds []int
	for len(fds) < int(limit.Cur)-100 {
		fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			break
		}
		fds = append(fds, fd)
	}
	defer func() {
		for _, fd := range fds {
			syscall.Close(fd)
		}
	}()
	for _, format := range []string{"", "--tree", "--json"} {
		cmd := command("", "ls", "--pid", pid, "--name", "many")
		if format != "" {
			cmd.Args = append(cmd.Args, format)
		}
		output, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		separator := ","
		if format == "--json" {
			separator = ",\n            "
		}
		if numbers := strings.Count(string(output), separator); numbers < len(fds) {
			t.Errorf("%s: %d descriptors, not %d", format, numbers, len(fds)+1)
		}
		if usage := cmd.ProcessState.SysUsage().(*syscall.Rusage); usage.Maxrss > 50<<10 {
			t.Errorf("%s: it used %d kB of memory", format, usage.Maxrss)
		}
	}
}

// It is not an error if processes start and end during a scan.
func TestComingAndGoing(t *testing.T) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				exec.Command("true").Run()
			}
		}
	}()
	for range 20 {
		if _, err := scan.All(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	<-stopped
}

func TestLs(t *testing.T) {
	_, file := sealedFile(t, "listed by the test", "text")
	pid, fd, _ := strings.Cut(file, "/")
	r := execute(t, "", "ls", "--pid", pid, "--name", "listed by")
	if r.status != 0 || !strings.Contains(r.stdout, "memfd  Sgw-s") || !strings.Contains(r.stdout, "["+pid+"] "+fd+"\n") {
		t.Errorf("%+v", r)
	}
	if r = execute(t, "", "ls"); !strings.Contains(r.stdout, "\nShared memory: ") {
		t.Errorf("%+v", r)
	}
}

// The kernel counts pages on each processor and adds them up later, so the total may still be 0.
func TestNoSharedMemoryYet(t *testing.T) {
	var out bytes.Buffer
	printRest(&out, &scan.Result{Shared: scan.Shared{Files: 4096}})
	if want := "\nShared memory: 0, of which 0 unexplained\n"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("%q does not begin with %q", &out, want)
	}
}

// Help texts fit into 80 columns.
func TestHelp(t *testing.T) {
	for _, command := range append(rootCommand().Commands(), rootCommand()) {
		args := append(strings.Fields(command.CommandPath())[1:], "--help")
		r := execute(t, "", args...)
		if r.status != 0 || !strings.Contains(r.stdout, "Usage:\n") {
			t.Errorf("%q: %+v", args, r)
		}
		for line := range strings.Lines(r.stdout) {
			if len(line) > 81 {
				t.Errorf("%q has more than 80 characters: %s", args, line)
			}
		}
	}
}

// Only a terminal gets colours, and not with $NO_COLOR.
func TestColour(t *testing.T) {
	for name, test := range map[string]struct {
		width int
		want  bool
	}{"": {80, true}, "1": {80, false}, "file": {0, false}} {
		t.Setenv("NO_COLOR", strings.TrimPrefix(name, "file"))
		var out bytes.Buffer
		printTable(&out, listing(), test.width)
		if got := strings.Contains(out.String(), "\x1b["); got != test.want {
			t.Errorf("NO_COLOR=%q, width %d: %q", name, test.width, out.String())
		}
	}
}
