// SPDX-License-Identifier: MIT

package library

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"libmemfd_go/internal/testenv"
)

const nobody = 65534

// Another user builds the same library with an empty cache, other file times, and another folder,
// locale, time zone and umask.
func TestRebuildByAnotherUser(t *testing.T) {
	testenv.RequireFull(t) // compiles Go's standard library again
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	home := othersHome(t)
	var products []string
	for _, name := range []string{"libmemfd_go.so.1", "libmemfd_go.so.1.debug", "libmemfd_go.a"} {
		products = append(products, filepath.Join("build", "linux_"+runtime.GOARCH, name))
	}
	if out, err := asOther(home, "go", "version").CombinedOutput(); err != nil {
		t.Skipf("another user cannot run go: %v\n%s", err, out)
	}
	build := "umask 077; make -C src " + strings.Join(products, " ")
	if out, err := asOther(home, "sh", "-c", build).CombinedOutput(); err != nil {
		t.Fatalf("the build of the other user failed: %v\n%s", err, out)
	}
	for _, name := range products {
		ours, err := os.ReadFile(filepath.Join(testenv.Repository(), name))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := os.ReadFile(filepath.Join(home, "src", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(ours, theirs) {
			t.Errorf("%s differs from that of the other user", name)
		}
	}
}

// othersHome creates the home of another user, with sources of an old date and the modules that they
// need.
func othersHome(t *testing.T) string {
	t.Helper()
	home, err := os.MkdirTemp("", "memfd_go")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	const script = `
mv "$1" "$2/src"
find "$2/src" -exec touch -d 2001-02-03 {} +
mkdir "$2/modules"
cd "$3/cache/download"
cp -R --parents golang.org/x/sys golang.org/x/arch github.com/ebitengine/purego github.com/google/go-cmp "$2/modules"
chown -R 65534:65534 "$2"
chmod -R u+w "$2"
`
	prepare := exec.Command("sh", "-euc", script, "sh", copySources(t), home, strings.TrimSpace(string(cache)))
	if out, err := prepare.CombinedOutput(); err != nil {
		t.Fatalf("cannot prepare the home of the other user: %v\n%s", err, out)
	}
	return home
}

// asOther prepares a command of the other user, which inherits no environment.
func asOther(home, name string, arguments ...string) *exec.Cmd {
	cmd := exec.Command(name, arguments...)
	cmd.Dir = home
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "USER=nobody", "TZ=Pacific/Auckland", "LANG=de_DE.UTF-8",
		"GOPROXY=file://" + home + "/modules", "GOTOOLCHAIN=local", "GOFLAGS=-modcacherw",
	}
	return cmd
}
