// SPDX-License-Identifier: MIT

package core

// The one number that this architecture names otherwise.
const errorName58 = "EDEADLOCK"
