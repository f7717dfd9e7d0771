// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// versionPrefix begins the versions of symbols.
const versionPrefix = "MEMFD_GO_"

// A format describes the packages for one package manager.
type format struct {
	libdir func(a arch) string
	zshdir string // the folder of zsh completions
	arch   func(a arch) string
	names  [4]string // of the parts; %s is the major number
	file   string    // format of file names: package, version, architecture
	write  func(p *parts) error
}

// name returns the name of a package.
func (p *parts) name(of part) string {
	if name := p.format.names[of]; strings.Contains(name, "%s") {
		return fmt.Sprintf(name, p.release.major())
	}
	return p.format.names[of]
}

func (p *parts) file(of part) string {
	name := fmt.Sprintf(p.format.file, p.name(of), p.release.version, p.format.arch(p.arch))
	return filepath.Join(p.release.folder, name)
}

// packages builds the packages for an architecture.
func (r *release) packages(a arch) error {
	for _, f := range []*format{deb, rpm, apk} {
		p, err := r.newParts(a, f)
		if p != nil {
			defer os.RemoveAll(p.folder)
		}
		if err != nil {
			return err
		}
		if err := f.write(p); err != nil {
			return err
		}
	}
	return nil
}
