// SPDX-License-Identifier: MIT

package dist

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// done ends the output of the example mac.
const done = " wiped the key\n"

// runsHere reports whether the host can run programs of the architecture.
func runsHere(goarch string) bool {
	return goarch == runtime.GOARCH || goarch == "386" && runtime.GOARCH == "amd64"
}

// The packages install in a minimal Debian of their architecture, a C program compiles with them, runs
// with the runtime package alone, and removing them leaves no files.
func TestDeb(t *testing.T) {
	testenv.RequireRegular(t)
	release := requireDist(t)
	requireRoot(t)
	testenv.RequireTool(t, "dpkg")
	for _, a := range architectures() {
		t.Run(a.goarch, func(t *testing.T) {
			t.Parallel()
			root := copyRoot(t, "root@"+a.goarch)
			var packages []string
			for _, file := range a.debs() {
				run(t, "cp", filepath.Join(release, file), root+"/tmp")
				packages = append(packages, "/tmp/"+file)
			}
			run(t, "cp", "examples/c/mac.c", "examples/c/example.h", root+"/tmp")
			if runsHere(a.goarch) {
				tryInside(t, root, packages, a.goarch)
			} else {
				tryFromOutside(t, root, packages, testenv.ArchOf(a.goarch))
			}
			if left := run(t, "find", root, "-name", "*memfd*", "-not", "-name", "memfd.h", "-not", "-path", root+"/tmp/*"); left != "" {
				t.Errorf("removing the packages left\n%s", left)
			}
		})
	}
}

// copyRoot copies one of the trees root@ARCH.
func copyRoot(t *testing.T, part string) string {
	t.Helper()
	if err := testenv.Ready(part); err != nil {
		testenv.Unavailable(t, err)
	}
	root := t.TempDir()
	run(t, "cp", "-a", testenv.PartDir(part)+"/.", root)
	return root
}

// tryInside runs only programs of the root.
func tryInside(t *testing.T, root string, packages []string, goarch string) {
	t.Helper()
	inside := func(arguments ...string) string {
		t.Helper()
		return run(t, "env", append([]string{"-i", "PATH=/usr/sbin:/usr/bin", "chroot", root}, arguments...)...)
	}
	inside(append([]string{"dpkg", "-i"}, packages...)...)
	flags := strings.Fields(inside("pkgconf", "--cflags", "--libs", "libmemfd_go >= 1.0"))
	inside(append([]string{"tcc", "-o", "/tmp/mac", "/tmp/mac.c"}, flags...)...)
	inside("dpkg", "-P", "libmemfd-go-dev", "libmemfd-go1-dbgsym")
	if output := inside("/tmp/mac", "pay 5"); !strings.HasSuffix(output, done) {
		t.Errorf("the program printed\n%s", output)
	}
	inside("dpkg", "-P", "libmemfd-go1")
	tryCommand(t, root, "/usr/bin/memfd", testenv.ArchOf(goarch)) // it does not need the library
	inside("dpkg", "-P", "memfd")
}

// tryFromOutside uses the host's dpkg and a cross compiler, with headers and libraries of the root.
func tryFromOutside(t *testing.T, root string, packages []string, arch testenv.Arch) {
	t.Helper()
	compiler, err := arch.Compiler.Path()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	if arch.GOARCH == "riscv64" { // the host's is older than the root's C library
		if compiler, err = (testenv.Tool{Part: "gcc@riscv64", Name: "riscv64-linux-gnu-gcc"}).Path(); err != nil {
			testenv.Unavailable(t, err)
		}
	}
	emulator, err := arch.Emulator(root)
	if err != nil {
		testenv.Unavailable(t, err)
	}
	install := []string{"--root=" + root, "--force-architecture", "-i"}
	for _, file := range packages {
		install = append(install, root+file)
	}
	run(t, "dpkg", install...)
	program := root + "/tmp/mac"
	libraries, err := filepath.Glob(root + "/usr/lib/*-linux-gnu*")
	if err != nil || len(libraries) != 1 {
		t.Fatalf("want one folder of libraries, got %q, %v", libraries, err)
	}
	run(t, compiler, "--sysroot="+root, "-B"+libraries[0], "-L"+libraries[0], "-o", program, root+"/tmp/mac.c", "-lmemfd_go")
	if output := run(t, emulator[0], append(emulator[1:], program, "pay 5")...); !strings.HasSuffix(output, done) {
		t.Errorf("the program printed\n%s", output)
	}
	run(t, "dpkg", "--root="+root, "-P", "libmemfd-go-dev", "libmemfd-go1-dbgsym", "libmemfd-go1")
	tryCommand(t, root, "/usr/bin/memfd", arch)
	run(t, "dpkg", "--root="+root, "-P", "memfd")
}

// tryCommand runs the command in a root with the host's /proc, or with an emulator.
func tryCommand(t *testing.T, root, program string, arch testenv.Arch) {
	t.Helper()
	memfd := func(arguments ...string) string {
		t.Helper()
		if runsHere(arch.GOARCH) {
			script := `mkdir -p "$1/proc"; mount --rbind /proc "$1/proc"; exec chroot "$@"`
			return run(t, "unshare", append([]string{"--mount", "sh", "-euc", script, "sh", root, program}, arguments...)...)
		}
		emulator, err := arch.Emulator(root)
		if err != nil {
			testenv.Unavailable(t, err)
		}
		return run(t, emulator[0], append(append(emulator[1:], root+program), arguments...)...)
	}
	if output := memfd("--version"); output != "memfd "+version+"\n" {
		t.Errorf("memfd --version printed %q", output)
	}
	if output := memfd("ls"); !strings.Contains(output, "HELD BY") || !strings.Contains(output, "Shared memory: ") {
		t.Errorf("memfd ls printed\n%s", output)
	}
	if output := memfd("doctor"); !strings.Contains(output, "ok  seals\n") {
		t.Errorf("memfd doctor printed\n%s", output)
	}
}

// The packages install with rpm, verify, and provide the names of the library.
func TestRPM(t *testing.T) {
	testenv.RequireRegular(t)
	release := requireDist(t)
	requireRoot(t)
	testenv.RequireTool(t, "rpm")
	names := []string{"libmemfd_go1", "libmemfd_go-devel", "libmemfd_go1-debuginfo", "memfd"}
	for _, a := range architectures() {
		rpm, root := rpmRoot(t)
		for _, file := range a.rpms() {
			rpm("-i", "--ignorearch", filepath.Join(release, file))
		}
		rpm(append([]string{"-V"}, names...)...)
		provided := strings.Split(rpm("-q", "--provides", "libmemfd_go1"), "\n")
		want := []string{"libmemfd_go.so.1()(64bit)", "libmemfd_go.so.1(MEMFD_GO_1.0)(64bit)"}
		if a.goarch == "386" || a.goarch == "arm" {
			want = []string{"libmemfd_go.so.1", "libmemfd_go.so.1(MEMFD_GO_1.0)"}
		}
		for _, name := range want {
			if !slices.Contains(provided, name) {
				t.Errorf("%s: the package does not provide %s, only\n%s", a.rpm, name, strings.Join(provided, "\n"))
			}
		}
		if requires := rpm("-q", "--requires", "memfd"); strings.Contains(requires, ".so") {
			t.Errorf("%s: the command requires\n%s", a.rpm, requires)
		}
		tryCommand(t, root, "/usr/bin/memfd", testenv.ArchOf(a.goarch))
		rpm(append([]string{"-e"}, names...)...)
		if left := run(t, "find", root, "-name", "*memfd*"); left != "" {
			t.Errorf("%s: removing the packages left\n%s", a.rpm, left)
		}
	}
}

// rpmRoot returns a function that runs rpm in a new root.
func rpmRoot(t *testing.T) (rpm func(arguments ...string) string, root string) {
	t.Helper()
	root = t.TempDir()
	rpm = func(arguments ...string) string {
		t.Helper()
		return run(t, "rpm", append([]string{"--root", root}, arguments...)...)
	}
	rpm("--initdb")
	return rpm, root
}

// The packages for Alpine work in a tree like Alpine's, with musl and no other library.
func TestAPK(t *testing.T) {
	testenv.RequireRegular(t)
	release := requireDist(t)
	for _, a := range architectures() {
		t.Run(a.goarch, func(t *testing.T) {
			t.Parallel()
			if a.goarch == "loong64" {
				t.Skip("Debian has no musl for loong64")
			}
			root := t.TempDir()
			for _, file := range a.apks() {
				runIn(t, root, nil, "tar", "xzf", filepath.Join(release, file), "--warning=no-unknown-keyword")
			}
			compiler, loader := musl(t, a.goarch)
			name := filepath.Base(loader)
			for folder, file := range map[string]string{"lib/" + name: loader, "etc/" + strings.TrimSuffix(name, ".so.1") + ".path": ""} {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(root, folder)), 0o777); err != nil {
					t.Fatal(err)
				}
				text := []byte("/lib:/usr/local/lib:/usr/lib\n") // Alpine's default
				if file != "" {
					text = readFile(t, "", file)
				}
				if err := os.WriteFile(filepath.Join(root, folder), text, 0o777); err != nil {
					t.Fatal(err)
				}
			}
			run(t, compiler, "-I"+root+"/usr/include", "-L"+root+"/usr/lib", "-o", root+"/mac", "examples/c/mac.c", "-lmemfd_go")
			if output := runInRoot(t, testenv.ArchOf(a.goarch), root, "/mac", "pay 5"); !strings.HasSuffix(output, done) {
				t.Errorf("the program printed\n%s", output)
			}
			if runsHere(a.goarch) {
				requireRoot(t)
			}
			tryCommand(t, root, "/usr/bin/memfd", testenv.ArchOf(a.goarch))
		})
	}
}

// musl returns a compiler for musl, and musl's loader, which is also its C library.
func musl(t *testing.T, goarch string) (compiler, loader string) {
	t.Helper()
	tool, pattern := testenv.Tool{Name: "musl-gcc"}, "/lib/ld-musl-*.so.1"
	if goarch != runtime.GOARCH {
		part := "musl@" + goarch
		wrapper, err := filepath.Glob(testenv.PartDir(part) + "/bin/*-gcc")
		if err != nil || len(wrapper) != 1 {
			testenv.Unavailable(t, errors.New(part+" is not set up: run make setup"))
		}
		tool, pattern = testenv.Tool{Part: part, Name: filepath.Base(wrapper[0])}, testenv.PartDir(part)+"/lib/ld-musl-*.so.1"
	}
	compiler, err := tool.Path()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	loaders, err := filepath.Glob(pattern)
	if err != nil || len(loaders) != 1 {
		testenv.Unavailable(t, errors.New("no file matches "+pattern+": run make setup"))
	}
	return compiler, loaders[0]
}

// runInRoot runs a program in a root, or with an emulator that finds libraries there.
func runInRoot(t *testing.T, arch testenv.Arch, root, program string, arguments ...string) string {
	t.Helper()
	if runsHere(arch.GOARCH) {
		requireRoot(t)
		return run(t, "chroot", append([]string{root, program}, arguments...)...)
	}
	emulator, err := arch.Emulator(root)
	if err != nil {
		testenv.Unavailable(t, err)
	}
	return run(t, emulator[0], append(append(emulator[1:], root+program), arguments...)...)
}

// The archive works in any folder.
func TestArchive(t *testing.T) {
	testenv.RequireRegular(t)
	release := requireDist(t)
	testenv.RequireTool(t, "pkg-config")
	testenv.RequireTool(t, "cc")
	folder := t.TempDir()
	name := "libmemfd_go-" + version + "-linux-" + runtime.GOARCH
	runIn(t, folder, nil, "tar", "xzf", filepath.Join(release, name+".tar.gz"))
	env := []string{"PKG_CONFIG_LIBDIR=" + filepath.Join(folder, name, "lib/pkgconfig")}
	flags := strings.Fields(runIn(t, "", env, "pkg-config", "--define-prefix", "--cflags", "--libs", "libmemfd_go"))
	program := filepath.Join(folder, "mac")
	run(t, "cc", append([]string{"-o", program, "examples/c/mac.c"}, flags...)...)
	env = []string{"LD_LIBRARY_PATH=" + filepath.Join(folder, name, "lib")}
	if output := runIn(t, "", env, program, "pay 5"); !strings.HasSuffix(output, done) {
		t.Errorf("the program printed\n%s", output)
	}
	if output := run(t, filepath.Join(folder, name, "bin/memfd"), "--version"); output != "memfd "+version+"\n" {
		t.Errorf("memfd --version printed %q", output)
	}
}
