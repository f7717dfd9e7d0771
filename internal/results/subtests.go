// SPDX-License-Identifier: MIT

package results

import "testing"

// Subtests reports each result as a subtest. A failure prints the hint, which tells how to run the tests
// by hand.
func Subtests(t *testing.T, all []Result, hint string) {
	for _, r := range all {
		t.Run(r.Name, func(t *testing.T) {
			switch r.Status {
			case Failed:
				t.Errorf("%s\n%s", r.Detail, hint)
			case Skipped:
				t.Skip(r.Detail)
			}
		})
	}
}
