// SPDX-License-Identifier: MIT

//go:build docs

package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// With the build tag docs the command can also write its manual pages and completions:
//
//	go run -tags docs . docs FOLDER
//
// FOLDER gets man1, bash, zsh and fish; the pages are dated $SOURCE_DATE_EPOCH. The released
// command is smaller without that.
func init() {
	extra = append(extra, &cobra.Command{
		Use:    "docs FOLDER",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE:   func(command *cobra.Command, args []string) error { return writeDocs(command.Root(), args[0]) },
	})
}

func writeDocs(root *cobra.Command, folder string) error {
	root.DisableAutoGenTag = true
	for _, name := range []string{"man1", "bash", "zsh", "fish"} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o777); err != nil {
			return err
		}
	}
	header := &doc.GenManHeader{Section: "1", Source: "memfd " + version, Manual: "User Commands"}
	if err := doc.GenManTree(root, header, filepath.Join(folder, "man1")); err != nil {
		return err
	}
	if err := root.GenBashCompletionFileV2(filepath.Join(folder, "bash", "memfd"), true); err != nil {
		return err
	}
	if err := root.GenZshCompletionFile(filepath.Join(folder, "zsh", "_memfd")); err != nil {
		return err
	}
	return root.GenFishCompletionFile(filepath.Join(folder, "fish", "memfd.fish"), true)
}
