// SPDX-License-Identifier: MIT

package contract

import (
	"debug/elf"
	"path/filepath"
	"slices"
	"testing"

	"libmemfd_go/internal/testenv"
)

const symbolVersion = "MEMFD_GO_1.0"

func TestSymbols(t *testing.T) {
	h := readHeader(t)
	for _, arch := range testenv.Tested() {
		t.Run(arch.GOARCH, func(t *testing.T) {
			folder, err := testenv.Product(arch.GOARCH)
			if err != nil {
				t.Skip(err)
			}
			library := filepath.Join(folder, "libmemfd_go.so.1")
			symbols, err := exported(library)
			if err != nil {
				t.Fatal(err)
			}
			report(t, compareSymbols(library, h, symbols))
		})
	}
}

// exported lists the functions that a library exports, as NAME@VERSION.
func exported(path string) ([]string, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF && elf.ST_TYPE(s.Info) == elf.STT_FUNC {
			names = append(names, s.Name+"@"+s.Version)
		}
	}
	return names, nil
}

func compareSymbols(library string, h *Header, symbols []string) []string {
	var complaints []string
	var want []string
	for _, f := range h.Functions {
		name := f.Name + "@" + symbolVersion
		want = append(want, name)
		if !slices.Contains(symbols, name) {
			complaints = append(complaints, library+" does not export "+name+"; run: make all-arch")
		}
	}
	for _, name := range symbols {
		if !slices.Contains(want, name) {
			complaints = append(complaints, library+" exports "+name+", which is not in "+headerFile)
		}
	}
	return complaints
}
