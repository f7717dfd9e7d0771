// SPDX-License-Identifier: MIT

package main

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// stage installs the library and the command below a folder.
func stage(a arch, folder, prefix, libdir, zshdir string) error {
	env := []string{
		"DESTDIR=" + folder, "PREFIX=" + prefix, "LIBDIR=" + libdir,
		"INCLUDEDIR=" + prefix + "/include", "MANDIR=" + prefix + "/share/man",
		"DEBUGDIR=" + prefix + "/lib/debug", "BINDIR=" + prefix + "/bin", "DATADIR=" + prefix + "/share",
		"ZSHDIR=" + zshdir,
	}
	return command(env, "packaging/install", "build/linux_"+a.goarch)
}

// archive writes a tar archive to unpack anywhere, for example in /usr/local. CMake and
// pkg-config --define-prefix find the library relative to their own files.
func (r *release) archive(a arch) error {
	name := "libmemfd_go-" + r.version + "-linux-" + a.goarch
	folder, err := os.MkdirTemp("", "memfd_go")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	const prefix = "/usr/local"
	if err := stage(a, folder, prefix, prefix+"/lib", prefix+"/share/zsh/site-functions"); err != nil {
		return err
	}
	for _, document := range []string{"LICENSE", "packaging/LICENSE.Go", "CHANGELOG.md"} {
		to := filepath.Join(folder, prefix, "share/doc/libmemfd_go", filepath.Base(document))
		if err := copyFile(document, to); err != nil {
			return err
		}
	}
	if err := r.copyLicences(filepath.Join(folder, prefix, "share/doc/memfd")); err != nil {
		return err
	}
	return r.writeArchive(filepath.Join(folder, prefix), name)
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// writeArchive packs a folder, sorted by name, owned by root.
func (r *release) writeArchive(folder, name string) error {
	return r.createArchive(name, func(archive *tar.Writer) error { return r.addTree(archive, folder, name) })
}

func (r *release) createArchive(name string, fill func(archive *tar.Writer) error) error {
	file, err := os.Create(filepath.Join(r.folder, name+".tar.gz"))
	if err != nil {
		return err
	}
	defer file.Close()
	if err := r.writeTar(file, fill); err != nil {
		return err
	}
	return file.Close()
}

func (r *release) writeTar(to io.Writer, fill func(archive *tar.Writer) error) error {
	packed, err := gzip.NewWriterLevel(to, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(packed)
	err = fill(archive)
	for _, c := range []io.Closer{archive, packed} {
		if err == nil {
			err = c.Close()
		}
	}
	return err
}

// addTree adds a folder and its contents.
func (r *release) addTree(archive *tar.Writer, folder, name string) error {
	return filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return r.add(archive, path, name+strings.TrimPrefix(path, folder))
	})
}

// addTexts adds files, sorted by name.
func (r *release) addTexts(archive *tar.Writer, texts map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		header := &tar.Header{Name: "./" + name, Mode: 0o644, Size: int64(len(texts[name])), ModTime: r.time,
			Uname: "root", Gname: "root"}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write([]byte(texts[name])); err != nil {
			return err
		}
	}
	return nil
}

func (r *release) add(archive *tar.Writer, path, name string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	header := &tar.Header{Name: name, ModTime: r.time, Uname: "root", Gname: "root"}
	switch mode := info.Mode(); {
	case mode.IsDir():
		header.Typeflag, header.Mode = tar.TypeDir, 0o755
		header.Name += "/"
		return archive.WriteHeader(header)
	case mode&fs.ModeSymlink != 0:
		header.Typeflag, header.Mode = tar.TypeSymlink, 0o777
		if header.Linkname, err = os.Readlink(path); err != nil {
			return err
		}
		return archive.WriteHeader(header)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	header.Typeflag, header.Mode, header.Size = tar.TypeReg, 0o644, int64(len(content))
	if info.Mode()&0o100 != 0 { // whatever the umask was when the sources were checked out
		header.Mode = 0o755
	}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = archive.Write(content)
	return err
}
