// SPDX-License-Identifier: MIT

package purego_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"github.com/ebitengine/purego"
)

// host is the state of the process that a library could change. Threads are left out, because
// Go's runtime starts them at any time.
type host struct {
	Files       map[string]string // descriptor: what it is open on
	Status      map[string]string // fields of /proc/self/status
	Environment []string          // as C sees it
	Mapped      []string          // files in the address space
}

func hostState() host {
	return host{openFiles(), status("SigCgt", "SigIgn", "Umask"), environment(), mappedFiles()}
}

// fdPath is the path of a descriptor in /proc.
func fdPath(fd int32) string {
	return fmt.Sprintf("/proc/self/fd/%d", fd)
}

// openFiles returns the files of all descriptors, except the one that it reads /proc with.
func openFiles() map[string]string {
	files := make(map[string]string)
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if link, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			files[e.Name()] = link
		}
	}
	return files
}

func status(names ...string) map[string]string {
	fields := make(map[string]string)
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		if slices.Contains(names, name) {
			fields[name] = strings.TrimSpace(value)
		}
	}
	return fields
}

func environment() []string {
	address, err := purego.Dlsym(purego.RTLD_DEFAULT, "environ")
	if err != nil {
		return nil // so that it differs from any other time
	}
	next := **(**unsafe.Pointer)(unsafe.Pointer(&address))
	variables := []string{}
	for ; *(*unsafe.Pointer)(next) != nil; next = unsafe.Add(next, unsafe.Sizeof(next)) {
		variables = append(variables, cString(*(*unsafe.Pointer)(next)))
	}
	return variables
}

func cString(p unsafe.Pointer) string {
	length := 0
	for *(*byte)(unsafe.Add(p, length)) != 0 {
		length++
	}
	return strings.Clone(unsafe.String((*byte)(p), length))
}

func mappedFiles() []string {
	files := make(map[string]bool)
	text, _ := os.ReadFile("/proc/self/maps")
	for line := range strings.Lines(string(text)) {
		if i := strings.IndexByte(line, '/'); i >= 0 {
			files[strings.TrimSpace(line[i:])] = true
		}
	}
	return slices.Sorted(maps.Keys(files))
}

func TestLoadingDoesNotChangeTheHost(t *testing.T) {
	leaks.Check(t)
	if beforeLoad.Environment == nil || beforeLoad.Status["SigCgt"] == "" || len(beforeLoad.Files) == 0 {
		t.Fatalf("cannot read the state of the process: %+v", beforeLoad)
	}
	path, err := filepath.EvalSymlinks(libraryPath())
	if err != nil {
		t.Fatal(err)
	}
	if path, err = filepath.Abs(path); err != nil {
		t.Fatal(err)
	}
	want := beforeLoad
	want.Mapped = append(slices.Clone(want.Mapped), path)
	slices.Sort(want.Mapped)
	same(t, "after loading", want, afterLoad)
}

func TestCallingDoesNotChangeTheHost(t *testing.T) {
	leaks.Check(t)
	before := hostState()
	if err := lib.session("host"); err != nil {
		t.Fatal(err)
	}
	same(t, "after calling every function", before, hostState())
}

func TestLoadingAgain(t *testing.T) {
	leaks.Check(t)
	for range 100 {
		handle, again, err := load(libraryPath())
		if err != nil {
			t.Fatal(err)
		}
		if handle != libHandle || again.Version() != lib.Version() {
			t.Fatalf("loading again: got handle %#x, version %#x", handle, again.Version())
		}
		if err := purego.Dlclose(handle); err != nil {
			t.Fatal(err)
		}
	}
}
