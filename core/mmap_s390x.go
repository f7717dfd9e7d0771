// SPDX-License-Identifier: MIT

package core

// Here mmap(2) takes one argument, the address of an array of them.
const mmapArray = true
