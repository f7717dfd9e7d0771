// SPDX-License-Identifier: MIT

package header

import "testing"

// Unknown text is an error.
func TestParseErrors(t *testing.T) {
	for _, text := range []string{"", begin, begin + finish,
		"/*\n * CONVENTIONS\n */\n" + begin + "#define MEMFD_GO_VERSION_STRING \"1\"\n/* -- G */\n" +
			"/*\n * memfd_go_a() is.\n */\nint memfd_go_b(void);\n" + finish + "/*\n * LAST\n */\n"} {
		if h, err := ParseDocument(text); err == nil {
			t.Errorf("ParseDocument(%q) = %v, want an error", text, h)
		}
	}
}
