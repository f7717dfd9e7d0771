// SPDX-License-Identifier: MIT

package library

import (
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// zeroStores match the stores of a zero byte and of zero words, as `go tool objdump` prints them. Go
// keeps 0 in X15 on amd64 and in R0 on ppc64le. arm has no such register, and calls a function to
// clear words.
var zeroStores = map[string][2]string{
	"amd64":   {`MOVB \$0x0, 0\(`, `MOVUPS X15, 0\(`},
	"386":     {`MOVB \$0x0, 0\(`, `MOVL \$0x0, 0\(`},
	"arm64":   {`MOVB ZR, \(`, `STP \(ZR, ZR\), \(`},
	"arm":     {`MOVW \$0, R\d+\n.*MOVB R\d+, \(`, `MOVW \$0, R0\n.*BL `},
	"riscv64": {`MOVB X0, \(`, `MOV X0, \(`},
	"ppc64le": {`MOVB R0,0\(`, `MOVD R0,0\(`},
	"s390x":   {`MVI \(R\d+\), \$0`, `XC \$32, \(R\d+\), \(R\d+\)`},
	"loong64": {`MOVB R0, \(`, `MOVV R0, 0\(`},
}

// A call of Wipe. On ppc64le it skips the first two instructions, which set the TOC pointer.
var calls = regexp.MustCompile(`libmemfd_go/core\.Wipe(\+8)?\(SB\)`)

// The compiler has not removed the wiping: Wipe contains loops that store zeros, and the functions that
// must wipe memory call it.
func TestWipingIsInTheCode(t *testing.T) {
	each(t, func(t *testing.T, l library) {
		functions := disassembly(t, l)
		wipe := "libmemfd_go/core.Wipe"
		for i, store := range zeroStores[l.arch] {
			if !hasLoop(functions[wipe], regexp.MustCompile(store)) {
				t.Errorf("%s: no loop with `%s`, the store of a zero %s:\n%s", wipe, store,
					[]string{"byte", "word"}[i], strings.Join(functions[wipe], "\n"))
			}
		}
		for _, name := range []string{
			"main.wipe", "libmemfd_go/core.(*SecretArea).wipeAndUnmap", "libmemfd_go/core.PoolGive",
			"libmemfd_go/core.SecretAllocFrom",
		} {
			if !calls.MatchString(strings.Join(functions[name], "\n")) {
				t.Errorf("%s does not call %s:\n%s", name, wipe, strings.Join(functions[name], "\n"))
			}
		}
	})
}

// disassembly returns the lines of each function: address and instruction.
func disassembly(t *testing.T, l library) map[string][]string {
	out, err := exec.Command("go", "tool", "objdump", l.path).Output()
	if err != nil {
		t.Fatal(err)
	}
	functions := map[string][]string{}
	var name string
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) >= 2 && fields[0] == "TEXT":
			name = strings.TrimSuffix(fields[1], "(SB)")
		case len(fields) >= 4: // source line, address, bytes, instruction
			functions[name] = append(functions[name], fields[1]+" "+strings.Join(fields[3:], " "))
		}
	}
	return functions
}

// nearby is the maximum number of instructions from a store to the end of its loop.
const nearby = 10

// hasLoop reports whether a backward branch follows a store.
func hasLoop(lines []string, store *regexp.Regexp) bool {
	for i := range lines {
		// arm's stores take two lines.
		if !store.MatchString(strings.Join(lines[i:min(i+2, len(lines))], "\n")) {
			continue
		}
		for j := i + 1; j < min(i+nearby, len(lines)); j++ {
			if goesBack(lines[j], j-i) {
				return true
			}
		}
	}
	return false
}

var (
	relative = regexp.MustCompile(`-(\d+)\(PC\)$`)
	absolute = regexp.MustCompile(` (0x[0-9a-f]+)$`)
)

// goesBack reports whether an instruction branches back by at least that many instructions, give or take
// one.
func goesBack(line string, instructions int) bool {
	if m := relative.FindStringSubmatch(line); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n >= instructions-1
	}
	m := absolute.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	target, _ := strconv.ParseUint(m[1], 0, 64)
	return target < address(line)
}

func address(line string) (a uint64) {
	fmt.Sscanf(line, "%v", &a)
	return a
}
