// SPDX-License-Identifier: MIT

package core

import "unsafe"

// Version is MAJOR<<16 | MINOR<<8 | PATCH, as in the header.
const Version uint32 = 0x010000

var versionText = "1.0.0\x00"

// VersionString returns Version as text.
//
//go:nosplit
func VersionString() *byte {
	return unsafe.StringData(versionText)
}
