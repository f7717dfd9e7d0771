// SPDX-License-Identifier: MIT

// Package command tests the built command: the programs for all architectures, and the
// completions in the shells that they are for.
package command

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/internal/testenv"
)

// built returns the command for an architecture.
func built(t *testing.T, goarch string) string {
	t.Helper()
	program, err := testenv.Program(goarch)
	if err != nil {
		testenv.Unavailable(t, err)
	}
	return program
}

// Each program is static: it needs neither a loader nor a library.
func TestStatic(t *testing.T) {
	machines := map[string]elf.Machine{
		"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "386": elf.EM_386, "arm": elf.EM_ARM, "riscv64": elf.EM_RISCV,
		"ppc64le": elf.EM_PPC64, "s390x": elf.EM_S390, "loong64": elf.EM_LOONGARCH,
	}
	for _, arch := range testenv.Tested() {
		t.Run(arch.GOARCH, func(t *testing.T) {
			program, err := elf.Open(built(t, arch.GOARCH))
			if err != nil {
				t.Fatal(err)
			}
			defer program.Close()
			if program.Machine != machines[arch.GOARCH] || program.Type != elf.ET_EXEC {
				t.Errorf("the command is for %v, %v", program.Machine, program.Type)
			}
			for _, p := range program.Progs {
				if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
					t.Errorf("the command is not static: it has a program header %v", p.Type)
				}
			}
		})
	}
}

// Each program works, by an emulator if need be. The programs that it executes are the host's.
func TestEveryArchitecture(t *testing.T) {
	file, err := memfd.Sealed("shown", []byte("contents"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	name := fmt.Sprintf("%d/%d", os.Getpid(), file.Fd())
	for _, arch := range testenv.Tested() {
		t.Run(arch.GOARCH, func(t *testing.T) {
			emulator, err := arch.Emulator("/")
			if err != nil {
				testenv.Unavailable(t, err)
			}
			command := append(emulator, built(t, arch.GOARCH))
			for _, test := range []struct {
				arguments, input string
				status           int
				want             string // in what it prints
			}{
				{"--version", "", 0, "memfd 1."},
				{"with -- cat {}", "a key", 0, "a key"},
				{"with --hold -- cat {}", "a key", 0, "a key"},
				{"with -- no-such-command {}", "a key", 127, "no-such-command"},
				{"run echo ran", "", 0, "ran\n"},
				{"run - ran", "#!/bin/sh\necho script $1\n", 0, "script ran\n"},
				{"ls", "", 0, "Shared memory: "},
				{"show " + name, "", 0, "would accept it"},
				{"cat " + name, "", 0, "contents"},
				{"clone " + name + " -- cat {}", "", 0, "contents"},
				{"check " + name + " --max 3", "", 1, "too long"},
				{"doctor", "", 0, "ok  seals\n"},
			} {
				arguments := append(command[1:len(command):len(command)], strings.Fields(test.arguments)...)
				cmd := exec.Command(command[0], arguments...)
				cmd.Stdin = strings.NewReader(test.input)
				var output bytes.Buffer
				cmd.Stdout, cmd.Stderr = &output, &output
				err := cmd.Run()
				var exit *exec.ExitError
				if err != nil && !errors.As(err, &exit) {
					t.Fatal(err)
				}
				if status := cmd.ProcessState.ExitCode(); status != test.status || !strings.Contains(output.String(), test.want) {
					t.Errorf("memfd %s: status %d, want %d; it lacks %q:\n%s", test.arguments, status, test.status, test.want, output.String())
				}
			}
		})
	}
}

// The shells complete commands and files. $MEMFD_PROCESS is a process that holds a file;
// what its name says is not executed.
var completions = []struct{ shell, script string }{
	{"bash", `
		. /usr/share/bash-completion/bash_completion
		. build/command/bash/memfd
		complete -p memfd
		complete_line() {
			COMP_LINE=$*; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_POINT=${#COMP_LINE}; COMP_TYPE=63
			__start_memfd memfd "${*: -1}" "${*: -2:1}" 2> /dev/null # compopt works only below readline
			printf "%s\n" "${COMPREPLY[@]}"
		}
		complete_line memfd c
		complete_line memfd show "$MEMFD_PROCESS/"`},
	{"zsh", `
		zmodload zsh/zpty
		zpty shell "TERM=dumb zsh -f -i"
		zpty -w shell "fpath=($PWD/build/command/zsh \$fpath); autoload -U compinit; compinit -u -D; print complete is \$_comps[memfd]"
		zpty -r -m shell text '*complete is _memfd*' && print -r -- $text
		zpty -w -n shell $'memfd c\t\t'
		zpty -r -m shell text '*sealed copy*' && print -r -- $text
		zpty -w shell $'\x15memfd show '$MEMFD_PROCESS$'/\t\t'
		zpty -r -m shell text "*$MEMFD_PROCESS/<->*" && print -r -- $text`},
	{"fish", `
		source build/command/fish/memfd.fish
		complete -c memfd
		complete -C "memfd c"
		complete -C "memfd show $MEMFD_PROCESS/"`},
}

func TestCompletions(t *testing.T) {
	program := built(t, testenv.Own().GOARCH)
	folder := t.TempDir()
	executed := filepath.Join(folder, "executed")
	file, err := memfd.Sealed("$(touch "+executed+") `touch "+executed+"` ';touch "+executed+"'", []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, c := range completions {
		t.Run(c.shell, func(t *testing.T) {
			shell := testenv.RequireTool(t, c.shell)
			if _, err := os.Stat("/usr/share/bash-completion/bash_completion"); err != nil && c.shell == "bash" {
				testenv.Unavailable(t, err)
			}
			cmd := exec.Command("timeout", "60", shell, "-c", c.script)
			cmd.Dir = testenv.Repository()
			cmd.Env = append(os.Environ(), "HOME="+folder, "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH"), fmt.Sprint("MEMFD_PROCESS=", os.Getpid()))
			output, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", c.shell, err, output)
			}
			for _, want := range []string{"complete", "memfd", "cat", "check", "clone", fmt.Sprintf("%d/%d", os.Getpid(), file.Fd())} {
				if !strings.Contains(string(output), want) {
					t.Errorf("%s: the completions lack %q:\n%s", c.shell, want, output)
				}
			}
			if _, err := os.Stat(executed); err == nil {
				t.Error("the name of the file was executed")
			}
		})
	}
}
