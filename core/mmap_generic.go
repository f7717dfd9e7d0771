// SPDX-License-Identifier: MIT

//go:build !s390x && !386 && !arm

package core

const mmapArray = false
