// SPDX-License-Identifier: MIT

package main

import "testing"

// A call of RawSyscall6 becomes a call of its callee, if that has the same calling convention.
func TestShortcut(t *testing.T) {
	raw, direct, other := &symbol{name: "syscall.RawSyscall6"}, &symbol{name: "internal/runtime/syscall.Syscall6"}, &symbol{name: "main.f"}
	named := map[string]*symbol{direct.name: direct}
	for _, c := range []struct {
		named     map[string]*symbol
		sym, want *symbol
	}{
		{named, raw, direct},
		{named, other, other},
		{nil, raw, raw},
		{map[string]*symbol{direct.name + ".abi0": direct}, raw, raw}, // takes its arguments on the stack
	} {
		r := &reacher{library: &library{object: &object{named: c.named}}}
		if got := r.shortcut(c.sym); got != c.want {
			t.Errorf("with %v %s becomes %s, want %s", c.named, c.sym.name, got.name, c.want.name)
		}
	}
}
