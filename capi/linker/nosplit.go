// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Machine code does not show whether a function is nosplit: the compiler also omits the stack
// check in small leaf functions, until a change adds a call. So the sources are checked.

// splitFunctions refuses functions that are not nosplit, in all packages of this module that the
// library consists of.
func (r recipe) splitFunctions(env []string) (refused refusals, err error) {
	cmd := r.command(env, "list", "-deps", "-tags="+libraryTag, "-json=Dir,GoFiles,Module", r.pkg)
	cmd.Stderr = os.Stderr
	printed, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	for list := json.NewDecoder(strings.NewReader(string(printed))); ; {
		var p struct {
			Dir     string
			GoFiles []string
			Module  *struct {
				Main bool
				Dir  string
			}
		}
		if err := list.Decode(&p); errors.Is(err, io.EOF) {
			return refused, nil
		} else if err != nil {
			return nil, err
		}
		if p.Module == nil || !p.Module.Main {
			continue
		}
		for _, name := range p.GoFiles {
			found, err := splitIn(filepath.Join(p.Dir, name), p.Module.Dir)
			if err != nil {
				return nil, err
			}
			refused = append(refused, found...)
		}
	}
}

// splitIn refuses the functions in a file that are not nosplit. main is never called.
func splitIn(name, top string) (refused refusals, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	short, err := filepath.Rel(top, name)
	if err != nil {
		return nil, err
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil || isNosplit(f) || f.Name.Name == "main" && file.Name.Name == "main" {
			continue
		}
		refused = append(refused, refusal{
			at: position{filepath.ToSlash(short), files.Position(f.Name.Pos()).Line}, what: faultSplit,
			function: file.Name.Name + "." + f.Name.Name,
		})
	}
	return refused, nil
}

func isNosplit(f *ast.FuncDecl) bool {
	return f.Doc != nil && slices.ContainsFunc(f.Doc.List, func(c *ast.Comment) bool { return c.Text == "//go:nosplit" })
}
