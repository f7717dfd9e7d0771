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

// kept is where records are.
const kept = "build/matrix"

// A record is what came of a run, of everything or of one cell.
type record struct {
	Date            time.Time
	Commit, Machine string
	Results         []results.Result
	Attributes      map[string]map[string]string // by the names of cells
}

var fileName = strings.NewReplacer("/", "_", "*", "all")

// keep writes a record. One of everything takes the place of all others.
func (r *record) keep(cell string) error {
	if cell == "" {
		cell = "everything"
		if err := os.RemoveAll(kept); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(kept, 0o777); err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(kept, fileName.Replace(cell)+".json"), text, 0o666)
}

// recorded reads all records, the oldest first.
func recorded() ([]*record, error) {
	files, err := filepath.Glob(filepath.Join(kept, "*.json"))
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
