// SPDX-License-Identifier: MIT

package rust

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// The published packages (make crates) build from their contents without a warning, and a package
// outside the repository can depend on them.
func TestPackages(t *testing.T) {
	testenv.RequireRegular(t)
	requireCargo(t)
	folder := t.TempDir()
	arguments := []string{"go", "run", "./packaging/crates", filepath.Join(folder, "written")}
	for _, arch := range testenv.Arches {
		if _, err := testenv.Product(arch.GOARCH); err != nil {
			t.Skip(err)
		}
		arguments = append(arguments, arch.GOARCH)
	}
	cargo{folder: testenv.Repository(), arguments: arguments}.mustRun(t)
	output := cargo{folder: filepath.Join(folder, "written"), environment: withoutPkgConfig(t), arguments: []string{
		"cargo", "package", "--locked", "--workspace", "--target-dir=" + folder,
	}}.mustRun(t)
	if strings.Contains(output, "warning") {
		t.Errorf("cargo package prints warnings:\n%s", output)
	}
	packed, err := filepath.Glob(filepath.Join(folder, "package", "*.crate"))
	if err != nil || len(packed) != 3 {
		t.Fatalf("packages %q, %v", packed, err)
	}
	for _, crate := range packed {
		cargo{folder: folder, arguments: []string{"tar", "xzf", crate}}.mustRun(t)
	}
	published := published{folder}
	t.Run("dependent", published.testDependent)
	t.Run("nothing", published.testNothing)
	t.Run("docs.rs", published.testDocumentation)
	t.Run("musl", published.testMusl)
	t.Run("prebuilt", published.testPrebuilt)
}

// published is a folder with the unpacked packages.
type published struct{ folder string }

const program = `fn main() -> std::io::Result<()> {
    let file = memfd_go::SealedMemFd::new("x", b"hello")?;
    println!("{}", String::from_utf8_lossy(&file.map()?));
    Ok(())
}
`

// dependent writes a package that depends on the published memfd-go.
func (p published) dependent(t *testing.T, features string) string {
	t.Helper()
	folder := t.TempDir()
	manifest := "[package]\nname = \"dependent\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[dependencies]\n" +
		"memfd-go = { version = \"1.0.0\", features = [" + features + "] }\n\n[patch.crates-io]\n"
	for _, name := range []string{"memfd-go", "memfd-go-sys", "memfd-go-prebuilt"} {
		manifest += fmt.Sprintf("%s = { path = %q }\n", name, filepath.Join(p.folder, name+"-1.0.0"))
	}
	write(t, filepath.Join(folder, "Cargo.toml"), manifest)
	write(t, filepath.Join(folder, "src", "main.rs"), program)
	return folder
}

// pathWithoutGo returns a $PATH with cargo, rustc and a C linker, but without go.
func pathWithoutGo(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"cargo", "rustc", "cc", "ld", "as", "pkg-config"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if name == "cargo" || name == "rustc" {
			// The toolchain's own programs, because rustup's proxies depend on the directory.
			if own, err := exec.Command("rustup", "which", name).Output(); err == nil {
				path = strings.TrimSpace(string(own))
			}
		}
		if err := os.Symlink(path, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return "PATH=" + folder
}

// Each way to provide the library is enough for a package that depends on memfd-go.
func (p published) testDependent(t *testing.T) {
	hello := func(t *testing.T, features string, environment ...string) {
		t.Helper()
		output := cargo{
			folder:      p.dependent(t, features),
			environment: append(withoutPkgConfig(t), environment...),
			arguments:   []string{"cargo", "run", "--quiet", "--offline"},
		}.mustRun(t)
		if output != "hello\n" {
			t.Errorf("unexpected output %q", output)
		}
	}
	t.Run("Go", func(t *testing.T) { hello(t, "") })
	t.Run("Go, sources that cannot be written to", func(t *testing.T) {
		sys := filepath.Join(p.folder, "memfd-go-sys-1.0.0")
		cargo{arguments: []string{"chmod", "-R", "a-w", sys}}.mustRun(t)
		defer cargo{arguments: []string{"chmod", "-R", "u+w", sys}}.mustRun(t)
		hello(t, "")
	})
	t.Run("prebuilt", func(t *testing.T) { hello(t, `"prebuilt"`, pathWithoutGo(t)) })
	t.Run("folder", func(t *testing.T) { hello(t, "", pathWithoutGo(t), "MEMFD_GO_LIB_DIR="+product(t)) })
	t.Run("pkg-config", func(t *testing.T) {
		cargo{arguments: []string{"pkg-config", "--version"}}.orSkip(t)
		hello(t, "", pathWithoutGo(t), "PKG_CONFIG_PATH="+packageFile(t), "LD_LIBRARY_PATH=")
	})
}

// Without any of them the build fails with one message that lists all of them.
func (p published) testNothing(t *testing.T) {
	output, err := cargo{
		folder:      p.dependent(t, ""),
		environment: append(withoutPkgConfig(t), pathWithoutGo(t)),
		arguments:   []string{"cargo", "build", "--offline"},
	}.run(t)
	if err == nil {
		t.Fatal("the build found a library")
	}
	for _, want := range []string{
		"error: libmemfd_go not found, and go cannot be run to build it (",
		"- install Go 1.25 or later: ",
		"- enable the feature \"prebuilt\" of memfd-go or memfd-go-sys;\n",
		"- install libmemfd_go 1.0.0 or later where pkg-config finds it;\n",
		"- set MEMFD_GO_LIB_DIR to a directory that contains libmemfd_go.so.1.\n",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("the message lacks %q:\n%s", want, output)
		}
	}
	if strings.Contains(output, "PKG_CONFIG") {
		t.Errorf("the output has pkg-config's variables before the message:\n%s", output)
	}
}

// docs.rs has neither Go nor the library.
func (p published) testDocumentation(t *testing.T) {
	cargo{
		folder:      p.dependent(t, ""),
		environment: append(withoutPkgConfig(t), pathWithoutGo(t), "DOCS_RS=1"),
		arguments:   []string{"cargo", "check", "--offline"},
	}.mustRun(t)
}

// Programs for musl are static, so they link the archive without the feature "static".
func (p published) testMusl(t *testing.T) {
	requireTarget(t, musl)
	for name, environment := range map[string][]string{
		"folder": {"MEMFD_GO_LIB_DIR=" + product(t)},
		"Go":     nil,
	} {
		t.Run(name, func(t *testing.T) {
			folder := p.dependent(t, "")
			output := cargo{
				folder:      folder,
				environment: append(append(withoutPkgConfig(t), "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld"), environment...),
				arguments:   []string{"cargo", "run", "--quiet", "--offline", "--target=" + musl},
			}.mustRun(t)
			if output != "hello\n" {
				t.Errorf("unexpected output %q", output)
			}
			if needed := neededBy(t, filepath.Join(folder, "target", musl, "debug", "dependent")); len(needed) > 0 {
				t.Errorf("the program needs %q, want no shared library", needed)
			}
		})
	}
}

// The archives of memfd-go-prebuilt equal those built from the Go sources of memfd-go-sys.
func (p published) testPrebuilt(t *testing.T) {
	arches := testenv.Arches[:2]
	if testenv.Full() {
		arches = testenv.Arches
	}
	for _, arch := range arches {
		built := filepath.Join(t.TempDir(), "libmemfd_go.a")
		buildArchive(t, filepath.Join(p.folder, "memfd-go-sys-1.0.0", "go"), arch.GOARCH, built)
		want, err := os.ReadFile(built)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(p.folder, "memfd-go-prebuilt-1.0.0", "lib", arch.GOARCH, "libmemfd_go.a"))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s: the archive of %d bytes differs from the %d bytes built from the sources", arch.GOARCH, len(got), len(want))
		}
	}
}

// buildArchive builds the static library from sources, as memfd-go-prebuilt's README says.
func buildArchive(t *testing.T, sources, goarch, output string) {
	t.Helper()
	folder := t.TempDir()
	cargo{
		folder:      sources,
		environment: []string{"CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOTOOLCHAIN=local", "GOPROXY=off"},
		arguments:   []string{"go", "run", "./capi/linker", "build", "-arch", goarch, "-o", folder},
	}.mustRun(t)
	if err := os.Rename(filepath.Join(folder, "libmemfd_go.a"), output); err != nil {
		t.Fatal(err)
	}
}
