// SPDX-License-Identifier: MIT

package survivors

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"libmemfd_go/internal/testenv"
)

// The tests of each file: C programs of tests/c, and Go packages. They run in this order, and
// the first that fails ends it, so quick and likely ones come first. A file is explained once
// somebody has gone through its survivors; the others are tested by name only.
var tested = []struct {
	file      string
	explained bool
	programs  string
	packages  string
}{
	{"core/verify.go", true, "map_verified verify recv_verified hostile_files forged_seals failing_calls_files failing_calls_transfer interleavings hostile_races", "./core"},
	{"core/inspect.go", true, "inspect guard_bytes failing_calls_files interleavings", "./core"},
	{"core/map.go", false, "map map_ring unmap map_verified failing_calls_files small_stack", "./core"},
	{"core/transfer.go", true, "recv_fds send_fds recv_verified hostile_messages import_pid import_pidfd failing_calls_transfer hostile_files", "./core"},
	{"core/size.go", true, "size discard create_with create_sealed failing_calls_files", "./core"},
	{"core/clone.go", false, "clone clone_stream clone_errors failing_calls_files clone_race interleavings", "./core"},
	{"core/secret_area.go", false, "secret_alloc secret_attach secret_protect secret_fallback secret_memlock secret_guard secret_fork secret_child secret_pool secret_pool_errors failing_calls_secret secret_copies secret_core_dump", "./core"},
	{"core/secret_pool.go", true, "secret_pool secret_pool_errors secret_pool_protect secret_pool_calls secret_relock secret_child failing_calls_secret", "./core"},
	{"core/seals.go", true, "seals ensure_seals check_seals failing_calls_files", "./core"},
	{"capi/linker/reach.go", false, "", "./capi/linker"},
	{"capi/linker/nosplit.go", false, "", "./capi/linker"},
	{"capi/linker/x86.go", false, "", "./capi/linker"},
	{"capi/linker/amd64.go", false, "", "./capi/linker"},
}

// The environment of the programs: the library, and interleavings that take seconds.
const short = "MEMFD_GO_SEQUENCES=1"

const patience = time.Minute

// TestSurvivors tests every mutant of the files that are explained. It takes hours, but with
// the name of a file in $MEMFD_GO_MUTANTS it tests that one alone, or some of its mutants:
//
//	MEMFD_GO_MUTANTS=core/verify.go:80-120 go test -v -timeout=0 ./tests/fuzz/survivors
//
// A mutant that survives has to stand in survivors.md, with the reason why no test can tell
// it from the code.
func TestSurvivors(t *testing.T) {
	wanted, some, _ := strings.Cut(os.Getenv("MEMFD_GO_MUTANTS"), ":")
	if wanted == "" {
		testenv.RequireFull(t)
	}
	first, last := 0, 9999
	fmt.Sscanf(some, "%d-%d", &first, &last)
	if runtime.GOARCH != "amd64" {
		t.Skip("the programs run natively, and are chosen for amd64")
	}
	defer testenv.ReserveHugePages(8)()
	b := newBench(t)
	explained := readSurvivors(t)
	for _, f := range tested {
		if wanted == f.file || wanted == "" && f.explained {
			t.Run(f.file, func(t *testing.T) { b.testFile(t, f.file, f.programs, f.packages, first, last, explained[f.file]) })
		}
	}
}

func (b *bench) testFile(t *testing.T, file, programs, packages string, first, last int, explained map[string]string) {
	source, err := os.ReadFile(filepath.Join(testenv.Repository(), file))
	must(t, err)
	all, err := mutants(file, source)
	must(t, err)
	b.compile(t, strings.Fields(programs))
	if killer := b.try(t, file, source, programs, packages); killer != "" {
		t.Fatalf("%s fails without a change", killer)
	}
	counts := map[string]int{}
	for i, m := range all {
		key := m.function + ": " + m.line
		if i < first || i > last {
			delete(explained, key)
			continue
		}
		if i%25 == 0 {
			t.Logf("%d of %d", i, len(all))
		}
		killer := b.try(t, file, m.source, programs, packages)
		if killer != "" && explained[key] != "" { // a test may fail for another reason, on a busy machine
			killer = b.try(t, file, m.source, programs, packages)
		}
		counts[killer]++
		if killer == "" && explained[key] == "" {
			t.Errorf("survives: `%s`", key)
		}
		if killer != "" && explained[key] != "" {
			t.Errorf("is in survivors.md, but %s kills it: `%s`", killer, key)
		}
		delete(explained, key)
	}
	for key := range explained {
		t.Errorf("is in survivors.md, but no mutant: `%s`", key)
	}
	t.Logf("%d mutants, %d survive; killed by %v", len(all), counts[""], counts)
}

// survivor is a line of survivors.md: `function: line as changed` and the reason.
var survivor = regexp.MustCompile("^- `(.+)`: (.+)$")

// readSurvivors returns the reasons for each file.
func readSurvivors(t *testing.T) map[string]map[string]string {
	text, err := os.ReadFile("survivors.md")
	must(t, err)
	all := map[string]map[string]string{}
	file := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if name, found := strings.CutPrefix(line, "## "); found {
			file = name
			all[file] = map[string]string{}
		} else if m := survivor.FindStringSubmatch(line); m != nil {
			all[file][m[1]] = m[2]
		} else if strings.HasPrefix(line, "- ") {
			t.Errorf("survivors.md: no reason in %q", line)
		}
	}
	return all
}

// A bench is a copy of the sources, with one of them changed, and the programs that test what
// is built there.
type bench struct {
	folder, linker, group string
}

func newBench(t *testing.T) *bench {
	b := &bench{folder: t.TempDir(), group: memoryGroup(t)}
	for _, part := range []string{"core", "capi", "internal", "include"} {
		must(t, os.CopyFS(filepath.Join(b.folder, part), os.DirFS(filepath.Join(testenv.Repository(), part))))
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(testenv.Repository(), name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(b.folder, name), text, 0o666))
	}
	must(t, os.Mkdir(filepath.Join(b.folder, "bin"), 0o777))
	b.linker = filepath.Join(b.folder, "bin", "linker")
	if out, err := b.run(nil, "go", "build", "-o", b.linker, "./capi/linker"); err != nil {
		t.Fatal(out)
	}
	return b
}

// memoryGroup makes a memory cgroup: a mutant may ask for all memory of the machine.
func memoryGroup(t *testing.T) string {
	for _, g := range []struct{ parent, limit string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, {"/sys/fs/cgroup", "memory.max"},
	} {
		group := filepath.Join(g.parent, fmt.Sprint("memfd_go_mutants_", os.Getpid()))
		if os.Mkdir(group, 0o777) != nil {
			continue
		}
		t.Cleanup(func() { os.Remove(group) })
		if os.WriteFile(filepath.Join(group, g.limit), []byte("3G"), 0) == nil {
			return group
		}
	}
	t.Skip("no right to make a memory cgroup, and a mutant may take all memory")
	return ""
}

func (b *bench) compile(t *testing.T, programs []string) {
	compiler, err := testenv.Own().Compiler.Path()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	product, err := testenv.Product(runtime.GOARCH)
	if err != nil {
		testenv.Unavailable(t, err)
	}
	for _, program := range programs {
		source := filepath.Join(testenv.Repository(), "tests", "c", program+".c")
		testenv.Command{Arguments: slices.Concat([]string{compiler}, testenv.CFlags(),
			[]string{"-o", filepath.Join(b.folder, "bin", program), source, "-L" + product, "-lmemfd_go", "-ldl"})}.MustRun(t)
	}
}

// try tests a version of a file and returns what fails, if anything does.
func (b *bench) try(t *testing.T, file string, source []byte, programs, packages string) (killer string) {
	path := filepath.Join(b.folder, file)
	original, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, source, 0o666))
	defer func() { must(t, os.WriteFile(path, original, 0o666)) }()
	if programs != "" {
		if _, err := b.run(nil, b.linker, "build", "-o", b.folder); err != nil {
			return "the build"
		}
	}
	environment := []string{"LD_LIBRARY_PATH=" + b.folder, short}
	for _, program := range strings.Fields(programs) {
		_, err := b.run(environment, filepath.Join(b.folder, "bin", program))
		var exit *exec.ExitError
		if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 77) {
			return program
		}
	}
	if _, err := b.run(nil, "go", "test", packages); err != nil {
		return packages
	}
	return ""
}

// run runs a command in the memory cgroup. It gets a few minutes: a mutant may not end.
func (b *bench) run(environment []string, arguments ...string) (output string, err error) {
	runtime.LockOSThread() // whose end the command does not survive
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	enter := `echo $$ > "$0"/cgroup.procs && exec "$@"`
	cmd := exec.CommandContext(ctx, "sh", slices.Concat([]string{"-c", enter, b.group}, arguments)...)
	cmd.Dir = b.folder
	cmd.Env = append(os.Environ(), environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
