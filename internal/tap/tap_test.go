// SPDX-License-Identifier: MIT

package tap

import (
	"os/exec"
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
