//go:build !s390x

package core

const mmapArray = false
