// SPDX-License-Identifier: MIT

package contract

import (
	"fmt"
	"slices"
	"strings"
)

// A description is what programs have compiled in, or ask the loader for: one fact a
// line. It is kept for each minor version in tests/contract/<version>/abi.txt.
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

// find returns what is said of the same thing.
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

// describe says what the header and a library promise. The version's own numbers are
// no promise.
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

// describeStruct says sizes and offsets with words of four and of eight bytes.
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

// mayGrow are the structs that are exchanged in one call. The others are kept by the
// caller between calls, so that their size is part of the caller.
var mayGrow = []string{"memfd_go_features", "memfd_go_create_args", "memfd_go_info"}

// breaks says which of the promises of a version do not hold any more, and what to do.
func breaks(version string, promised, now description) []string {
	var complaints []string
	for _, p := range promised {
		is, found := now.find(p)
		switch {
		case !found:
			complaints = append(complaints, fmt.Sprintf("this breaks programs made for %s:\n\n%s\n\nis gone. %s", version, p, whenGone[p.kind]))
		case is.value != p.value && !grown(p, is):
			complaints = append(complaints, fmt.Sprintf("this breaks programs made for %s:\n\n%s\n\nhas become\n\n%s\n\n%s", version, p, is, whenChanged[p.kind]))
		}
	}
	for i := range complaints {
		complaints[i] += "\ndocs/ABI.md says what may change, and how."
	}
	return complaints
}

// grown tells whether a struct has become longer, which is allowed to some.
func grown(before, after fact) bool {
	var small, large, newSmall, newLarge int
	const format = "of %d or %d bytes"
	fmt.Sscanf(before.value, format, &small, &large)
	fmt.Sscanf(after.value, format, &newSmall, &newLarge)
	return before.kind == "struct" && slices.Contains(mayGrow, before.name) && newSmall >= small && newLarge >= large
}

var whenGone = map[string]string{
	"soname":   "Programs ask for the library by this name, and do not start. Bring it back.",
	"symbol":   "Programs that call it do not start. Bring it back, in exports.h, at its version.",
	"function": "Programs that call it do not compile. Bring it back, in the header.",
	"constant": "Programs that use it do not compile. Bring it back, in the header.",
	"struct":   "Programs that use it do not compile. Bring it back, in the header.",
	"member":   "Programs that use it do not compile. Bring it back, at its place.",
}

var whenChanged = map[string]string{
	"symbol":   "Programs ask for it at the version that it had, and do not start. Bring that back.",
	"function": "Programs pass what it took before. Leave it, and add a function.",
	"constant": "Programs have the old value compiled in. Leave it, and add a constant.",
	"struct":   "Programs have the old size compiled in. Use reserved members, or add a struct.",
	"member":   "Programs have the old place compiled in. Leave it, and add a member behind the last.",
}
