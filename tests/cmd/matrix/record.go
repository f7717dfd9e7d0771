// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"libmemfd_go/internal/results"
)

const recordFolder = "build/matrix"

// A record holds the results of a run.
type record struct {
	Date            time.Time
	Commit, Machine string
	Results         []results.Result
	Attributes      map[string]map[string]string // by entry: kernel, page size, tools
}

var fileName = strings.NewReplacer("/", "_", "*", "all")

// keep writes a record, named after what ran. A run of everything replaces all other records.
func (r *record) keep(name string) error {
	if name == "" {
		name = "everything"
		if err := os.RemoveAll(recordFolder); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(recordFolder, 0o777); err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(recordFolder, fileName.Replace(name)+".json"), text, 0o666)
}

// recorded reads all records, oldest first.
func recorded() ([]*record, error) {
	files, err := filepath.Glob(filepath.Join(recordFolder, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []*record
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		r := &record{}
		if err := json.Unmarshal(text, r); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *record) int { return cmp.Compare(a.Date.Unix(), b.Date.Unix()) })
	return all, nil
}
