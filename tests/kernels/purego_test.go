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

func preparePurego(t *testing.T, c cell, m *image) []wire.Run {
	environment, err := c.arch().GoEnvironment()
	if err != nil {
		t.Skip(err)
	}
	t.Attr("tools", testenv.GoVersion(environment)+", "+c.arch().GlibcVersion())
	program, err := builtPurego.get(c.goarch, func() (string, error) {
		program := filepath.Join(scratch, "purego-"+c.goarch)
		options := []string{"test", "-c", "-o", program}
		if loader := c.arch().GoLoader(); loader != "" {
			options = append(options, "-ldflags=-I "+loader)
		}
		return program, goTool(environment, append(options, "./tests/purego")...)
	})
	must(t, err)
	addLibrary(t, c, m)
	must(t, m.addProgram("tests/purego", program))
	return []wire.Run{{
		Name:        "purego",
		Arguments:   []string{"/tests/purego", "-test.v=test2json", "-test.short"},
		Environment: append(c.known(), "MEMFD_GO_LIBRARY="+library),
		Seconds:     600,
	}}
}

// addLibrary puts our library into the image.
func addLibrary(t *testing.T, c cell, m *image) {
	product, err := testenv.Product(c.goarch)
	if err != nil {
		testenv.UnavailableIf(t, c.regular, err)
	}
	must(t, m.addProgram(library, filepath.Join(product, "libmemfd_go.so.1")))
}

// goResults reads the output of a Go test program.
func goResults(t *testing.T, run wire.Run, result *wire.Result, hint string) {
	convert := exec.Command("go", "tool", "test2json")
	convert.Stdin = strings.NewReader(result.Output)
	events, err := convert.Output()
	must(t, err)
	all, err := results.ParseGo(bytes.NewReader(events))
	tellResults(t, run, result, all, err, hint)
}
