// SPDX-License-Identifier: MIT

module libmemfd_go/tests/bench/go

go 1.25.0

require (
	github.com/awnumar/memguard v0.23.0
	github.com/ebitengine/purego v0.11.3
	golang.org/x/sys v0.47.0
	libmemfd_go v0.0.0
)

require (
	github.com/awnumar/memcall v0.4.0 // indirect
	golang.org/x/crypto v0.41.0 // indirect
)

replace libmemfd_go => ../../..
