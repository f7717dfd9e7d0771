// SPDX-License-Identifier: MIT

package kernels

import (
	"path/filepath"
	"testing"

	"libmemfd_go/internal/testenv"
	"libmemfd_go/tests/kernels/wire"
)

// commandSuite runs the tests of cmd/memfd, on amd64 only: nothing in it depends on both the
// kernel and the architecture.
var commandSuite = suite{"command", prepareCommand, goResults}

// commandTools are names of busybox that only these tests use.
var commandTools = []string{"chmod", "cp", "grep", "mount", "readlink", "stat", "umount", "unshare"}

var builtCommand once[string]

func prepareCommand(t *testing.T, e entry, m *image) []wire.Run {
	environment := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + e.goarch}
	t.Attr("tools", testenv.GoVersion(environment))
	for _, name := range commandTools {
		m.archive.link("bin/"+name, "busybox")
	}
	m.archive.folder("mnt")
	must(t, m.addTree("command/testdata", filepath.Join(testenv.Repository(), "cmd", "memfd", "testdata")))
	var runs []wire.Run
	for name, folder := range map[string]string{"command": ".", "scan": "./internal/scan"} {
		program, err := builtCommand.get(name+e.goarch, func() (string, error) {
			program := filepath.Join(scratch, name+"-"+e.goarch)
			return program, goTool(environment, "-C", "cmd/memfd", "test", "-c", "-o", program, folder)
		})
		must(t, err)
		must(t, m.addProgram("command/"+name, program))
		runs = append(runs, wire.Run{
			Name:        name,
			Arguments:   []string{"/command/" + name, "-test.v=test2json", "-test.short"},
			Environment: e.known(),
			Folder:      "/command",
			Seconds:     600,
		})
	}
	return runs
}
