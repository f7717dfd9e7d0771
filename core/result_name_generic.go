// SPDX-License-Identifier: MIT

//go:build !ppc64le

package core

const errorName58 = "E?"
