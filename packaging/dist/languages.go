// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// crates packs the Rust crates.
func (r *release) crates() error {
	if _, err := exec.LookPath("cargo"); err != nil {
		fmt.Println("dist: cargo not found: the release has no Rust crates")
		return nil
	}
	folder, err := os.MkdirTemp("", "memfd_go")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	// --no-verify: the tests have built the crates.
	err = command(nil, "cargo", "package", "--quiet", "--workspace", "--no-verify", "--allow-dirty", "--locked",
		"--manifest-path", "build/crates/Cargo.toml", "--target-dir", folder)
	if err != nil {
		return err
	}
	return r.copyAll(filepath.Join(folder, "package", "*.crate"))
}

// copyAll copies the files that match a pattern into the release.
func (r *release) copyAll(pattern string) error {
	files, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := copyFile(file, filepath.Join(r.folder, filepath.Base(file))); err != nil {
			return err
		}
	}
	return nil
}
