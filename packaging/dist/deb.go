// SPDX-License-Identifier: MIT

package main

import (
	"archive/tar"
	"bytes"
	"crypto/md5"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Packages for dpkg are not written by nfpm, because it cannot add the control files that
// dpkg-shlibdeps reads.

var deb = &format{
	libdir: func(a arch) string { return "/usr/lib/" + a.triplet },
	zshdir: "/usr/share/zsh/vendor-completions",
	arch:   func(a arch) string { return a.deb },
	names:  [...]string{"libmemfd-go%s", "libmemfd-go-dev", "libmemfd-go%s-dbgsym", "memfd"},
	file:   "%s_%s-1_%s.deb",
	write:  (*parts).writeDebs,
}

// overrides lists tags of lintian that do not apply, with reasons.
const overrides = `# The library makes system calls itself. It needs no other library, that of C included.
%[1]s: shared-library-lacks-prerequisites
# The names of local functions (three kilobytes) make backtraces readable.
%[1]s: unstripped-binary-or-object
# The package has not been uploaded to Debian.
%[1]s: initial-upload-closes-no-bugs
`

const programOverrides = `# The command is a Go program. It has to run where there are no libraries.
%[1]s: statically-linked-binary [usr/bin/memfd]
# The package has not been uploaded to Debian.
%[1]s: initial-upload-closes-no-bugs
`

func (p *parts) writeDebs() error {
	for _, of := range allParts {
		if err := p.writeDeb(of); err != nil {
			return err
		}
	}
	return nil
}

func (p *parts) writeDeb(of part) error {
	if err := p.debDocuments(of); err != nil {
		return err
	}
	sums, size, err := debSums(p.tree(of))
	if err != nil {
		return err
	}
	control := map[string]string{"control": p.debControl(of, size), "md5sums": sums}
	if of == runtime {
		control["shlibs"] = fmt.Sprintf("libmemfd_go %s %s (>= %s)\n", p.release.major(), p.name(of), p.release.version)
		control["symbols"] = p.debSymbols()
		control["triggers"] = "activate-noawait ldconfig\n"
	}
	var data, about, file bytes.Buffer
	if err := p.release.writeTar(&data, func(archive *tar.Writer) error { return p.release.addTree(archive, p.tree(of), ".") }); err != nil {
		return err
	}
	if err := p.release.writeTar(&about, func(archive *tar.Writer) error { return p.release.addTexts(archive, control) }); err != nil {
		return err
	}
	file.WriteString("!<arch>\n")
	for _, member := range []struct {
		name string
		data []byte
	}{{"debian-binary", []byte("2.0\n")}, {"control.tar.gz", about.Bytes()}, {"data.tar.gz", data.Bytes()}} {
		fmt.Fprintf(&file, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", member.name, p.release.time.Unix(), 0, 0, 0o100644, len(member.data))
		file.Write(member.data)
		if len(member.data)%2 != 0 {
			file.WriteByte('\n')
		}
	}
	return os.WriteFile(p.file(of), file.Bytes(), 0o644)
}

func (p *parts) debControl(of part, size int64) string {
	var text strings.Builder
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&text, "%s: %s\n", name, value)
		}
	}
	same := fmt.Sprintf("%s (= %s-1)", p.name(runtime), p.release.version)
	field("Package", p.name(of))
	field("Source", "libmemfd-go")
	field("Version", p.release.version+"-1")
	field("Architecture", p.arch.deb)
	field("Maintainer", p.release.maintainer)
	field("Installed-Size", fmt.Sprint(size))
	field("Depends", [...]string{"", same, same, ""}[of])
	field("Section", [...]string{"libs", "libdevel", "debug", "utils"}[of])
	field("Priority", "optional")
	field("Multi-Arch", [...]string{"same", "same", "same", "foreign"}[of])
	field("Build-Ids", [...]string{"", "", p.library.buildID, ""}[of])
	field("Auto-Built-Package", [...]string{"", "", "debug-symbols", ""}[of])
	field("Description", of.title())
	for _, line := range append(append(wrap(of.introduction()), "."), wrap(of.contents())...) {
		text.WriteString(" " + line + "\n")
	}
	return text.String()
}

// debSymbols maps each function to the package version that introduced it, for dpkg-shlibdeps. The symbol
// version names the release.
func (p *parts) debSymbols() string {
	var text strings.Builder
	fmt.Fprintf(&text, "libmemfd_go.so.%s %s #MINVER#\n* Build-Depends-Package: %s\n", p.release.major(), p.name(runtime), p.name(devel))
	line := func(name, version string) {
		fmt.Fprintf(&text, " %s@%s %s.0\n", name, version, strings.TrimPrefix(version, versionPrefix))
	}
	for _, version := range p.library.versions {
		line(version, version)
	}
	for _, s := range p.library.exports {
		line(s.Name, s.Version)
	}
	return text.String()
}

// debDocuments adds the documents that Debian's policy requires. Packages that depend on the
// runtime package link to its documents.
func (p *parts) debDocuments(of part) error {
	documents := filepath.Join(p.tree(of), "usr/share/doc", p.name(of))
	if of == devel || of == debug {
		if err := os.MkdirAll(filepath.Dir(documents), 0o755); err != nil {
			return err
		}
		return os.Symlink(p.name(runtime), documents)
	}
	copyright, err := debCopyright()
	tags := overrides
	if of == program {
		var modules string
		modules, err = debModules()
		copyright += modules
		tags = programOverrides
	}
	if err != nil {
		return err
	}
	lintian := filepath.Join(p.tree(of), "usr/share/lintian/overrides", p.name(of))
	for name, text := range map[string]string{
		filepath.Join(documents, "copyright"): copyright,
		lintian:                               fmt.Sprintf(tags, p.name(of)),
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	news := fmt.Sprintf("libmemfd-go (%[1]s-1) unstable; urgency=medium\n\n  * Release %[1]s.\n\n -- %s  %s\n",
		p.release.version, p.release.maintainer, p.release.time.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	if err := writeCompressed(filepath.Join(documents, "changelog.Debian.gz"), []byte(news)); err != nil {
		return err
	}
	return compress("CHANGELOG.md", filepath.Join(documents, "changelog.gz"))
}

// debCopyright is in the format of
// https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/.
func debCopyright() (string, error) {
	ours, err := readLicence("LICENSE")
	if err != nil {
		return "", err
	}
	others, err := readLicence("packaging/LICENSE.Go")
	if err != nil {
		return "", err
	}
	return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: libmemfd_go

Files: *
Copyright: ` + ours.copyright + `
           ` + others.copyright + `
License: Expat and BSD-3-clause
Comment: The libraries contain code of Go's standard library that makes system calls
 and, on some architectures, copies and clears memory. It is under BSD-3-clause,
 everything else under Expat.

License: Expat
` + ours.stanza() + `
License: BSD-3-clause
` + others.stanza(), nil
}

// A licence is a text with a copyright line.
type licence struct {
	copyright string // without the word "Copyright"
	terms     string
}

func readLicence(name string) (l licence, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return l, err
	}
	_, rest, found := strings.Cut(string(text), "Copyright ")
	line, terms, _ := strings.Cut(rest, "\n")
	if !found {
		return l, fmt.Errorf("%s has no line that begins with Copyright", name)
	}
	return licence{strings.TrimSuffix(strings.TrimPrefix(line, "(c) "), "."), strings.TrimSpace(terms) + "\n"}, nil
}

// stanza formats the terms as a multi-line field.
func (l licence) stanza() (text string) {
	for line := range strings.Lines(l.terms) {
		if line = strings.TrimSpace(line); line == "" {
			line = "."
		}
		text += " " + line + "\n"
	}
	return text
}

func debSums(tree string) (sums string, kilobytes int64, err error) {
	err = filepath.WalkDir(tree, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			kilobytes++
			return err
		}
		kilobytes += (info.Size() + 1023) / 1024
		content, err := os.ReadFile(path)
		sums += fmt.Sprintf("%x  %s\n", md5.Sum(content), strings.TrimPrefix(path, tree+"/"))
		return err
	})
	return sums, kilobytes, err
}
