// SPDX-License-Identifier: MIT

package results

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testdata reads recorded output of a tool.
func testdata(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestParseGo(t *testing.T) {
	got, err := ParseGo(bytes.NewReader(testdata(t, "gotest.json")))
	if err != nil {
		t.Fatal(err)
	}
	same(t, []Result{
		{"example TestPasses", Passed, ""},
		{"example TestSkips", Skipped, "no such kernel"},
		{"example TestFails", Failed, "    a_test.go:9: got 1, want 2"},
		{"example TestTable/good", Passed, ""},
		{"example TestTable/bad", Failed, "    a_test.go:13: wrong"},
		{"example TestTable/deep/er", Passed, ""},
		{"example TestTable/skipped", Skipped, "not built (make all-arch)"},
		{"example TestParentFails/child", Passed, ""},
		{"example TestParentFails", Failed, "    a_test.go:20: the parent's own complaint"},
		{"example/broken", Failed, "# example/broken [example/broken.test]\n" +
			"broken/b_test.go:3:23: cannot use \"text\" (untyped string constant) as int value in return statement\n" +
			"FAIL\texample/broken [build failed]"},
		{"example/crash", Failed, "cannot load the library\nFAIL\texample/crash\t0.015s"},
		{"example/sub TestPanics", Failed, "panic: out of order [recovered, repanicked]\n\ngoroutine 21 [running]:"},
	}, got)
}

func TestParseGoStopsAtInvalidJSON(t *testing.T) {
	got, err := ParseGo(bytes.NewReader([]byte(`{"Action":"pass","Package":"a","Test":"T"}` + "\ngo: no such tool\n")))
	if err == nil {
		t.Error("no error")
	}
	same(t, []Result{{"a T", Passed, ""}}, got)
}

func TestParseJUnit(t *testing.T) {
	got, err := ParseJUnit(testdata(t, "junit.xml"))
	if err != nil {
		t.Fatal(err)
	}
	same(t, []Result{
		{"test_x::test_passes", Passed, ""},
		{"test_x::test_fails", Failed, ">   def test_fails(): assert 1 == 2\n" +
			"                      ^^^^^^^^^^^^^\nE   assert 1 == 2\n\ntest_x.py:3: AssertionError"},
		{"test_x::test_skips", Skipped, "no secret memory"},
		{"test_x::test_many[1]", Passed, ""},
		{"test_x::test_many[2]", Passed, ""},
		{"test_x::test_x", Skipped, "pytest.xfail"},
		{"test_x::test_error", Failed, "failed on setup with \"OSError: no file\"\n@pytest.fixture\n" +
			">   def broken(): raise OSError(\"no file\")\n                  ^^^^^^^^^^^^^^^^^^^^^^^^\n" +
			"E   OSError: no file\n\ntest_x.py:11: OSError"},
	}, got)
	if _, err := ParseJUnit(nil); err == nil {
		t.Error("no error without a report")
	}
}

func TestParseCargo(t *testing.T) {
	same(t, []Result{
		{"example unit", Passed, ""},
		{"create has_no_kernel", Skipped, "there is no memfd_secret(2)"},
		{"create is_ignored", Skipped, "too slow"},
		{"create panics", Passed, ""},
		{"create passes", Passed, ""},
		{"create prints", Passed, ""},
		{"create fails", Failed, "a note\n\nthread 'fails' (15108) panicked at tests/create.rs:6:34:\n" +
			"assertion `left == right` failed\n  left: 1\n right: 2"},
		{"example src/lib.rs - (line 7) - compile", Passed, ""},
		{"example src/lib.rs - f (line 13)", Skipped, "ignored"},
		{"example src/lib.rs - (line 3)", Passed, ""},
	}, ParseCargo(string(testdata(t, "cargo.txt"))))
}
