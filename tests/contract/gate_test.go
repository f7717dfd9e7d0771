// SPDX-License-Identifier: MIT

package contract

import (
	"crypto/sha256"
	"debug/elf"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

var record = flag.Bool("record", false, "record the current ABI in tests/contract/<version>/")

// frozen has the SHA-256 of the abi.txt of each version that is frozen: there are programs that
// were built for it.
var frozen = map[string]string{
	"1.0": "848b85f4248ec5c6417876c704383193e71698b2f144ea9e9758cb544b692c0b",
}

// thaws returns a complaint if text is not what a frozen version has in abi.txt.
func thaws(version, text string) string {
	digest, isFrozen := frozen[version]
	if !isFrozen || fmt.Sprintf("%x", sha256.Sum256([]byte(text))) == digest {
		return ""
	}
	return fmt.Sprintf("tests/contract/%[1]s/abi.txt would change, but version %[1]s is frozen: programs have been built for it. "+
		"Restore the recorded part. Additions belong to the next minor version: raise MEMFD_GO_VERSION_MINOR in %[2]s, then %[3]s",
		version, headerFile, howToRecord)
}

func TestFrozenVersions(t *testing.T) {
	for version := range frozen {
		text := readFile(t, "tests/contract/"+version+"/abi.txt")
		if complaint := thaws(version, text); complaint != "" {
			t.Error(complaint)
		}
		if complaint := thaws(version, text+"function memfd_go_new_one int ()\n"); !strings.Contains(complaint, "is frozen") {
			t.Errorf("an addition to version %s is not noticed: %q", version, complaint)
		}
	}
	if complaint := thaws("1.1", "anything"); complaint != "" {
		t.Errorf("version 1.1 is not frozen, but: %s", complaint)
	}
}

// versions lists the recorded minor versions, oldest first. The order is textual: it has to change
// before 1.10.
func versions(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("[0-9]*.[0-9]*/abi.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no file matches tests/contract/*/abi.txt: %v", err)
	}
	for i, file := range files {
		files[i] = filepath.Dir(file)
	}
	return files
}

// minorVersion returns the major and minor version of the header, such as 1.0.
func minorVersion(h *Header) string {
	number := map[string]string{}
	for _, c := range h.Constants {
		number[c.Name] = c.Text
	}
	return number["MEMFD_GO_VERSION_MAJOR"] + "." + number["MEMFD_GO_VERSION_MINOR"]
}

// describeLibrary describes the header and the library for an architecture.
func describeLibrary(t *testing.T, h *Header, goarch string) description {
	t.Helper()
	folder, err := testenv.Product(goarch)
	if err != nil {
		t.Skip(err)
	}
	library := filepath.Join(folder, "libmemfd_go.so.1")
	symbols, err := exported(library)
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(library)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	soname, err := file.DynString(elf.DT_SONAME)
	if err != nil || len(soname) != 1 {
		t.Fatalf("%s: %q, %v", library, soname, err)
	}
	slices.Sort(symbols)
	return describe(h, soname[0], symbols)
}

// The ABI of each recorded version is unchanged, on all architectures.
func TestABI(t *testing.T) {
	h := readHeader(t)
	if *record {
		writeRecord(t, h)
	}
	for _, arch := range testenv.Tested() {
		t.Run(arch.GOARCH, func(t *testing.T) {
			now := describeLibrary(t, h, arch.GOARCH)
			for _, version := range versions(t) {
				report(t, breaks(version, readDescription(t, version), now))
			}
		})
	}
}

// New parts of the ABI are recorded before a release.
func TestABIIsRecorded(t *testing.T) {
	h := readHeader(t)
	version := minorVersion(h)
	if all := versions(t); all[len(all)-1] != version {
		t.Fatalf("the ABI of %s is not recorded; %s", version, howToRecord)
	}
	recorded := readDescription(t, version)
	for _, f := range describeLibrary(t, h, testenv.Arches[0].GOARCH) {
		if is, _ := recorded.find(f); is != f {
			t.Errorf("tests/contract/%s/abi.txt lacks:\n\n%s\n\nIf the change is intended, %s", version, f, howToRecord)
		}
	}
	if kept := parseText(t, readFile(t, "tests/contract/"+version+"/memfd_go.h")); !reflect.DeepEqual(kept, h) {
		t.Errorf("tests/contract/%s/memfd_go.h declares something else than %s. If the change is intended, %s", version, headerFile, howToRecord)
	}
}

const howToRecord = "run:\n\ngo test ./tests/contract -run TestABI -record\n"

func readDescription(t *testing.T, version string) description {
	t.Helper()
	return parseDescription(readFile(t, "tests/contract/"+version+"/abi.txt"))
}

func writeRecord(t *testing.T, h *Header) {
	t.Helper()
	folder := minorVersion(h)
	text := describeLibrary(t, h, testenv.Arches[0].GOARCH).String()
	if complaint := thaws(folder, text); complaint != "" {
		t.Fatal(complaint)
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"abi.txt":    text,
		"memfd_go.h": readFile(t, headerFile),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBreaks(t *testing.T) {
	const symbol = "memfd_go_get_size@" + symbolVersion
	h := readHeader(t)
	promised := describe(h, "libmemfd_go.so.1", []string{symbol})
	for _, c := range []struct {
		name    string
		changes []string
		soname  string
		symbols []string
		want    []string // parts of the complaints; nil if there must be none
	}{
		{name: "nothing"},
		{name: "soname", soname: "libmemfd_go.so.2", want: []string{"This is gone:\n\nsoname libmemfd_go.so.1\n"}},
		{name: "symbol", symbols: []string{}, want: []string{"This is gone:\n\nsymbol memfd_go_get_size MEMFD_GO_1.0\n", "would not start"}},
		{name: "version", symbols: []string{"memfd_go_get_size@MEMFD_GO_1.1"}, want: []string{"has become:\n\nsymbol memfd_go_get_size MEMFD_GO_1.1"}},
		{name: "function", changes: []string{getSize, "int memfd_go_get_size(int fd, uint32_t *size);"},
			want: []string{"function memfd_go_get_size int (int, uint64_t *)\n\nhas become:", "add a new function."}},
		{name: "parameter's name", changes: []string{getSize, "int memfd_go_get_size(int file, uint64_t *size);"}},
		{name: "constant", changes: []string{write, "#define MEMFD_GO_OPT_WRITE 0x00000020U"},
			want: []string{"constant MEMFD_GO_OPT_WRITE 0x00000002\n\nhas become:\n\nconstant MEMFD_GO_OPT_WRITE 0x00000020"}},
		{name: "struct may grow", changes: []string{nameOfInfo, nameOfInfo + " uint64_t more;"}},
		{name: "struct may not grow", changes: []string{"uint64_t reserved[4];", "uint64_t reserved[5];"},
			want: []string{"struct memfd_go_secret_area of 64 or 80 bytes\n\nhas become:", "member memfd_go_secret_area.reserved", "struct memfd_go_secret_pool of"}},
		{name: "member", changes: []string{infoDevice, "size_t device;"}, want: []string{"member memfd_go_info.device uint64_t at 40 or 40\n\nhas become:"}},
		{name: "new", changes: []string{getSize, getSize + newOne}},
	} {
		t.Run(c.name, func(t *testing.T) {
			soname, symbols := c.soname, c.symbols
			if soname == "" {
				soname = "libmemfd_go.so.1"
			}
			if symbols == nil {
				symbols = []string{symbol}
			}
			now := describe(changedHeader(t, c.changes), soname, symbols)
			got := breaks("1.0", promised, now)
			if all := strings.Join(got, "\n"); len(c.want) == 0 && all != "" {
				t.Error(all)
			}
			for _, want := range c.want {
				if !strings.Contains(strings.Join(got, "\n"), want) {
					t.Errorf("no complaint contains:\n%s\nThe complaints are:\n%s", want, strings.Join(got, "\n"))
				}
			}
		})
	}
}

func TestDescriptionRoundTrip(t *testing.T) {
	d := describe(readHeader(t), "libmemfd_go.so.1", []string{"memfd_go_a@V"})
	if got := parseDescription(d.String()); !slices.Equal(got, d) {
		t.Errorf("got\n%swant\n%s", got, d)
	}
}
