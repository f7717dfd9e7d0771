package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

// nfpm writes packages of all kinds; the Makefile puts it there.
const nfpm = "build/bin/nfpm"

// kind is a kind of package.
type kind struct {
	Format   string
	Name     string // of the package
	Arch     string
	libdir   string
	file     string
	Provides string // what packages of others need of it
}

func (r *release) kinds(a arch) []kind {
	lib, bits := "/usr/lib", ""
	if a.words == 64 {
		lib, bits = "/usr/lib64", "()(64bit)"
	}
	return []kind{
		{"deb", "libmemfd-go", a.deb, "/usr/lib/" + a.triplet,
			fmt.Sprintf("libmemfd-go_%s-1_%s.deb", r.version, a.deb), ""},
		{"rpm", "libmemfd_go", a.rpm, lib,
			fmt.Sprintf("libmemfd_go-%s-1.%s.rpm", r.version, a.rpm), "libmemfd_go.so.1" + bits},
		{"apk", "libmemfd_go", a.apk, "/usr/lib",
			fmt.Sprintf("libmemfd_go-%s-r1.%s.apk", r.version, a.apk), "so:libmemfd_go.so.1=" + r.version},
	}
}

var configuration = template.Must(template.New("nfpm").Parse(`name: {{.Kind.Name}}
arch: {{.Kind.Arch}}
platform: linux
version: {{.Version}}
release: 1
section: libs
priority: optional
maintainer: libmemfd_go maintainers
description: |
  memfd_create(2), memfd_secret(2) and file sealing for every language
  The shared library, the static one, the header, pkg-config and CMake files,
  and manual pages.
license: MIT
mtime: {{.Time}}
{{- if .Kind.Provides}}
provides: ["{{.Kind.Provides}}"]
{{- end}}
deb:
  fields:
    Multi-Arch: same
  triggers:
    activate_noawait: [ldconfig]
rpm:
  buildhost: localhost
contents:
  - src: {{.Stage}}/usr
    dst: /usr
    type: tree
`))

// packages makes those of an architecture.
func (r *release) packages(a arch) error {
	for _, k := range r.kinds(a) {
		if err := r.pack(a, k); err != nil {
			return err
		}
	}
	return nil
}

func (r *release) pack(a arch, k kind) error {
	folder, err := os.MkdirTemp("", "memfd_go")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	staged := filepath.Join(folder, "stage")
	if err := stage(a, staged, "/usr", k.libdir); err != nil {
		return err
	}
	if err := addDocuments(staged, k); err != nil {
		return err
	}
	// nfpm takes the time of a link from the link.
	if err := command(nil, "find", staged, "-exec", "touch", "-h", "-d", "@"+fmt.Sprint(r.time.Unix()), "{}", "+"); err != nil {
		return err
	}
	config := filepath.Join(folder, "nfpm.yaml")
	text, err := r.configure(k, staged)
	if err != nil {
		return err
	}
	if err := os.WriteFile(config, text, 0o666); err != nil {
		return err
	}
	return command(nil, nfpm, "package", "-f", config, "-p", k.Format, "-t", filepath.Join(r.folder, k.file))
}

// configure fills the template.
func (r *release) configure(k kind, staged string) ([]byte, error) {
	var text bytes.Buffer
	err := configuration.Execute(&text, map[string]any{
		"Kind": k, "Version": r.version, "Stage": staged, "Time": r.time.Format("2006-01-02T15:04:05Z07:00"),
	})
	return text.Bytes(), err
}

// addDocuments adds what a system wants to know of a package.
func addDocuments(staged string, k kind) error {
	documents := map[string]string{"LICENSE": "share/licenses/" + k.Name + "/LICENSE"}
	if k.Format == "deb" {
		documents = map[string]string{
			"LICENSE":      "share/doc/" + k.Name + "/copyright",
			"CHANGELOG.md": "share/doc/" + k.Name + "/NEWS",
		}
	}
	for from, to := range documents {
		if err := copyFile(from, filepath.Join(staged, "usr", to)); err != nil {
			return err
		}
	}
	return nil
}
