// SPDX-License-Identifier: MIT

package main

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A folder that holds other files than a release is left alone.
func TestMakeEmpty(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "dist")
	create := func(names ...string) {
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(folder, name), nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := func(n int) {
		t.Helper()
		if files, err := os.ReadDir(folder); err != nil || len(files) != n {
			t.Errorf("want %d files, got %v, %v", n, files, err)
		}
	}
	if err := makeEmpty(folder); err != nil {
		t.Fatal(err)
	}
	create("SHA256SUMS", "libmemfd-go1_1.0.0-1_amd64.deb", "memfd_go-1.0.0.tar.gz", "memfd-go-1.0.0.crate", "libmemfd_go-1.0.0.cdx.json",
		"memfd-1.0.0-r1.x86_64.apk", "memfd-1.0.0-1.i686.rpm", "memfd_go-1.0.0-py3-none-manylinux_2_5_i686.musllinux_1_1_i686.whl")
	if err := makeEmpty(folder); err != nil {
		t.Error(err)
	}
	want(0)
	create("SHA256SUMS", "thesis.odt")
	if err := makeEmpty(folder); err == nil {
		t.Error("a folder with another file is not refused")
	}
	want(2)
}

// The modes in archives do not depend on the umask of the checkout.
func TestModes(t *testing.T) {
	for mode, want := range map[os.FileMode]int64{0o600: 0o644, 0o664: 0o644, 0o700: 0o755, 0o775: 0o755} {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		archive := tar.NewWriter(&text)
		if err := (&release{}).add(archive, file, "file"); err != nil {
			t.Fatal(err)
		}
		archive.Close()
		if header, err := tar.NewReader(&text).Next(); err != nil || header.Mode != want {
			t.Errorf("%o: want %o, got %+v, %v", mode, want, header, err)
		}
	}
}
