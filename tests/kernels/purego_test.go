// SPDX-License-Identifier: MIT

package kernels

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"libmemfd_go/internal/results"
	"libmemfd_go/internal/testenv"
	"libmemfd_go/tests/kernels/wire"
)

var puregoSuite = suite{"purego", preparePurego, goResults}

var builtPurego once[string]

func preparePurego(t *testing.T, e entry, m *image) []wire.Run {
	environment, err := e.arch().GoEnvironment()
	if err != nil {
		t.Skip(err)
	}
	t.Attr("tools", testenv.GoVersion(environment)+", "+e.arch().GlibcVersion())
	program, err := builtPurego.get(e.goarch, func() (string, error) {
		program := filepath.Join(scratch, "purego-"+e.goarch)
		options := []string{"test", "-c", "-o", program}
		if loader := e.arch().GoLoader(); loader != "" {
			options = append(options, "-ldflags=-I "+loader)
		}
		return program, goTool(environment, append(options, "./tests/purego")...)
	})
	must(t, err)
	addLibrary(t, e, m)
	must(t, m.addProgram("tests/purego", program))
	return []wire.Run{{
		Name:        "purego",
		Arguments:   []string{"/tests/purego", "-test.v=test2json", "-test.short"},
		Environment: append(e.known(), "MEMFD_GO_LIBRARY="+library),
		Seconds:     600,
	}}
}

func addLibrary(t *testing.T, e entry, m *image) {
	product, err := testenv.Product(e.goarch)
	if err != nil {
		testenv.UnavailableIf(t, e.regular, err)
	}
	must(t, m.addProgram(library, filepath.Join(product, "libmemfd_go.so.1")))
}

// goResults parses the output of a Go test program.
func goResults(t *testing.T, run wire.Run, result *wire.Result, hint string) {
	convert := exec.Command("go", "tool", "test2json")
	convert.Stdin = strings.NewReader(result.Output)
	events, err := convert.Output()
	must(t, err)
	all, err := results.ParseGo(bytes.NewReader(events))
	reportResults(t, run, result, all, err, hint)
}
