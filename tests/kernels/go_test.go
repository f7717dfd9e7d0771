// SPDX-License-Identifier: MIT

package kernels

import (
	"path/filepath"
	"testing"

	"libmemfd_go/internal/testenv"
	"libmemfd_go/tests/kernels/wire"
)

// The tests of bindings/go/memfd, in a static program that needs no library.
var goSuite = suite{"go", prepareGo, goResults}

// needsFiles are examples that need programs and files that the image does not have.
const needsFiles = "^(ExampleClone|ExampleCommand|ExampleSealed_child)$"

var builtGo once[string]

func prepareGo(t *testing.T, c cell, m *image) []wire.Run {
	environment := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARM=7", "GOARCH=" + c.goarch}
	t.Attr("tools", testenv.GoVersion(environment))
	program, err := builtGo.get(c.goarch, func() (string, error) {
		program := filepath.Join(scratch, "go-"+c.goarch)
		return program, goTool(environment, "test", "-c", "-o", program, "./bindings/go/memfd")
	})
	must(t, err)
	must(t, m.addProgram("tests/go", program))
	return []wire.Run{{
		Name:        "go",
		Arguments:   []string{"/tests/go", "-test.v=test2json", "-test.short", "-test.skip=" + needsFiles},
		Environment: c.known(),
		Seconds:     600,
	}}
}
