// SPDX-License-Identifier: MIT

package library

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The time of memfd_go_equal depends on the length, not on the bytes. On every architecture the loop
// consists of simple instructions, and no branch, comparison or address depends on a loaded byte.
func TestEqualTakesConstantTime(t *testing.T) {
	each(t, func(t *testing.T, l library) {
		name := "libmemfd_go/core.sameBytes"
		code := disassembly(t, l)[name]
		for _, complaint := range dependencies(code) {
			t.Errorf("%s: %s\n%s", name, complaint, strings.Join(code, "\n"))
		}
	})
}

// Instructions, as `go tool objdump` names them.
var (
	simple      = regexp.MustCompile(`^(MOV\w*|XORL?|XORW|EOR|ORL?|ORW|ORR|ADD\w*|INC[LQ]|SUB|LEAL|SHRL|SR(L|W|LI|LIW)|SLLI|LSR|UBFX|RLWINM|BSTRPICKV|NOPL|NOOP|NOP|XCHGL)$`)
	comparison  = regexp.MustCompile(`^CMP[LQU]?$`)
	branch      = regexp.MustCompile(`^(JMP|B|BR|RET)$`)
	conditional = regexp.MustCompile(`^(JA|B\.HI|BHI|BGT|BLTU|CMPUBGT)$`)
	byteLoad    = regexp.MustCompile(`^(MOVZX|MOVBU|MOVBZ) [^,]*\(.*, ?(\w+)$`)
	register    = regexp.MustCompile(`\b(R\d+|X\d+|[A-D]X|[A-D]L|[SD]I|BP)\b`)
	inAddress   = regexp.MustCompile(`\(([^)]*)\)`)
)

// dependencies reports how the timing of a function may depend on the bytes that it loads.
func dependencies(code []string) (complaints []string) {
	if !slices.ContainsFunc(code, func(line string) bool { return byteLoad.MatchString(instruction(line)) }) {
		return []string{"no byte is loaded"}
	}
	tainted, looped := map[string]bool{}, map[string]bool{}
	branches := 0
	for range 2 { // the second round starts with the registers after the first
		before := ""
		tainted = maps.Clone(looped)
		for _, line := range code {
			text := instruction(line)
			name, operands, _ := strings.Cut(text, " ")
			switch {
			case text == "?" || branch.MatchString(name): // padding
			case conditional.MatchString(name):
				branches++
				looped = maps.Clone(tainted)
				if !register.MatchString(operands) && !comparison.MatchString(before) {
					complaints = append(complaints, "cannot find the condition of this branch: "+text)
				}
				fallthrough
			case comparison.MatchString(name):
				if slices.ContainsFunc(registers(operands), func(r string) bool { return tainted[r] }) {
					complaints = append(complaints, "the condition depends on a byte: "+text)
				}
			case simple.MatchString(name):
				if reads := addressed(name, operands); slices.ContainsFunc(reads, func(r string) bool { return tainted[r] }) {
					complaints = append(complaints, "the address depends on a byte: "+text)
				}
				spread(tainted, text, name, operands)
			default:
				complaints = append(complaints, "the time of this instruction may depend on its operands: "+text)
			}
			before = name
		}
	}
	if branches != 2 { // one in each round
		complaints = append(complaints, "there must be exactly one conditional branch, that of the loop")
	}
	return complaints
}

// spread updates the set of registers that depend on a byte.
func spread(tainted map[string]bool, text, name, operands string) {
	all := registers(operands)
	if strings.HasPrefix(name, "XCHG") {
		tainted[all[0]], tainted[all[1]] = tainted[all[1]], tainted[all[0]]
		return
	}
	if len(all) == 0 || strings.HasSuffix(text, ")") { // a no-op, or a store
		return
	}
	to := all[len(all)-1]
	if byteLoad.MatchString(text) {
		tainted[to] = true
		return
	}
	from := all
	if (strings.HasPrefix(name, "MOV") || name == "LEAL" || len(all) > 2) && len(all) > 1 {
		from = all[:len(all)-1] // otherwise the destination is also a source
	}
	tainted[to] = slices.ContainsFunc(from, func(r string) bool { return tainted[r] })
}

// addressed returns the registers in addresses. "31(R0)" in a shift is not an address.
func addressed(name, operands string) (all []string) {
	if strings.HasPrefix(name, "MOV") {
		for _, m := range inAddress.FindAllStringSubmatch(operands, -1) {
			all = append(all, registers(m[1])...)
		}
	}
	return all
}

// registers returns the registers in a text. AL becomes AX.
func registers(text string) []string {
	all := register.FindAllString(text, -1)
	for i, r := range all {
		if strings.HasSuffix(r, "L") {
			all[i] = r[:1] + "X"
		}
	}
	return all
}

// instruction removes the address from a line of disassembly.
func instruction(line string) string {
	_, text, _ := strings.Cut(line, " ")
	return strings.TrimSpace(text)
}

func TestDependencies(t *testing.T) {
	for name, code := range map[string]string{
		"no byte is loaded":             "XORL AX, AX|RET",
		"depends on a byte: CMPQ":       "MOVZX 0(DX)(AX*1), DI|CMPQ DI, $0|JA 0x10|RET",
		"depends on a byte: BLTU":       "MOVBU (R4)(R7), R9|XOR R10, R9|BLTU R9, R6, -6(PC)|RET",
		"the address depends on a byte": "MOVBU (R0)(R3), R5|ADD R5, R1, R6|MOVBU (R6), R7|RET",
		"cannot find the condition":     "MOVZX 0(DX)(AX*1), DI|ORL DI, SI|JA 0x10|RET",
		"the time of this":              "MOVZX 0(DX)(AX*1), DI|DIVL DI|RET",
		"there must be":                 "MOVZX 0(DX)(AX*1), DI|CMPQ CX, DX|JA 0x10|CMPQ CX, DX|JA 0x10|RET",
	} {
		var lines []string
		for _, text := range strings.Split(code, "|") {
			lines = append(lines, "0x1 "+text)
		}
		if got := strings.Join(dependencies(lines), "\n"); !strings.Contains(got, name) {
			t.Errorf("%s: want %q, got %q", code, name, got)
		}
	}
}
