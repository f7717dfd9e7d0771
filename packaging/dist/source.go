// SPDX-License-Identifier: MIT

package main

import (
	"archive/tar"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"libmemfd_go/packaging/vendored"
)

// sources writes two archives: the sources, and the sources with all Go modules, for builds without a
// network.
func (r *release) sources() error {
	files, err := sourceFiles()
	if err != nil {
		return err
	}
	name := "libmemfd_go-" + r.version
	if err := r.writeSources(name, name, files, nil); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "memfd_go")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	modules := map[string]string{}
	for i, top := range []string{".", commandFolder} {
		modules[top] = filepath.Join(folder, strconv.Itoa(i))
		if err := vendored.Write(top, modules[top]); err != nil {
			return err
		}
	}
	return r.writeSources(name+"-vendored", name, files, modules)
}

// writeSources packs files of this folder, and the dependencies of the Go modules in it. modules maps
// the folder of a module to its dependencies.
func (r *release) writeSources(archiveName, folder string, files []string, modules map[string]string) error {
	return r.createArchive(archiveName, func(archive *tar.Writer) error {
		for _, file := range files {
			if err := r.add(archive, file, folder+"/"+file); err != nil {
				return err
			}
		}
		for _, top := range slices.Sorted(maps.Keys(modules)) {
			if err := r.addTree(archive, modules[top], path.Join(folder, top, "vendor")); err != nil {
				return err
			}
		}
		return nil
	})
}

// sourceFiles returns the files tracked by git, or without git, the files of the source archive.
func sourceFiles() (files []string, err error) {
	if _, err := os.Stat(".git"); err != nil {
		return unpackedFiles()
	}
	output, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(output), "\x00"), "\x00") {
		if _, err := os.Lstat(name); err == nil {
			files = append(files, name)
		}
	}
	slices.Sort(files)
	return files, nil
}

func unpackedFiles() (files []string, err error) {
	made := []string{"build", "target", "vendor", "__pycache__"}
	err = filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && slices.Contains(made, e.Name()):
			return fs.SkipDir
		case !e.IsDir():
			files = append(files, path)
		}
		return nil
	})
	slices.Sort(files)
	return files, err
}
