package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testdata has what the tools really print.
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
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(result{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestParseGo(t *testing.T) {
	got, err := parseGo(bytes.NewReader(testdata(t, "gotest.json")))
	if err != nil {
		t.Fatal(err)
	}
	same(t, []result{
		{"example TestPasses", passed, ""},
		{"example TestSkips", skipped, "no such kernel"},
		{"example TestFails", failed, "    a_test.go:9: got 1, want 2"},
		{"example TestTable/good", passed, ""},
		{"example TestTable/bad", failed, "    a_test.go:13: wrong"},
		{"example TestTable/deep/er", passed, ""},
		{"example TestTable/skipped", skipped, "not built (make all-arch)"},
		{"example TestParentFails/child", passed, ""},
		{"example TestParentFails", failed, "    a_test.go:20: the parent's own complaint"},
		{"example/broken", failed, "# example/broken [example/broken.test]\n" +
			"broken/b_test.go:3:23: cannot use \"text\" (untyped string constant) as int value in return statement\n" +
			"FAIL\texample/broken [build failed]"},
		{"example/crash", failed, "cannot load the library\nFAIL\texample/crash\t0.015s"},
		{"example/sub TestPanics", failed, "panic: out of order [recovered, repanicked]\n\ngoroutine 21 [running]:"},
	}, got)
}

func TestParseGoStopsAtWhatIsNoJSON(t *testing.T) {
	got, err := parseGo(bytes.NewReader([]byte(`{"Action":"pass","Package":"a","Test":"T"}` + "\ngo: no such tool\n")))
	if err == nil {
		t.Error("no error")
	}
	same(t, []result{{"a T", passed, ""}}, got)
}

func TestParseJUnit(t *testing.T) {
	got, err := parseJUnit(testdata(t, "junit.xml"))
	if err != nil {
		t.Fatal(err)
	}
	same(t, []result{
		{"test_x::test_passes", passed, ""},
		{"test_x::test_fails", failed, ">   def test_fails(): assert 1 == 2\n" +
			"                      ^^^^^^^^^^^^^\nE   assert 1 == 2\n\ntest_x.py:3: AssertionError"},
		{"test_x::test_skips", skipped, "no secret memory"},
		{"test_x::test_many[1]", passed, ""},
		{"test_x::test_many[2]", passed, ""},
		{"test_x::test_x", skipped, "pytest.xfail"},
		{"test_x::test_error", failed, "failed on setup with \"OSError: no file\"\n@pytest.fixture\n" +
			">   def broken(): raise OSError(\"no file\")\n                  ^^^^^^^^^^^^^^^^^^^^^^^^\n" +
			"E   OSError: no file\n\ntest_x.py:11: OSError"},
	}, got)
	if _, err := parseJUnit(nil); err == nil {
		t.Error("no error without a report")
	}
}

func TestParseCargo(t *testing.T) {
	same(t, []result{
		{"example unit", passed, ""},
		{"create has_no_kernel", skipped, "there is no memfd_secret(2)"},
		{"create is_ignored", skipped, "too slow"},
		{"create panics", passed, ""},
		{"create passes", passed, ""},
		{"create prints", passed, ""},
		{"create fails", failed, "a note\n\nthread 'fails' (15108) panicked at tests/create.rs:6:34:\n" +
			"assertion `left == right` failed\n  left: 1\n right: 2"},
		{"example src/lib.rs - (line 7) - compile", passed, ""},
		{"example src/lib.rs - f (line 13)", skipped, "ignored"},
		{"example src/lib.rs - (line 3)", passed, ""},
	}, parseCargo(string(testdata(t, "cargo.txt"))))
}
