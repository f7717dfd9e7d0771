// SPDX-License-Identifier: MIT

package main

import (
	"slices"
	"strings"
)

// modulePrefix is the prefix of the names of our packages and their files.
const modulePrefix = "libmemfd_go/"

// locate finds the lines of the refused instructions in the debug information, and returns the
// refusals as an error.
func (lib *library) locate(refused refusals) error {
	if len(refused) == 0 {
		return nil
	}
	if lib.text == nil {
		lib.makeContents()
	}
	units, err := lib.readDebugInfo(lib.path)
	if err != nil {
		return err
	}
	for i := range refused {
		for _, u := range units {
			u.locate(&refused[i])
		}
	}
	return refused
}

// locate sets the position of r if its function is in the unit.
func (u *debugUnit) locate(r *refusal) {
	i := slices.IndexFunc(u.functions, func(f *debugFunction) bool { return f.atom == r.atom })
	if i < 0 {
		return
	}
	f, off := u.functions[i], r.pc-r.atom.start
	for _, line := range f.lines {
		if line.pc <= off && line.file > 0 {
			r.at = position{strings.TrimPrefix(u.files[line.file-1], modulePrefix), int(line.line)}
		}
	}
	r.function = strings.TrimPrefix(f.name, modulePrefix)
	for calls := f.inlined; ; {
		i := slices.IndexFunc(calls, func(c *inlinedCall) bool { return inSpans(c.code, off) })
		if i < 0 {
			return
		}
		r.inlined = slices.Insert(r.inlined, 0, r.function)
		r.function = strings.TrimPrefix(calls[i].origin.name, modulePrefix)
		calls = calls[i].inlined
	}
}
