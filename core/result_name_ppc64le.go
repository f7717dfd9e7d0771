// SPDX-License-Identifier: MIT

package core

// On ppc64le EDEADLOCK has its own number; elsewhere it equals EDEADLK.
const errorName58 = "EDEADLOCK"
