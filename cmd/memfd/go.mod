// SPDX-License-Identifier: MIT

module libmemfd_go/cmd/memfd

go 1.25.0

replace libmemfd_go => ../..

require (
	github.com/spf13/cobra v1.10.2
	github.com/spf13/pflag v1.0.9
	golang.org/x/sys v0.47.0
	libmemfd_go v0.0.0-00010101000000-000000000000
)

require github.com/inconshreveable/mousetrap v1.1.0 // indirect
