// SPDX-License-Identifier: MIT

package contract

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A place must mention each function, in text that only a person can write: wrappers, tests,
// documents. sync_test.go has the generated ones.
type place struct {
	files  []string              // glob patterns
	wanted func(Function) string // a regular expression
	advice string                // %[1]s is the C name, %[2]s the name without prefix, %[3]s the Go name

	// Functions that are missing on purpose, with the reason.
	except map[string]string
}

var places = []place{
	{
		files:  []string{"bindings/python/src/memfd_go/raw/*.py"},
		wanted: func(f Function) string { return `(?m)^def ` + short(f) + `\(` },
		advice: "add a function %[2]s(...) that calls _ffi.%[1]s",
	}, {
		files:  []string{"bindings/python/src/memfd_go/*.py"},
		wanted: func(f Function) string { return `\braw(?:\.| import )` + short(f) + `\b` },
		advice: "add a method that calls raw.%[2]s(...)",
		except: map[string]string{
			"memfd_go_create":             "MemFd.create calls create_with",
			"memfd_go_recv_verified":      "calls recv_fds and verify, so that the error can name the missing seals",
			"memfd_go_secret_alloc_from":  "take() moves the bytes after the fallback warning, which may be an error",
			"memfd_go_secret_pool_relock": "a SecretPool cannot be used in a child of fork()",
		},
	}, {
		files:  []string{"bindings/rust/memfd-go/src/*.rs"},
		wanted: func(f Function) string { return `\b` + f.Name + `\b` },
		advice: "add a function or method that calls sys::%[1]s(...)",
		except: map[string]string{
			"memfd_go_recv_verified":       "calls recv_fds and verify, so that the error can name the missing seals",
			"memfd_go_secret_pool_protect": "slots are borrowed, and must stay readable and writable",
			"memfd_go_secret_pool_relock":  "a SecretPool cannot be used in a child of fork()",
		},
	}, {
		files: []string{"bindings/go/memfd/*.go"},
		wanted: func(f Function) string {
			name := strings.Replace(pascal(f.Name), "SecretPool", "Pool", 1)
			return `\bcore\.(?i:` + name + `)\b`
		},
		advice: "add a function or method that calls core.%[3]s(...)",
		except: map[string]string{
			"memfd_go_version":            "Go modules have versions",
			"memfd_go_version_string":     "Go modules have versions",
			"memfd_go_result_name":        "syscall.Errno has a text",
			"memfd_go_create":             "Create calls create_with",
			"memfd_go_get_size":           "fstat",
			"memfd_go_add_seals":          "package unix",
			"memfd_go_get_seals":          "package unix",
			"memfd_go_ensure_seals":       "package unix",
			"memfd_go_recv_verified":      "Recv parses the message in Go",
			"memfd_go_exec":               "package os/exec starts programs",
			"memfd_go_secret":             "SecretBuffer provides the memory",
			"memfd_go_clone_stream":       "reads from an io.Reader instead",
			"memfd_go_equal":              "package crypto/subtle",
			"memfd_go_secret_relock":      "Go programs do not fork",
			"memfd_go_secret_pool_relock": "Go programs do not fork",
		},
	}, {
		files:  []string{"tests/c/every_function.h"},
		wanted: func(f Function) string { return `\b` + f.Name + `\(` },
		advice: "add EXPECT(%[1]s(...) == 0);",
	}, {
		files:  []string{"tests/c/abi_registers.c"},
		wanted: func(f Function) string { return `\b(CALL|CALL0|OPEN)\(` + f.Name + `\b` },
		advice: "add EQ(CALL(%[1]s, ...), 0);",
	}, {
		files:  []string{"tests/c/failing_calls_*.c"},
		wanted: func(f Function) string { return `\b` + f.Name + `\(` },
		advice: `add F(%[2]s, nothing, %[1]s(...), is_zero, "", "", "")`,
	}, {
		files:  []string{"README.md"},
		wanted: func(f Function) string { return "(?m)^\\|.*\\b" + f.Name + `\b` },
		advice: "add it to the table of functions",
	}, {
		files:  []string{"docs/SECCOMP.md"},
		wanted: func(f Function) string { return "(?m)^\\|.*\\b" + f.Name + `\b` },
		advice: "add a row with the system calls that it makes",
	}, {
		files:  []string{"docs/SECURITY.md"},
		wanted: func(f Function) string { return `\b` + f.Name + `\b` },
		advice: "add a row with its promises and their tests",
	}, {
		// The first release has no line for each function.
		files:  []string{"CHANGELOG.md", "tests/contract/1.0/abi.txt"},
		wanted: func(f Function) string { return "(?m)`" + f.Name + "`|^symbol " + f.Name + ` MEMFD_GO_1\.0$` },
		advice: "add a line \"- `%[1]s`: ...\"",
	},
}

func short(f Function) string { return strings.TrimPrefix(f.Name, "memfd_go_") }

// One run lists everything that a new function still needs.
func TestFunctionsAreEverywhere(t *testing.T) {
	h := readHeader(t)
	for _, p := range places {
		t.Run(p.files[0], func(t *testing.T) { report(t, p.compare(h, readAll(t, p.files))) })
	}
}

func (p place) compare(h *Header, text string) []string {
	var complaints []string
	for _, f := range h.Functions {
		found := regexp.MustCompile(p.wanted(f)).MatchString(text)
		_, isException := p.except[f.Name]
		if !found && !isException {
			advice := fmt.Sprintf(p.advice+"%.0[1]s%.0[2]s%.0[3]s", f.Name, short(f), pascal(f.Name))
			complaints = append(complaints, fmt.Sprintf("%s: nothing about %s; %s%s", p.files[0], f.Name, advice, orExcept(p)))
		}
	}
	return complaints
}

func orExcept(p place) string {
	if p.except == nil {
		return ""
	}
	return ",\nor an exception with its reason to tests/contract/everywhere_test.go"
}

func readAll(t *testing.T, patterns []string) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(top, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no file matches %s: %v", pattern, err)
		}
		slices.Sort(files)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "_ffi.py") {
				continue
			}
			relative, _ := filepath.Rel(top, file)
			all.WriteString(readFile(t, relative))
		}
	}
	return all.String()
}

// Each place reports a missing function.
func TestPlacesNotice(t *testing.T) {
	newOne := &Header{Functions: []Function{{Name: "memfd_go_new_one"}}}
	for _, p := range places {
		if got := p.compare(newOne, readAll(t, p.files)); len(got) != 1 || !strings.Contains(got[0], p.files[0]+": nothing about memfd_go_new_one") {
			t.Errorf("%s: %q", p.files[0], got)
		}
	}
}
