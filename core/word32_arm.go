// SPDX-License-Identifier: MIT

package core

const evenPairs = true
