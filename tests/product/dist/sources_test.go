// SPDX-License-Identifier: MIT

package dist

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"libmemfd_go/internal/testenv"
)

// The source archives build the same library and the command, without git. The vendored one needs no
// network and no module cache.
func TestSources(t *testing.T) {
	testenv.RequireRegular(t)
	release := requireDist(t)
	product, err := testenv.Product(runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	for _, archive := range []struct {
		name        string
		environment []string
	}{
		{"libmemfd_go-" + version, nil},
		{"libmemfd_go-" + version + "-vendored", []string{"GOPROXY=off", "GOMODCACHE=" + t.TempDir()}},
	} {
		t.Run(archive.name, func(t *testing.T) {
			folder := t.TempDir()
			runIn(t, folder, nil, "tar", "xzf", filepath.Join(release, archive.name+".tar.gz"))
			top := filepath.Join(folder, "libmemfd_go-"+version)
			build := []string{"make", "-C", top, "GOTOOLCHAIN=local", "command"}
			if os.Getuid() == 0 && archive.environment != nil {
				build = append([]string{"unshare", "-n"}, build...)
			}
			cmd := exec.Command(build[0], build[1:]...)
			cmd.Env = append(os.Environ(), "PATH="+onlyCommands(t, "go", "make", "sh", "mkdir", "mv", "rm", "sed", "unshare"))
			cmd.Env = append(cmd.Env, archive.environment...)
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", cmd, err, output)
			}
			files := []string{"libmemfd_go.so.1", "libmemfd_go.so.1.debug", "libmemfd_go.a"}
			if archive.environment == nil { // the vendored command records other source paths
				files = append(files, "memfd")
			}
			if output := run(t, filepath.Join(top, "build", "linux_"+runtime.GOARCH, "memfd"), "--version"); output != "memfd "+version+"\n" {
				t.Errorf("memfd --version printed %q", output)
			}
			for _, file := range files {
				got, want := readFile(t, top, filepath.Join("build", "linux_"+runtime.GOARCH, file)), readFile(t, product, file)
				if !bytes.Equal(got, want) {
					t.Errorf("%s differs from the one in %s", file, product)
				}
			}
		})
	}
}

// onlyCommands returns a folder for $PATH with only these commands.
func onlyCommands(t *testing.T, names ...string) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range names {
		if err := os.Symlink(testenv.RequireTool(t, name), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// The source archive contains the files in git, with their modes.
func TestSourcesAreComplete(t *testing.T) {
	testenv.RequireRegular(t)
	release := requireDist(t)
	testenv.RequireTool(t, "git")
	listed := func(arguments ...string) []string {
		lines := strings.Split(strings.TrimSpace(run(t, arguments[0], arguments[1:]...)), "\n")
		slices.Sort(lines)
		return lines
	}
	want := listed("git", "ls-files")
	got := listed("tar", "tzf", filepath.Join(release, "libmemfd_go-"+version+".tar.gz"))
	for i := range got {
		got[i] = strings.TrimPrefix(got[i], "libmemfd_go-"+version+"/")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-git +archive:\n%s", diff)
	}
	folder := t.TempDir()
	runIn(t, folder, nil, "tar", "xzf", filepath.Join(release, "libmemfd_go-"+version+".tar.gz"))
	if info, err := os.Stat(filepath.Join(folder, "libmemfd_go-"+version, "packaging/install")); err != nil || info.Mode() != 0o755 {
		t.Errorf("packaging/install: %v, %v", info, err)
	}
}
