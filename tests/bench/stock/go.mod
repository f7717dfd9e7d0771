// SPDX-License-Identifier: MIT

module libmemfd_go/tests/bench/stock

go 1.25.0

require (
	golang.org/x/sys v0.47.0
	libmemfd_go v0.0.0
)

replace libmemfd_go => ../../..
