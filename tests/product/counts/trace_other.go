// SPDX-License-Identifier: MIT

//go:build !amd64

package counts

import "errors"

// Trace is only implemented for amd64.
func Trace(string, string) ([]Call, error) {
	return nil, errors.New("single-stepping is only implemented for amd64")
}
