// SPDX-License-Identifier: MIT

package contract

import (
	"fmt"
	"slices"
	"strings"
)

// A description is the ABI as a list of facts: what programs compile in or need from the loader.
// tests/contract/<version>/abi.txt records it for each minor version, one fact per line.
type description []fact

type fact struct {
	kind  string // soname, symbol, function, constant, struct, member
	name  string
	value string
}

func (f fact) String() string { return strings.TrimSpace(f.kind + " " + f.name + " " + f.value) }

func (d description) String() string {
	var text strings.Builder
	for _, f := range d {
		fmt.Fprintln(&text, f)
	}
	return text.String()
}

// find returns the fact about the same thing.
func (d description) find(f fact) (fact, bool) {
	i := slices.IndexFunc(d, func(o fact) bool { return o.kind == f.kind && o.name == f.name })
	if i < 0 {
		return fact{}, false
	}
	return d[i], true
}

func parseDescription(text string) description {
	var d description
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		f := fact{kind: parts[0]}
		if len(parts) > 1 {
			f.name = parts[1]
		}
		if len(parts) > 2 {
			f.value = parts[2]
		}
		d = append(d, f)
	}
	return d
}

// describe lists the facts of the header and a library, except the version numbers, which may
// change.
func describe(h *Header, soname string, symbols []string) description {
	d := description{{kind: "soname", name: soname}}
	for _, s := range symbols {
		name, version, _ := strings.Cut(s, "@")
		d = append(d, fact{"symbol", name, version})
	}
	for _, f := range h.Functions {
		var params []string
		for _, p := range f.Params {
			params = append(params, p.Type)
		}
		d = append(d, fact{"function", f.Name, f.Result + " (" + strings.Join(params, ", ") + ")"})
	}
	for _, c := range h.Constants {
		if !strings.HasPrefix(c.Name, "MEMFD_GO_VERSION") {
			d = append(d, fact{"constant", c.Name, c.Text})
		}
	}
	for _, s := range h.Structs {
		d = append(d, describeStruct(h, s)...)
	}
	return d
}

// describeStruct gives sizes and offsets for 32-bit and 64-bit architectures.
func describeStruct(h *Header, s Struct) description {
	small, large := layoutOf(h, s, 4), layoutOf(h, s, 8)
	d := description{{"struct", s.Name, fmt.Sprintf("of %d or %d bytes", small.size, large.size)}}
	for i, f := range s.Fields {
		kind := f.Type
		if f.Count > 0 {
			kind += fmt.Sprintf("[%d]", f.Count)
		}
		d = append(d, fact{"member", s.Name + "." + f.Name, fmt.Sprintf("%s at %d or %d", kind, small.offsets[i], large.offsets[i])})
	}
	return d
}

// mayGrow lists the structs that are passed with their size. Callers keep the others, so their
// size is part of the ABI.
var mayGrow = []string{"memfd_go_features", "memfd_go_create_args", "memfd_go_info"}

// breaks lists the facts recorded for a version that no longer hold, with advice.
func breaks(version string, promised, now description) []string {
	var complaints []string
	for _, p := range promised {
		is, found := now.find(p)
		switch {
		case !found:
			complaints = append(complaints, fmt.Sprintf("a change breaks programs built for %s. This is gone:\n\n%s\n\n%s", version, p, whenGone[p.kind]))
		case is.value != p.value && !grown(p, is):
			complaints = append(complaints, fmt.Sprintf("a change breaks programs built for %s. This:\n\n%s\n\nhas become:\n\n%s\n\n%s", version, p, is, whenChanged[p.kind]))
		}
	}
	for i := range complaints {
		complaints[i] += "\ndocs/ABI.md explains which changes are compatible."
	}
	return complaints
}

// grown reports whether the change is a larger struct of mayGrow.
func grown(before, after fact) bool {
	var small, large, newSmall, newLarge int
	const format = "of %d or %d bytes"
	fmt.Sscanf(before.value, format, &small, &large)
	fmt.Sscanf(after.value, format, &newSmall, &newLarge)
	return before.kind == "struct" && slices.Contains(mayGrow, before.name) && newSmall >= small && newLarge >= large
}

var whenGone = map[string]string{
	"soname":   "Programs load the library by this name and would not start. Restore it.",
	"symbol":   "Programs that call it would not start. Restore it in capi/exports.h, with its version.",
	"function": "Programs that call it would not compile. Restore it in the header.",
	"constant": "Programs that use it would not compile. Restore it in the header.",
	"struct":   "Programs that use it would not compile. Restore it in the header.",
	"member":   "Programs that use it would not compile. Restore it at its offset.",
}

var whenChanged = map[string]string{
	"symbol":   "Programs need this version of the symbol and would not start. Restore the version.",
	"function": "Programs pass the old arguments. Restore it, and add a new function.",
	"constant": "Programs have the old value compiled in. Restore it, and add a new constant.",
	"struct":   "Programs have the old size compiled in. Use the reserved members, or add a new struct.",
	"member":   "Programs have the old offset compiled in. Restore it, and add a new member at the end.",
}
