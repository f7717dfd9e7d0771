// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const commandFolder = "cmd/memfd"

// A module is a Go module that is linked into the command.
type module struct {
	path, version string
	folder        string
	licenceFile   string
	licence       string // the SPDX identifier
}

// commandModules returns the modules that the command is built from, other than our own.
func commandModules() ([]module, error) {
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}} {{.Dir}}{{end}}", ".")
	list.Dir = commandFolder
	list.Env = append(os.Environ(), "GOOS=linux")
	output, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("%s in %s: %w", list, commandFolder, err)
	}
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	slices.Sort(lines)
	var all []module
	for _, line := range slices.Compact(lines) {
		path, rest, _ := strings.Cut(line, " ")
		if path == "" || strings.HasPrefix(path, "libmemfd_go") {
			continue
		}
		version, folder, _ := strings.Cut(rest, " ")
		if folder == "" { // in the vendored source archive
			folder = filepath.Join(commandFolder, "vendor", path)
		}
		m := module{path: path, version: version, folder: folder}
		if err := m.readLicence(); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// readLicence finds the licence. It fails for a licence that the packages do not declare.
func (m *module) readLicence() error {
	files, err := filepath.Glob(filepath.Join(m.folder, "LICENSE*"))
	if err != nil {
		return err
	}
	if len(files) != 1 {
		return fmt.Errorf("module %s: want one file LICENSE* in %s, found %q", m.path, m.folder, files)
	}
	m.licenceFile = files[0]
	text, err := os.ReadFile(m.licenceFile)
	if err != nil {
		return err
	}
	switch {
	case strings.Contains(string(text), "Apache License\n                           Version 2.0"):
		m.licence = "Apache-2.0"
	case strings.Contains(string(text), "Redistribution and use in source and binary forms") &&
		strings.Contains(string(text), "Neither the name"):
		m.licence = "BSD-3-Clause"
	default:
		return fmt.Errorf("module %s: %s is neither Apache-2.0 nor BSD-3-Clause", m.path, m.licenceFile)
	}
	return nil
}

// licence returns the SPDX expression of a part.
func (of part) licence() string {
	if of == program {
		return "MIT AND BSD-3-Clause AND Apache-2.0"
	}
	return "MIT AND BSD-3-Clause"
}

// copyLicences copies the licences of the command and the modules linked into it.
func (r *release) copyLicences(folder string) error {
	files := map[string]string{"LICENSE": "LICENSE", "packaging/LICENSE.Go": "LICENSE.Go"}
	modules, err := commandModules()
	if err != nil {
		return err
	}
	for _, m := range modules {
		files[m.licenceFile] = "LICENSE." + filepath.Base(m.path)
	}
	for from, to := range files {
		if err := copyFile(from, filepath.Join(folder, to)); err != nil {
			return err
		}
	}
	return nil
}

var copyrightLine = regexp.MustCompile(`(?m)^(?:// )?Copyright (?:\(c\) )?(\d{4}.*)$`)

// copyrights returns the copyright holders, from the licence or a source file.
func (m *module) copyrights() ([]string, error) {
	sources, err := filepath.Glob(filepath.Join(m.folder, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range append([]string{m.licenceFile}, sources...) {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var all []string
		for _, match := range copyrightLine.FindAllStringSubmatch(string(text), -1) {
			all = append(all, strings.TrimSuffix(match[1], ". All rights reserved."))
		}
		if all != nil {
			return all, nil
		}
	}
	return nil, errors.New("module " + m.path + ": no copyright line in the licence and the sources")
}

// debModules returns the paragraphs of debCopyright about the command's modules.
func debModules() (text string, err error) {
	modules, err := commandModules()
	if err != nil {
		return "", err
	}
	for _, m := range modules {
		names, err := m.copyrights()
		if err != nil {
			return "", err
		}
		text += "\nFiles: cmd/memfd/vendor/" + m.path + "/*\nCopyright: " + strings.Join(names, "\n           ") + "\n"
		if m.licence == "Apache-2.0" {
			text += "License: Apache-2.0\n On Debian systems, the text of the Apache License, Version 2.0, is in\n" +
				" /usr/share/common-licenses/Apache-2.0.\n"
			continue
		}
		terms, err := os.ReadFile(m.licenceFile)
		if err != nil {
			return "", err
		}
		text += "License: " + m.licence + "-" + filepath.Base(m.path) + "\n" + licence{terms: string(terms)}.stanza()
	}
	return text, nil
}
