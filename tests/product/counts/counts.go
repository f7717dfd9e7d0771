// SPDX-License-Identifier: MIT

// Package counts counts the instructions and system calls of each function, and the relocations and
// bytes of the built libraries. These counts are exact: unlike times they are the same in every run,
// so tests compare them. The benchmarks (tests/bench) print them.
package counts

import (
	"bufio"
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"libmemfd_go/internal/testenv"
)

type Call struct {
	Name         string
	Instructions int // in user mode, including the return
	SystemCalls  []int
}

// Simple lists functions that are one system call and nothing else.
var Simple = []string{"memfd_go_create", "memfd_go_get_seals", "memfd_go_add_seals"}

// compile compiles counted.c for an architecture.
func compile(folder string, arch testenv.Arch) (string, error) {
	compiler, err := arch.Compiler.Path()
	if err != nil {
		return "", err
	}
	program := filepath.Join(folder, "counted-"+arch.GOARCH)
	source := filepath.Join(testenv.Repository(), "tests", "product", "counts", "c", "counted.c")
	args := slices.Concat(testenv.CFlags(), []string{"-Wno-cast-function-type", "-include", "sys/syscall.h", "-o", program, source, "-ldl"})
	if out, err := exec.Command(compiler, args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", compiler, strings.Join(args, " "), err, out)
	}
	return program, nil
}

// Emulate counts the instructions of the simple functions on any architecture. QEMU runs each
// instruction as a translation block of its own, and logs all blocks.
func Emulate(folder string, arch testenv.Arch, library string) (map[string]int, error) {
	program, err := compile(folder, arch)
	if err != nil {
		return nil, err
	}
	emulator, err := testenv.Tool{Part: "qemu-user", Name: "qemu-" + arch.CPU}.Path()
	if err != nil {
		return nil, err
	}
	log := filepath.Join(folder, "log-"+arch.GOARCH)
	defer os.Remove(log)
	cmd := exec.Command(emulator, "-L", arch.Root(), "-one-insn-per-tb", "-d", "exec,nochain", "-D", log, program, library, "emulated")
	cmd.Env = append(os.Environ(), "LD_BIND_NOW=1") // for a shorter log
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	printed, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", cmd, err, stderr.Bytes())
	}
	return countLog(log, library, string(printed))
}

// countLog counts the logged blocks in the address range of each function.
func countLog(log, library, printed string) (map[string]int, error) {
	sizes, err := functionSizes(library)
	if err != nil {
		return nil, err
	}
	starts := map[string]uint64{}
	for line := range strings.Lines(printed) {
		name, address, _ := strings.Cut(strings.TrimSpace(line), " ")
		if starts[name], err = strconv.ParseUint(address, 16, 64); err != nil {
			return nil, err
		}
	}
	file, err := os.Open(log)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	counts := map[string]int{}
	lines := bufio.NewScanner(file)
	for lines.Scan() { // Trace 0: 0x7f56a1b80180 [81009331/00007f56a0ef8f44/00000001/00000201]
		fields := strings.Split(lines.Text(), "/")
		if len(fields) != 4 || !strings.HasPrefix(fields[0], "Trace ") {
			continue
		}
		pc, err := strconv.ParseUint(fields[1], 16, 64)
		if err != nil {
			return nil, err
		}
		for name, start := range starts {
			if pc >= start && pc < start+sizes[name] {
				counts[name]++
			}
		}
	}
	return counts, lines.Err()
}

func functionSizes(library string) (map[string]uint64, error) {
	file, err := elf.Open(library)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	symbols, err := file.DynamicSymbols()
	sizes := map[string]uint64{}
	for _, s := range symbols {
		sizes[s.Name] = s.Size
	}
	return sizes, err
}

// A Size describes the size of a shared library.
type Size struct {
	File        int64
	Pages       int // mapped pages of 4096 bytes
	Relocations int
	Imports     int
	Sections    map[string]uint64
}

func SizeOf(path string) (Size, error) {
	size := Size{Sections: map[string]uint64{}}
	file, err := elf.Open(path)
	if err != nil {
		return size, err
	}
	defer file.Close()
	info, err := os.Stat(path)
	if err != nil {
		return size, err
	}
	size.File = info.Size()
	for _, p := range file.Progs {
		if p.Type == elf.PT_LOAD {
			size.Pages += int((p.Vaddr+p.Memsz+4095)/4096 - p.Vaddr/4096)
		}
	}
	for _, s := range file.Sections {
		if s.Type == elf.SHT_RELA || s.Type == elf.SHT_REL {
			size.Relocations += int(s.Size / s.Entsize)
		}
		if s.Flags&elf.SHF_ALLOC != 0 {
			size.Sections[s.Name] = s.Size
		}
	}
	imports, err := file.ImportedSymbols()
	size.Imports = len(imports)
	return size, err
}
