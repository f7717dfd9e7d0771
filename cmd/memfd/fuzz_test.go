// SPDX-License-Identifier: MIT

package main

import (
	"strings"
	"testing"
)

func FuzzParseFile(f *testing.F) {
	f.Add("1234/5")
	f.Add("/proc/self/fd/3")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := parseFile(text)
		if err != nil {
			return
		}
		if again, err := parseFile(file.String()); err != nil || again != file || file.pid <= 0 || file.fd < 0 {
			t.Errorf("%q is %v, which is %v, %v", text, file, again, err)
		}
	})
}

// fill does not change the number of arguments.
func FuzzFill(f *testing.F) {
	f.Add("{}", "--key={2} {}", "/dev/fd/3")
	f.Add("@", "@@", "@")
	f.Fuzz(func(t *testing.T, replace, argument, path string) {
		options := withOptions{replace: replace}
		args := []string{"command", "first", argument}
		filled, err := options.fill(args, []string{path, "/dev/fd/9"})
		if err == nil && (len(filled) != len(args) || filled[0] != args[0]) {
			t.Errorf("%q becomes %q", args, filled)
		}
		if replace == "{}" && !strings.Contains(argument, "{") && err == nil {
			t.Errorf("%q has no place for a file, but becomes %q", args, filled)
		}
	})
}
