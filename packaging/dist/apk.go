// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

// nfpm writes the packages for apk. The Makefile installs it.
const nfpm = "build/bin/nfpm"

var apk = &format{
	libdir: func(arch) string { return "/usr/lib" },
	zshdir: "/usr/share/zsh/site-functions",
	arch:   func(a arch) string { return a.apk },
	names:  [...]string{"libmemfd_go%s", "libmemfd_go-dev", "libmemfd_go%s-dbg", "memfd"},
	file:   "%s-%s-r1.%s.apk",
	write:  (*parts).writeAPKs,
}

var configuration = template.Must(template.New("nfpm").Parse(`name: {{.Name}}
arch: {{.Arch}}
platform: linux
version: {{.Version}}
release: 1
maintainer: {{.Maintainer}}
description: |
  {{.Title}}
{{- range .Text}}
  {{.}}
{{- end}}
license: {{.License}}
mtime: {{.Time}}
{{- with .Provides}}
provides: ["{{.}}"]
{{- end}}
{{- with .Requires}}
depends: ["{{.}}"]
{{- end}}
contents:
- src: {{.Tree}}/usr
  dst: /usr
  type: tree
`))

func (p *parts) writeAPKs() error {
	for from, to := range map[string]string{"LICENSE": "LICENSE", "packaging/LICENSE.Go": "LICENSE.Go"} {
		if err := copyFile(from, filepath.Join(p.tree(runtime), "usr/share/licenses", p.name(runtime), to)); err != nil {
			return err
		}
	}
	if err := p.release.copyLicences(filepath.Join(p.tree(program), "usr/share/licenses", p.name(program))); err != nil {
		return err
	}
	for _, of := range allParts {
		// nfpm uses the time of the link itself.
		if err := p.release.touch(p.tree(of)); err != nil {
			return err
		}
		text, err := p.configure(of)
		if err != nil {
			return err
		}
		config := filepath.Join(p.folder, "nfpm.yaml")
		if err := os.WriteFile(config, text, 0o666); err != nil {
			return err
		}
		if err := command(nil, nfpm, "package", "-f", config, "-p", "apk", "-t", p.file(of)); err != nil {
			return err
		}
	}
	return nil
}

// configure fills the template of the configuration.
func (p *parts) configure(of part) ([]byte, error) {
	same := fmt.Sprintf("%s=%s-r1", p.name(runtime), p.release.version)
	var text bytes.Buffer
	err := configuration.Execute(&text, map[string]any{
		"Name": p.name(of), "Arch": p.arch.apk, "Version": p.release.version, "Maintainer": p.release.maintainer,
		"Title": of.title(), "Text": append(wrap(of.introduction()), wrap(of.contents())...),
		"Time":     p.release.time.Format("2006-01-02T15:04:05Z07:00"),
		"Provides": [...]string{"so:libmemfd_go.so." + p.release.major() + "=" + p.release.version, "pc:libmemfd_go=" + p.release.version, "", "cmd:memfd=" + p.release.version}[of],
		"Requires": [...]string{"", same, same, ""}[of],
		"License":  of.licence(),
		"Tree":     p.tree(of),
	})
	return text.Bytes(), err
}
