// SPDX-License-Identifier: MIT

package core

// On s390x, mmap(2) takes the address of an array that contains its arguments.
const mmapArray = true
