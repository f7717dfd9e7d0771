// SPDX-License-Identifier: MIT

package tap

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

func TestStatus(t *testing.T) {
	for _, test := range []struct {
		script, want string
	}{
		{"exit 0", "exit status 0"},
		{"exit 77", "exit status 77"},
		{"kill -ALRM $$", "killed by SIGALRM"},
		{"kill -KILL $$", "killed by SIGKILL"},
	} {
		cmd := exec.Command("sh", "-c", test.script)
		if err := cmd.Run(); cmd.ProcessState == nil {
			t.Fatal(err)
		}
		if got := ending(Status(cmd.ProcessState)); got != test.want {
			t.Errorf("%s: %s, want %s", test.script, got, test.want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	var lines []string
	for i := range 100 {
		lines = append(lines, fmt.Sprint("line ", i))
	}
	short := excerpt(lines)
	for _, want := range []string{"line 0\n", "line 5\n# ... 88 lines ...\nline 94\n", "line 99"} {
		if !strings.Contains(short, want) {
			t.Errorf("%q is not in %s", want, short)
		}
	}
	if got := excerpt(lines[:12]); got != strings.Join(lines[:12], "\n") {
		t.Error(got)
	}
}
