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

type testedFile struct {
	file     string
	programs string
	packages string
}

// The tests of each file of core: C programs of tests/c, and a Go package. They run in this order
// until one fails, so the quick ones, and those most likely to fail, come first.
var tested = []testedFile{
	{"core/verify.go", "map_verified verify recv_verified hostile_files forged_seals failing_calls_files failing_calls_transfer interleavings hostile_races", "./core"},
	{"core/inspect.go", "inspect guard_bytes failing_calls_files interleavings", "./core"},
	{"core/map.go", "map map_ring unmap map_verified failed_mappings failing_calls_files small_stack", "./core"},
	{"core/transfer.go", "recv_fds send_fds recv_verified descriptor_0 hostile_messages import_pid import_pidfd failing_calls_transfer hostile_files", "./core"},
	{"core/size.go", "size discard create_with create_sealed failing_calls_files", "./core"},
	{"core/clone.go", "clone clone_stream descriptor_0 clone_unsized clone_errors clone_without_sendfile failing_calls_files clone_race clone_steps interleavings", "./core"},
	{"core/secret_area.go", "secret_alloc secret_alloc_from descriptor_0 secret_attach secret_protect secret_relock secret_canary secret_fallback secret_memlock secret_guard secret_fork secret_child secret_pool secret_pool_errors failing_calls_secret secret_copies secret_core_dump", "./core"},
	{"core/secret_pool.go", "secret_pool secret_pool_errors secret_pool_protect secret_pool_calls secret_relock secret_child failing_calls_secret", "./core"},
	{"core/seals.go", "seals ensure_seals check_seals failing_calls_files", "./core"},
	{"core/clone_unsized.go", "clone_unsized clone_stream descriptor_0 clone clone_errors failing_calls_files clone_steps clone_race", "./core"},
	{"core/create.go", "create create_sealed descriptor_0 create_with clone create_with_old_kernel failing_calls_files secret_copies", "./core"},
	{"core/createwith.go", "create_with create_with_errors create_with_old_kernel descriptor_0 failing_calls_files guard_bytes", "./core"},
	{"core/exec.go", "exec exec_errors failing_calls_transfer", "./core"},
	{"core/huge.go", "huge_flags create_sealed", "./core"},
	{"core/memory.go", "wipe equal create_sealed secret_alloc_from failing_calls_secret overwritten_stack secret_copies secret_alloc every_function", "./core"},
	{"core/open.go", "reopen verify descriptor_0 import_pid failing_calls_files failing_calls_transfer import_interleavings", "./core"},
	{"core/probe.go", "probe probe_errors descriptor_0 noexec_policy failing_calls_secret guard_bytes", "./core"},
	{"core/result_name.go", "result_name", "./core"},
	{"core/ring.go", "map_ring failed_mappings failing_calls_files", "./core"},
	{"core/sealtext.go", "format_seals parse_seals", "./core"},
	{"core/secret.go", "secret descriptor_0 secret_fallback failing_calls_secret", "./core"},
	{"core/secret_marker.go", "secret_alloc secret_canary secret_child secret_fork secret_pool failing_calls_secret secret_copies", "./core"},
	{"core/stat.go", "inspect size clone verify huge_pages_16gb map_ring failing_calls_files", "./core"},
	{"core/struct.go", "create_with guard_bytes inspect create_with_errors probe_errors", "./core"},
	{"core/syscall.go", "create size failing_calls_files", "./core"},
	{"core/text.go", "format_seals parse_seals result_name reopen", "./core"},
	{"core/blocking_library.go", "create clone clone_stream recv_fds send_fds map verify size failing_calls_files", "./core"},
	{"core/options.go", "map failed_mappings size create_with exec secret_alloc secret_fallback send_fds verify secret_attach secret_fork", "./core"},
	{"core/version.go", "version", ""},
	{"core/blocking.go", "", "./core"},
	{"core/word64.go", "size clone discard verify", "./core"},
	{"core/word32.go", "size discard clone clone_stream map verify clone_unsized create_sealed secret_alloc_from", ""},
}

// linker returns the files of the linker, which all have the same tests.
func linker(t *testing.T) (files []testedFile) {
	for _, file := range sources(t, "capi/linker") {
		files = append(files, testedFile{file, "", "./capi/linker"})
	}
	return files
}

// sources returns the files of a package without its tests.
func sources(t *testing.T, folder string) (files []string) {
	names, err := filepath.Glob(filepath.Join(testenv.Repository(), folder, "*.go"))
	must(t, err)
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			files = append(files, folder+"/"+filepath.Base(name))
		}
	}
	return files
}

// TestTables compares the table and survivors.md with the sources. It tests no mutant.
func TestTables(t *testing.T) {
	explained := readSurvivors(t)
	for _, file := range append(sources(t, "core"), sources(t, "capi/linker")...) {
		source, err := os.ReadFile(filepath.Join(testenv.Repository(), file))
		must(t, err)
		all, err := mutants(file, source)
		must(t, err)
		inCore := strings.HasPrefix(file, "core/")
		if inCore && len(all) > 0 && !slices.ContainsFunc(tested, func(f testedFile) bool { return f.file == file }) {
			t.Errorf("%s has %d mutants, but no tests are listed for it", file, len(all))
		}
		for _, m := range all {
			delete(explained[file], m.key())
		}
	}
	for file, reasons := range explained {
		for key := range reasons {
			t.Errorf("survivors.md: %s has no mutant `%s`", file, key)
		}
	}
}

// shortInterleavings limits tests/c/interleavings.c to a few seconds.
const shortInterleavings = "MEMFD_GO_SEQUENCES=1"

// archesOf returns the architectures on which the programs run. Those with 32 bits differ in how
// they pass 64-bit arguments.
func archesOf(file string) []testenv.Arch {
	if file == "core/word32.go" {
		return []testenv.Arch{testenv.ArchOf("386"), testenv.ArchOf("arm")}
	}
	return []testenv.Arch{testenv.Own()}
}

// A mutant may loop forever.
const (
	programTimeout = 20 * time.Second
	toolTimeout    = 2 * time.Minute // of go build and go test
)

// TestSurvivors tests every mutant, which takes a day. $MEMFD_GO_MUTANTS selects one file, or some
// of its mutants:
//
//	MEMFD_GO_MUTANTS=core/verify.go:80-120 go test -v -timeout=0 ./tests/fuzz/survivors
//
// A mutant that survives must be listed in survivors.md, with the reason why no test can detect it.
func TestSurvivors(t *testing.T) {
	wanted, some, _ := strings.Cut(os.Getenv("MEMFD_GO_MUTANTS"), ":")
	if wanted == "" {
		testenv.RequireFull(t)
	}
	first, last := 0, 9999
	fmt.Sscanf(some, "%d-%d", &first, &last)
	if runtime.GOARCH != "amd64" {
		t.Skip("the programs are selected for amd64")
	}
	defer testenv.ReserveHugePages(8)()
	w := newWorkspace(t)
	explained := readSurvivors(t)
	for _, f := range append(tested, linker(t)...) {
		if wanted == "" || wanted == f.file {
			t.Run(f.file, func(t *testing.T) { w.testFile(t, f.file, f.programs, f.packages, first, last, explained[f.file]) })
		}
	}
}

func (w *workspace) testFile(t *testing.T, file, programs, packages string, first, last int, explained map[string]string) {
	source, err := os.ReadFile(filepath.Join(testenv.Repository(), file))
	must(t, err)
	all, err := mutants(file, source)
	must(t, err)
	for _, arch := range archesOf(file) {
		w.compile(t, arch, strings.Fields(programs))
	}
	if killer := w.try(t, file, source, programs, packages); killer != "" {
		t.Fatalf("%s fails without a change", killer)
	}
	counts := map[string]int{}
	for i, m := range all {
		if i < first || i > last {
			continue
		}
		key := m.key()
		if i%25 == 0 {
			t.Logf("%d of %d", i, len(all))
		}
		killer := w.try(t, file, m.source, programs, packages)
		if killer != "" && explained[key] != "" { // on a busy machine, a test may have failed for another reason
			killer = w.try(t, file, m.source, programs, packages)
		}
		counts[killer]++
		if killer == "" && explained[key] == "" {
			t.Errorf("survives: `%s`", key)
		}
		if killer != "" && explained[key] != "" {
			t.Errorf("is in survivors.md, but %s kills it: `%s`", killer, key)
		}
	}
	t.Logf("%d mutants, %d survive; killed by %v", len(all), counts[""], counts)
}

// survivor matches a line of survivors.md: `function: changed line` and the reason.
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

// A workspace is a copy of the sources in which one file is changed, with the test programs.
type workspace struct {
	folder, linker, group string
}

func newWorkspace(t *testing.T) *workspace {
	w := &workspace{folder: t.TempDir(), group: memoryGroup(t)}
	for _, part := range []string{"core", "capi", "internal", "include"} {
		must(t, os.CopyFS(filepath.Join(w.folder, part), os.DirFS(filepath.Join(testenv.Repository(), part))))
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(testenv.Repository(), name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(w.folder, name), text, 0o666))
	}
	w.linker = filepath.Join(w.folder, "linker")
	if out, err := w.run(toolTimeout, nil, "go", "build", "-o", w.linker, "./capi/linker"); err != nil {
		t.Fatal(out)
	}
	return w
}

// memoryGroup creates a memory cgroup, because a mutant may allocate all memory.
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
	t.Skip("cannot create a memory cgroup, and a mutant may allocate all memory")
	return ""
}

// folderOf returns the folder of the library and the programs for an architecture.
func (w *workspace) folderOf(arch testenv.Arch) string {
	return filepath.Join(w.folder, "build", arch.GOARCH)
}

func (w *workspace) compile(t *testing.T, arch testenv.Arch, programs []string) {
	compiler, err := arch.Compiler.Path()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	product, err := testenv.Product(arch.GOARCH)
	if err != nil {
		testenv.Unavailable(t, err)
	}
	must(t, os.MkdirAll(w.folderOf(arch), 0o777))
	for _, program := range programs {
		source := filepath.Join(testenv.Repository(), "tests", "c", program+".c")
		testenv.Command{Arguments: slices.Concat([]string{compiler}, testenv.CFlags(),
			[]string{"-o", filepath.Join(w.folderOf(arch), program), source, "-L" + product, "-lmemfd_go", "-ldl"})}.MustRun(t)
	}
}

// try tests a version of a file, and returns the name of the test that fails, or "".
func (w *workspace) try(t *testing.T, file string, source []byte, programs, packages string) (killer string) {
	path := filepath.Join(w.folder, file)
	original, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, source, 0o666))
	defer func() { must(t, os.WriteFile(path, original, 0o666)) }()
	for _, arch := range archesOf(file) {
		if killer := w.runPrograms(t, arch, strings.Fields(programs)); killer != "" {
			return killer
		}
	}
	if packages == "" {
		return ""
	}
	for _, kind := range []string{"-short", "-short=false"} { // the quick tests first
		if _, err := w.run(toolTimeout, nil, "go", "test", "-failfast", "-vet=off", kind, packages); err != nil {
			return packages
		}
	}
	return ""
}

// runPrograms builds the library, and returns the name of the program that fails, or "".
func (w *workspace) runPrograms(t *testing.T, arch testenv.Arch, programs []string) (killer string) {
	if len(programs) == 0 {
		return ""
	}
	emulator, err := arch.Emulator(arch.Root())
	if err != nil {
		testenv.Unavailable(t, err)
	}
	folder := w.folderOf(arch)
	if _, err := w.run(toolTimeout, nil, w.linker, "build", "-arch", arch.GOARCH, "-o", folder); err != nil {
		return "the build"
	}
	environment := []string{"LD_LIBRARY_PATH=" + folder, shortInterleavings}
	for _, program := range programs {
		_, err := w.run(programTimeout, environment, append(emulator, filepath.Join(folder, program))...)
		var exit *exec.ExitError
		if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 77) {
			return program
		}
	}
	return ""
}

// run runs a command in the memory cgroup.
func (w *workspace) run(timeout time.Duration, environment []string, arguments ...string) (output string, err error) {
	runtime.LockOSThread() // Pdeathsig is sent when this thread ends
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	enter := `echo $$ > "$0"/cgroup.procs && exec "$@"`
	cmd := exec.CommandContext(ctx, "sh", slices.Concat([]string{"-c", enter, w.group}, arguments)...)
	cmd.Dir = w.folder
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
