// SPDX-License-Identifier: MIT

package dist

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// lintian and rpmlint find nothing.
func TestLint(t *testing.T) {
	testenv.RequireRegular(t)
	release := requireDist(t)
	var debs, rpms []string
	for _, a := range architectures() {
		for i := range a.debs() {
			rpms = append(rpms, a.rpms()[i])
			if lintianKnows(a) {
				debs = append(debs, a.debs()[i])
			}
		}
	}
	t.Run("lintian", func(t *testing.T) {
		testenv.RequireTool(t, "lintian")
		if said := runIn(t, release, nil, "lintian", append([]string{"--allow-root", "--fail-on=none", "--info", "--display-info"}, debs...)...); said != "" {
			t.Error(said)
		}
	})
	t.Run("rpmlint", func(t *testing.T) {
		testenv.RequireTool(t, "rpmlint")
		config, err := filepath.Abs("packaging/rpmlint.toml")
		if err != nil {
			t.Fatal(err)
		}
		said := runIn(t, release, nil, "rpmlint", append([]string{"-c", config}, rpms...)...)
		if !strings.Contains(said, "0 errors, 0 warnings") {
			t.Error(said)
		}
	})
}

// dpkg-shlibdeps finds the dependency of a Debian package on the library. The package installs in a
// minimal root with the library, and not without.
func TestDependentDeb(t *testing.T) {
	testenv.RequireRegular(t)
	release := requireDist(t)
	requireRoot(t)
	testenv.RequireTool(t, "cc")
	testenv.RequireTool(t, "dpkg-shlibdeps")
	a := architectures()[0]
	out, debs := t.TempDir(), a.debs()
	run(t, "cp", "examples/c/mac.c", "examples/c/example.h", filepath.Join(release, debs[runtimePart]), filepath.Join(release, debs[develPart]), out)
	run(t, "unshare", "-m", "sh", "-euc", packageDependent, "sh", out)
	depends := run(t, "dpkg-deb", "-f", out+"/mac.deb", "Depends")
	if !regexp.MustCompile(`\blibmemfd-go1 \(>= 1\.0\.0\)`).MatchString(depends) {
		t.Errorf("the package depends on %s", depends)
	}
	root := copyRoot(t, "root@"+a.goarch)
	run(t, "cp", out+"/mac.deb", out+"/"+debs[runtimePart], root+"/tmp")
	install := func(file string) ([]byte, error) { // dpkg does not know about the C library in the root
		return exec.Command("env", "-i", "PATH=/usr/sbin:/usr/bin", "chroot", root, "dpkg", "--ignore-depends=libc6", "-i", "/tmp/"+file).CombinedOutput()
	}
	if output, err := install("mac.deb"); err == nil || !strings.Contains(string(output), "depends on libmemfd-go1") {
		t.Errorf("without the library, installing did not fail as expected: %v\n%s", err, output)
	}
	for _, file := range []string{debs[runtimePart], "mac.deb"} {
		if output, err := install(file); err != nil {
			t.Fatalf("dpkg -i %s: %v\n%s", file, err, output)
		}
	}
	if output := run(t, "chroot", root, "/usr/bin/mac", "pay 5"); !strings.HasSuffix(output, done) {
		t.Errorf("the program printed\n%s", output)
	}
}

// packageDependent runs in a mount namespace with an overlay, so that the host's files do not change.
const packageDependent = `
mount -t tmpfs tmpfs /mnt
mkdir /mnt/changed /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/changed,workdir=/mnt/work overlay /mnt/root
mount --rbind /dev /mnt/root/dev
mount --rbind /proc /mnt/root/proc
mkdir -p /mnt/root/package
cp "$1"/* /mnt/root/package
chroot /mnt/root sh -euc '
	cd /package
	dpkg -i libmemfd-go*.deb
	mkdir -p debian root/usr/bin root/DEBIAN
	cc -o root/usr/bin/mac mac.c $(pkg-config --cflags --libs libmemfd_go)
	printf "Source: mac\n\nPackage: mac\nArchitecture: any\n" > debian/control
	dpkg-shlibdeps -O root/usr/bin/mac > depends
	{
		printf "Package: mac\nVersion: 1\nMaintainer: nobody <nobody@example.org>\nDescription: an example\n"
		printf "Architecture: %s\n" "$(dpkg --print-architecture)"
		sed -n "s/^shlibs:Depends=/Depends: /p" depends
	} > root/DEBIAN/control
	dpkg-deb --build root mac.deb'
cp /mnt/root/package/mac.deb "$1"
`

// rpmbuild finds the dependency of an rpm package on the library.
func TestDependentRPM(t *testing.T) {
	testenv.RequireRegular(t)
	release := requireDist(t)
	requireRoot(t)
	testenv.RequireTool(t, "rpmbuild")
	testenv.RequireTool(t, "cc")
	files, out := architectures()[0].rpms(), t.TempDir()
	for _, part := range []int{runtimePart, develPart} {
		runIn(t, out, nil, "sh", "-euc", unpack(files[part]), "sh", filepath.Join(release, files[part]))
	}
	for name, text := range map[string]string{
		"user.c": "#include <memfd_go.h>\nint user(void) { return memfd_go_create(\"user\", 0); }\n",
		"user.spec": "Name: user\nVersion: 1\nRelease: 1\nSummary: User\nLicense: MIT\n%description\nA user.\n" +
			"%install\ninstall -Dm755 " + out + "/libuser.so %{buildroot}/usr/lib64/libuser.so\n%files\n/usr/lib64/libuser.so\n",
	} {
		if err := os.WriteFile(filepath.Join(out, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "cc", "-shared", "-fPIC", "-nostdlib", "-Wl,--hash-style=both", "-I"+out+"/usr/include", "-L"+out+"/usr/lib64",
		"-o", out+"/libuser.so", out+"/user.c", "-lmemfd_go")
	run(t, "rpmbuild", "-bb", "--define", "_topdir "+out+"/top", "--define", "_rpmdir "+out, "--define", "_build_name_fmt user.rpm",
		"--define", "debug_package %{nil}", out+"/user.spec")
	rpm, root := rpmRoot(t)
	output, err := exec.Command("rpm", "--root", root, "-i", out+"/user.rpm").CombinedOutput()
	if err == nil || !strings.Contains(string(output), "libmemfd_go.so.1(MEMFD_GO_1.0)(64bit) is needed by user") {
		t.Errorf("without the library, installing did not fail as expected: %v\n%s", err, output)
	}
	rpm("-i", filepath.Join(release, files[runtimePart]), out+"/user.rpm")
	rpm("-V", "user", "libmemfd_go1")
}

// Two major versions can be installed together: dpkg accepts both, and each file of the runtime and debug
// packages has the major number in its name.
func TestTwoMajors(t *testing.T) {
	testenv.RequireRegular(t)
	release := requireDist(t)
	requireRoot(t)
	testenv.RequireTool(t, "dpkg-deb")
	a := architectures()[0]
	next := filepath.Join(t.TempDir(), "next")
	run(t, "dpkg-deb", "-R", filepath.Join(release, a.debs()[runtimePart]), next)
	runIn(t, next, nil, "sh", "-euc", `
		find . -depth -name "*go1*" -execdir sh -euc 'mv "$1" "$(echo "$1" | sed s/go1/go2/)"' sh {} \;
		cd usr/lib/*/
		mv libmemfd_go.so.1.0.0 libmemfd_go.so.2.0.0
		rm libmemfd_go.so.1
		ln -s libmemfd_go.so.2.0.0 libmemfd_go.so.2
		cd - > /dev/null
		sed -i 's/go1/go2/; s/^Version: 1/Version: 2/' DEBIAN/control`)
	run(t, "dpkg-deb", "--build", next, next+".deb")
	root := copyRoot(t, "root@"+a.goarch)
	run(t, "cp", next+".deb", filepath.Join(release, a.debs()[runtimePart]), root+"/tmp")
	inside := []string{"-i", "PATH=/usr/sbin:/usr/bin", "chroot", root, "dpkg"}
	run(t, "env", append(inside, "-i", "/tmp/next.deb", "/tmp/"+a.debs()[runtimePart])...)
	run(t, "env", append(inside, "--verify")...)
	if both := run(t, "find", root+"/usr/lib", "-name", "libmemfd_go.so.*", "-type", "f"); strings.Count(both, "\n") != 2 {
		t.Errorf("want two libraries, got\n%s", both)
	}
	numbered := regexp.MustCompile(`libmemfd_go\.so\.1|libmemfd[-_]go1|/\.build-id/`)
	for _, files := range [][4]string{a.debs(), a.rpms(), a.apks()} {
		for _, file := range []string{files[runtimePart], files[debugPart]} {
			dir := t.TempDir()
			runIn(t, dir, nil, "sh", "-euc", unpack(file), "sh", filepath.Join(release, file))
			for _, name := range strings.Fields(run(t, "find", dir+"/usr", "-not", "-type", "d")) {
				if !numbered.MatchString(strings.TrimPrefix(name, dir)) {
					t.Errorf("%s: the name of %s lacks the major number", file, strings.TrimPrefix(name, dir))
				}
			}
		}
	}
}
