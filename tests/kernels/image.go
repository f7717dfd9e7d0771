// SPDX-License-Identifier: MIT

package kernels

import (
	"bufio"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"libmemfd_go/tests/kernels/wire"
)

// An image is the initial file system of a machine: the init, the plan, the test programs and
// the libraries they need.
type image struct {
	archive *cpio
	buffer  *bufio.Writer
	file    *os.File

	// find returns the path of a library or loader for the machine's architecture.
	find func(name string) (string, error)

	// root is the host's folder that becomes / in the image. Symbolic links into it lose this prefix.
	root string
}

// shellTools are the commands of busybox that the tests use.
var shellTools = []string{"true", "false", "cat", "env", "ls", "sleep", "test"}

func newImage(file string, find func(string) (string, error)) (*image, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return nil, err
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	buffer := bufio.NewWriter(f)
	m := &image{archive: newCpio(buffer), buffer: buffer, file: f, find: find}
	for _, folder := range []string{"dev", "proc", "sys", "tmp", "etc"} {
		m.archive.folder(folder)
	}
	m.archive.device("dev/console", 5, 1)
	m.addText("etc/passwd", []byte("root:x:0:0:root:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n"))
	m.addText("etc/group", []byte("root:x:0:\nnogroup:x:65534:\n"))
	return m, nil
}

func (m *image) addFile(name, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	status, err := os.Stat(from)
	if err != nil {
		return err
	}
	m.archive.file(name, 0o755, status.ModTime(), data)
	return nil
}

func (m *image) addText(name string, text []byte) {
	m.archive.file(name, 0o644, time.Now(), text)
}

// addTools adds a shell and the commands that scripts call.
func (m *image) addTools(folder string) error {
	for _, name := range shellTools {
		m.archive.link("bin/"+name, "busybox")
	}
	if err := m.addFile("bin/busybox", filepath.Join(folder, "busybox")); err != nil {
		return err
	}
	return m.addFile("bin/sh", filepath.Join(folder, "bash-static"))
}

// addProgram copies a program or library, and into /lib the loader and libraries it needs.
func (m *image) addProgram(name, from string) error {
	if m.archive.has(name) {
		return nil
	}
	if err := m.addFile(name, from); err != nil {
		return err
	}
	program, err := elf.Open(from)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	defer program.Close()
	libraries, err := program.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	for _, library := range libraries {
		if err := m.addLibrary("lib/" + library); err != nil {
			return err
		}
	}
	if loader := interpreter(program); loader != "" {
		return m.addLibrary(loader)
	}
	return nil
}

func (m *image) addLibrary(name string) error {
	if m.archive.has(name) {
		return nil
	}
	from, err := m.find(path.Base(name))
	if err != nil {
		return err
	}
	return m.addProgram(name, from)
}

// interpreter returns the loader that the program's PT_INTERP names.
func interpreter(program *elf.File) string {
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			text := make([]byte, p.Filesz)
			if _, err := p.ReadAt(text, 0); err == nil {
				return strings.TrimRight(string(text), "\x00")
			}
		}
	}
	return ""
}

// addTree copies a folder, except for subfolders with one of the given names.
func (m *image) addTree(name, from string, without ...string) error {
	return filepath.WalkDir(from, func(file string, found fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rest, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		inside := path.Join(name, rest)
		switch {
		case found.IsDir() && slices.Contains(without, found.Name()):
			return fs.SkipDir
		case found.IsDir():
			m.archive.folder(inside)
		case found.Type() == fs.ModeSymlink:
			target, err := os.Readlink(file)
			if err != nil {
				return err
			}
			m.archive.link(inside, strings.TrimPrefix(target, m.root))
		default:
			return m.addFile(inside, file)
		}
		return nil
	})
}

// finish adds the plan and closes the file.
func (m *image) finish(plan wire.Plan) error {
	text, err := json.MarshalIndent(plan, "", "\t")
	if err != nil {
		return err
	}
	m.addText(wire.PlanFile, text)
	if err := m.archive.close(); err != nil {
		return err
	}
	if err := m.buffer.Flush(); err != nil {
		return err
	}
	return m.file.Close()
}
