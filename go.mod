// SPDX-License-Identifier: MIT

module libmemfd_go

go 1.25.0

require (
	github.com/ebitengine/purego v0.11.3
	github.com/google/go-cmp v0.7.0
	golang.org/x/arch v0.30.0
	golang.org/x/sys v0.47.0
)
