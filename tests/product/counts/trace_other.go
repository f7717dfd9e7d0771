// SPDX-License-Identifier: MIT

//go:build !amd64

package counts

import "errors"

// Trace is for amd64 alone.
func Trace(string, string) ([]Call, error) {
	return nil, errors.New("instructions are stepped through on amd64 only")
}
