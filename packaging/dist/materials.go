// SPDX-License-Identifier: MIT

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The bill of materials, in CycloneDX 1.5, lists the libraries and their components. It has no time and
// no serial number, so that it is reproducible.
type bill struct {
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type     string    `json:"type"`
	Ref      string    `json:"bom-ref"`
	Name     string    `json:"name"`
	Version  string    `json:"version,omitempty"`
	PURL     string    `json:"purl,omitempty"`
	Scope    string    `json:"scope,omitempty"`
	Hashes   []hash    `json:"hashes,omitempty"`
	Licenses []license `json:"licenses,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type license struct {
	Expression string `json:"expression"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

func (r *release) billOfMaterials(arches []string) error {
	ours := component{
		Type: "library", Ref: "libmemfd_go", Name: "libmemfd_go", Version: r.version,
		Licenses: []license{{"MIT"}},
	}
	parts, err := goParts()
	if err != nil {
		return err
	}
	files, err := builtFiles(arches)
	if err != nil {
		return err
	}
	crates, err := crateParts()
	if err != nil {
		return err
	}
	modules, err := moduleParts()
	if err != nil {
		return err
	}
	memfd := component{
		Type: "application", Ref: "memfd", Name: "memfd", Version: r.version,
		Licenses: []license{{program.licence()}},
	}
	b := bill{
		Format: "CycloneDX", Spec: "1.5", Version: 1,
		Metadata:     metadata{ours},
		Components:   slices.Concat(files, []component{memfd}, union(parts, modules), crates),
		Dependencies: []dependency{dependsOn(ours, parts), dependsOn(memfd, union(parts, modules))},
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	name := fmt.Sprintf("libmemfd_go-%s.cdx.json", r.version)
	return os.WriteFile(filepath.Join(r.folder, name), append(text, '\n'), 0o644)
}

// dependsOn records the components of a component.
func dependsOn(c component, others []component) dependency {
	d := dependency{Ref: c.Ref}
	for _, o := range others {
		d.DependsOn = append(d.DependsOn, o.Ref)
	}
	return d
}

// union returns the components of both lists, without duplicates.
func union(a, b []component) []component {
	all := slices.Clone(a)
	for _, c := range b {
		if !slices.ContainsFunc(a, func(other component) bool { return other.Ref == c.Ref }) {
			all = append(all, c)
		}
	}
	return all
}

// builtFiles lists the libraries and the commands, with their hashes.
func builtFiles(arches []string) ([]component, error) {
	var all []component
	for _, goarch := range arches {
		for _, file := range []string{"libmemfd_go.so.1", "libmemfd_go.a", "memfd"} {
			name := "linux_" + goarch + "/" + file
			sum, err := fileSum("build/" + name)
			if err != nil {
				return nil, err
			}
			all = append(all, component{Type: "file", Ref: name, Name: name, Hashes: []hash{{"SHA-256", sum}}})
		}
	}
	return all, nil
}

// goParts lists the modules that the library is built from, and Go itself, which provides the system
// call instruction.
func goParts() ([]component, error) {
	output, err := exec.Command("go", "list", "-deps",
		"-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "./capi").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	version, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	lines = append(lines, "std "+strings.TrimPrefix(strings.TrimSpace(string(version)), "go"))
	slices.Sort(lines)
	var all []component
	for _, line := range slices.Compact(lines) {
		name, version, found := strings.Cut(line, " ")
		if !found {
			continue // an empty line
		}
		purl := "pkg:golang/" + name + "@" + version
		all = append(all, component{Type: "library", Ref: purl, Name: name, Version: version, PURL: purl,
			Licenses: []license{{"BSD-3-Clause"}}})
	}
	return all, nil
}

// moduleParts lists the modules that the command is built from.
func moduleParts() ([]component, error) {
	modules, err := commandModules()
	if err != nil {
		return nil, err
	}
	var all []component
	for _, m := range modules {
		purl := "pkg:golang/" + m.path + "@" + m.version
		all = append(all, component{Type: "library", Ref: purl, Name: m.path, Version: m.version, PURL: purl,
			Licenses: []license{{m.licence}}})
	}
	return all, nil
}

// crateParts lists the dependencies of the Rust crates. They are not in the library.
func crateParts() ([]component, error) {
	if _, err := exec.LookPath("cargo"); err != nil {
		return nil, nil
	}
	output, err := exec.Command("cargo", "tree", "--locked", "--quiet", "--workspace", "--edges", "normal", "--prefix", "none",
		"--format", "{p}\t{l}", "--manifest-path", "bindings/rust/Cargo.toml").Output()
	if err != nil {
		return nil, fmt.Errorf("cargo tree: %w", err)
	}
	lines := strings.Split(string(output), "\n")
	slices.Sort(lines)
	var all []component
	for _, line := range slices.Compact(lines) {
		crate, terms, _ := strings.Cut(strings.TrimSuffix(line, " (*)"), "\t")
		words := strings.Fields(crate)
		if len(words) != 2 {
			continue // our own crates, which are printed with a folder
		}
		name, version := words[0], strings.TrimPrefix(words[1], "v")
		purl := "pkg:cargo/" + name + "@" + version
		all = append(all, component{Type: "library", Ref: purl, Name: name, Version: version, PURL: purl,
			Scope: "optional", Licenses: []license{{terms}}})
	}
	return all, nil
}

func fileSum(name string) (string, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]), nil
}

// checksums writes SHA256SUMS for all files of the release.
func (r *release) checksums() error {
	const name = "SHA256SUMS"
	files, err := os.ReadDir(r.folder)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, f := range files {
		sum, err := fileSum(filepath.Join(r.folder, f.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s  %s\n", sum, f.Name())
	}
	return os.WriteFile(filepath.Join(r.folder, name), []byte(text.String()), 0o644)
}
