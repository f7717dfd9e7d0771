// SPDX-License-Identifier: MIT

package kernels

import (
	"path/filepath"
	"testing"

	"libmemfd_go/internal/testenv"
	"libmemfd_go/tests/kernels/wire"
)

// goSuite runs the tests of bindings/go/memfd. They are a static program and need no library.
var goSuite = suite{"go", prepareGo, goResults}

// needsFiles matches the examples that need programs or files missing from the image.
const needsFiles = "^(ExampleClone|ExampleCommand|ExampleSealed_child)$"

var builtGo once[string]

func prepareGo(t *testing.T, e entry, m *image) []wire.Run {
	environment := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARM=7", "GOARCH=" + e.goarch}
	t.Attr("tools", testenv.GoVersion(environment))
	program, err := builtGo.get(e.goarch, func() (string, error) {
		program := filepath.Join(scratch, "go-"+e.goarch)
		return program, goTool(environment, "test", "-c", "-o", program, "./bindings/go/memfd")
	})
	must(t, err)
	must(t, m.addProgram("tests/go", program))
	return []wire.Run{{
		Name:        "go",
		Arguments:   []string{"/tests/go", "-test.v=test2json", "-test.short", "-test.skip=" + needsFiles},
		Environment: e.known(),
		Seconds:     600,
	}}
}
