// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Packages for rpm are built by rpmbuild from the spec file, because it finds the symbol
// versions that a library provides.

var rpm = &format{
	libdir: func(a arch) string {
		if a.words == 64 {
			return "/usr/lib64"
		}
		return "/usr/lib"
	},
	zshdir: "/usr/share/zsh/site-functions",
	arch:   func(a arch) string { return a.rpm },
	names:  [...]string{"libmemfd_go%s", "libmemfd_go-devel", "libmemfd_go%s-debuginfo", "memfd"},
	file:   "%s-%s-1.%s.rpm",
	write:  (*parts).writeRPMs,
}

func (p *parts) writeRPMs() error {
	if _, err := exec.LookPath("rpmbuild"); err != nil {
		fmt.Println("dist: rpmbuild not found: the release has no rpm packages")
		return nil
	}
	staged, err := p.stageRPM()
	if err != nil {
		return err
	}
	spec := filepath.Join(p.folder, "libmemfd_go.spec")
	if err := p.release.writeSpec(spec); err != nil {
		return err
	}
	arguments := []string{"-bb", "--quiet", "--target", p.arch.rpm + "-linux"}
	for _, define := range []string{
		"_topdir " + p.folder, "_rpmdir " + p.folder, "_build_name_fmt out/%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
		"staged " + staged, "_libdir " + p.format.libdir(p.arch),
		"_prefix /usr", "_bindir /usr/bin", "_includedir /usr/include", "_datadir /usr/share", "_mandir /usr/share/man",
		// For reproducible packages.
		"_buildhost localhost", "use_source_date_epoch_as_buildtime 1", "clamp_mtime_to_source_date_epoch 1",
		"_binary_payload w9.gzdio", "_source_payload w9.gzdio",
	} {
		arguments = append(arguments, "--define", define)
	}
	if err := command(nil, "rpmbuild", append(arguments, spec)...); err != nil {
		return err
	}
	for _, of := range allParts {
		to := p.file(of)
		if err := copyFile(filepath.Join(p.folder, "out", filepath.Base(to)), to); err != nil {
			return err
		}
	}
	return nil
}

// stageRPM merges the parts into one folder, and adds the documents.
func (p *parts) stageRPM() (staged string, err error) {
	staged = filepath.Join(p.folder, "staged")
	if err := os.MkdirAll(staged, 0o755); err != nil {
		return "", err
	}
	for _, of := range allParts {
		if err := command(nil, "cp", "-a", p.tree(of)+"/.", staged); err != nil {
			return "", err
		}
	}
	share := filepath.Join(staged, "usr/share")
	for from, to := range map[string]string{
		"LICENSE":              filepath.Join("licenses", p.name(runtime), "LICENSE"),
		"packaging/LICENSE.Go": filepath.Join("licenses", p.name(runtime), "LICENSE.Go"),
		"CHANGELOG.md":         filepath.Join("doc", p.name(devel), "CHANGELOG.md"),
	} {
		if err := copyFile(from, filepath.Join(share, to)); err != nil {
			return "", err
		}
	}
	if err := p.release.copyLicences(filepath.Join(share, "licenses", p.name(program))); err != nil {
		return "", err
	}
	// rpmbuild only searches executable files for what they provide.
	library := filepath.Join(staged, p.format.libdir(p.arch), "libmemfd_go.so."+p.release.version)
	if err := os.Chmod(library, 0o755); err != nil {
		return "", err
	}
	return staged, p.release.touch(staged)
}

// writeSpec fills the template of the spec file.
func (r *release) writeSpec(name string) error {
	template, err := os.ReadFile("packaging/libmemfd_go.spec.in")
	if err != nil {
		return err
	}
	text := strings.NewReplacer("@VERSION@", r.version, "@MAJOR@", r.major(), "@MAINTAINER@", r.maintainer,
		"@DATE@", r.time.Format("Mon Jan 02 2006")).Replace(string(template))
	return os.WriteFile(name, []byte(text), 0o644)
}

// touch sets the times of all files below a folder to that of the release.
func (r *release) touch(folder string) error {
	return command(nil, "find", folder, "-exec", "touch", "-h", "-d", "@"+fmt.Sprint(r.time.Unix()), "{}", "+")
}
