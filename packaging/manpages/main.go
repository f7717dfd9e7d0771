// SPDX-License-Identifier: MIT

// Command manpages generates the manual pages of the library from the comments in its header:
// memfd_go(7), and a page in section 3 for each function.
//
//	manpages HEADER FOLDER
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"libmemfd_go/internal/header"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: manpages HEADER FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "manpages:", err)
		os.Exit(1)
	}
}

// A manual is the header, from which the pages are generated.
type manual struct{ *header.Document }

func write(headerFile, folder string) error {
	text, err := os.ReadFile(headerFile)
	if err != nil {
		return err
	}
	d, err := header.ParseDocument(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", headerFile, err)
	}
	h := manual{d}
	pages := map[string]string{"man7/memfd_go.7": h.overview()}
	for _, f := range h.Functions() {
		pages["man3/"+f.Name+".3"] = h.page(f)
	}
	// Remove pages of functions that are no longer in the header.
	old, err := filepath.Glob(filepath.Join(folder, "man[37]", "memfd_go*.[37]"))
	if err != nil {
		return err
	}
	for _, page := range old {
		if err := os.Remove(page); err != nil {
			return err
		}
	}
	for name, page := range pages {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(page), 0o666); err != nil {
			return err
		}
	}
	return nil
}
