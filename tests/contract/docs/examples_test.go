// SPDX-License-Identifier: MIT

package docs

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"

	"github.com/google/go-cmp/cmp"
)

var languages = []string{"C", "Python", "Rust", "Go"}

// The demo succeeds, and each language prints the same as C.
func TestDemo(t *testing.T) {
	requireLibrary(t)
	output := run(t, "examples/demo")
	want := sessionOf("C", output)
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			skipped := regexp.MustCompile(`(?m)^` + language + `: (.*), skipped$`)
			if reason := skipped.FindStringSubmatch(output); reason != nil {
				t.Skip(reason[1])
			}
			got := sessionOf(language, output)
			if !strings.Contains(got, "writer  sealed it: ") {
				t.Fatalf("the demo printed nothing for %s:\n%s", language, output)
			}
			if want == "" {
				t.Skip("nothing to compare with: the demo did not run the C example")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-C +%s:\n%s", language, diff)
			}
		})
	}
}

// sessionOf returns the output of one language, without the name of the language.
func sessionOf(language, output string) string {
	output, _, _ = strings.Cut(output, "== From language")
	var lines []string
	for _, line := range strings.Split(output, "\n") {
		if text, ok := strings.CutPrefix(line, language+" "); ok {
			text = strings.ReplaceAll(strings.TrimSpace(text), "from "+language, "from X")
			text = strings.TrimSuffix(text, " EXEC") // some languages create executable files
			lines = append(lines, normal(text))
		}
	}
	return strings.Join(lines, "\n")
}

// The reader of the demo rejects a file without seals.
func TestReaderChecksSeals(t *testing.T) {
	requireLibrary(t)
	create := compileC(t, "examples/c/t_memfd_create.c")
	reader := compileC(t, "examples/c/reader.c")
	path := startCreate(t, create, "my_memfd_file", "4096", "sg")
	output, err := command(t, reader, path).CombinedOutput()
	if err == nil || !strings.HasSuffix(string(output), "check_seals: EKEYREJECTED\n") {
		t.Errorf("want check_seals: EKEYREJECTED, got %v\n%s", err, output)
	}
}

// Two processes that do not trust each other: the child reads only sealed files.
func TestExchange(t *testing.T) {
	requireLibrary(t)
	output := run(t, compileC(t, "examples/c/exchange.c"))
	want := map[string]string{
		"parent": "sent a file without seals\nsent a file with seals\n",
		"child": "refuses a file: EKEYREJECTED\nreads a file: \"hello, child\"\n" +
			"sees that the parent has closed\n",
	}
	got := map[string]string{}
	for line := range strings.Lines(output) { // the two processes write concurrently
		line = strings.TrimSpace(strings.TrimPrefix(line, "C "))
		role, text, _ := strings.Cut(line, " ")
		got[role] += strings.TrimSpace(text) + "\n"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A child in a sandbox receives a sealed config and executes a sealed program.
func TestSandbox(t *testing.T) {
	requireLibrary(t)
	cargo := testenv.RequireTool(t, "cargo")
	const manifest = "examples/rust/Cargo.toml"
	requireCrates(t, cargo, manifest)
	output := run(t, cargo, "run", "--quiet", "--locked", "--offline", "--manifest-path", manifest,
		"--target-dir", "build/demo/rust", "--bin", "sandbox")
	var want strings.Builder
	for _, line := range [][2]string{
		{"parent", "sealed a config and a program"},
		{"parent", "sent both to a child"},
		{"child", "gives up writing files"},
		{"child", `got a config: "colour = red"`},
		{"child", "got a program, sealed too"},
		{"child", "tries to change it: refused, EPERM"},
		{"child", "becomes the program"},
		{"worker", "runs as /memfd:worker (deleted)"},
		{"worker", `reads its config: "colour = red"`},
		{"worker", "tries to create a file: refused, EACCES"},
	} {
		fmt.Fprintf(&want, "Rust    %-7s %s\n", line[0], line[1])
	}
	// The parent writes concurrently.
	got := strings.Split(output, "\n")
	slices.SortStableFunc(got, func(a, b string) int {
		return strings.Compare(parentFirst(a), parentFirst(b))
	})
	if strings.Contains(output, "this system has no Landlock") {
		t.Skip("this system has no Landlock")
	}
	if diff := cmp.Diff(want.String(), strings.Join(got, "\n")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// parentFirst returns a sort key: lines of the parent first, empty lines last.
func parentFirst(line string) string {
	switch {
	case strings.HasPrefix(line, "Rust    parent"):
		return "1"
	case line != "":
		return "2"
	}
	return "3"
}

// Equal messages get equal codes, different messages different ones.
func TestMac(t *testing.T) {
	requireLibrary(t)
	output := run(t, compileC(t, "examples/c/mac.c"), "pay 5", "pay 6", "pay 5")
	codes := regexp.MustCompile(`(?m)^C +mac +([0-9a-f]{16})  pay [56]$`).FindAllStringSubmatch(output, -1)
	if len(codes) != 3 || codes[0][1] != codes[2][1] || codes[0][1] == codes[1][1] {
		t.Errorf("want three codes, the first and third equal, got %q", codes)
	}
	if !strings.HasSuffix(output, " wiped the key\n") {
		t.Errorf("the key is not wiped:\n%s", output)
	}
}

// The two programs of memfd_create(2), with the arguments of its example session and others.
func TestManualPagePrograms(t *testing.T) {
	requireLibrary(t)
	create := compileC(t, "examples/c/t_memfd_create.c")
	get := compileC(t, "examples/c/t_get_seals.c")
	for _, test := range []struct{ letters, want string }{
		{"sw", "Existing seals: WRITE SHRINK"},
		{"", "Existing seals:"},
		{"gsS", "Existing seals: SEAL GROW SHRINK"},
		{"Wswg", "Existing seals: GROW WRITE FUTURE_WRITE SHRINK"},
		{"gswWSx", "Existing seals: SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC"},
	} {
		t.Run("seals="+test.letters, func(t *testing.T) {
			path := startCreate(t, create, "my_memfd_file", "4096", test.letters)
			if got, _ := os.Readlink(path); got != "/memfd:my_memfd_file (deleted)" {
				t.Errorf("%s links to %q", path, got)
			}
			if info, err := os.Stat(path); err != nil || info.Size() != 4096 {
				t.Errorf("%s: %v, %v", path, info, err)
			}
			got := strings.TrimSuffix(run(t, get, path), "\n")
			if !strings.Contains(test.letters, "x") {
				got = strings.TrimSuffix(got, " EXEC") // vm.memfd_noexec may add it.
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

var announcement = regexp.MustCompile(`^PID: (\d+); fd: (\d+); (/proc/(\d+)/fd/(\d+))\n$`)

// startCreate starts t_memfd_create and returns the path of the file that it created.
func startCreate(t *testing.T, program string, arguments ...string) string {
	t.Helper()
	cmd := command(t, program, arguments...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var failure strings.Builder
	cmd.Stderr = &failure
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		cmd.Wait()
		if failure.String() == "fcntl: EINVAL\n" {
			t.Skip("this kernel lacks one of these seals")
		}
		t.Fatalf("%v: %s", err, &failure)
	}
	match := announcement.FindStringSubmatch(line)
	if match == nil || match[1] != match[4] || match[2] != match[5] {
		t.Fatalf("unexpected output %q", line)
	}
	return match[3]
}

// Wrong arguments cause a message on standard error and exit status 1.
func TestManualPageProgramsRefuse(t *testing.T) {
	requireLibrary(t)
	create := compileC(t, "examples/c/t_memfd_create.c")
	get := compileC(t, "examples/c/t_get_seals.c")
	for _, test := range []struct {
		program   string
		arguments []string
		want      string // the start of the message
	}{
		{create, nil, create + " name size [seals]"},
		{create, []string{"name"}, create + " name size [seals]"},
		{create, []string{"name", "many"}, "size: many is not a number"},
		{create, []string{"name", "1", "q"}, "seals: EINVAL"},
		{create, []string{strings.Repeat("n", 250), "1"}, "memfd_create: EINVAL"},
		{get, nil, get + " /proc/PID/fd/FD"},
		{get, []string{"/proc/self/fd/99"}, "open: No such file"},
		{get, []string{"/dev/null"}, "fcntl: EINVAL"},
	} {
		cmd := command(t, test.program, test.arguments...)
		var failure strings.Builder
		cmd.Stderr = &failure
		err := cmd.Run()
		exit, _ := err.(*exec.ExitError)
		if exit == nil || exit.ExitCode() != 1 || !strings.HasPrefix(failure.String(), test.want) {
			t.Errorf("%q: %v, %q; want status 1, %q", test.arguments, err, failure.String(), test.want)
		}
	}
}
