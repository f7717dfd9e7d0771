// SPDX-License-Identifier: MIT

package core

// Options, MEMFD_GO_OPT_* of the header, in its order. No two functions give one bit
// two meanings.
const (
	OptReserve       uint32 = 1 << iota // SetSize
	OptWrite                            // Map
	OptPrivate                          // Map
	OptExec                             // Map
	OptPopulate                         // Map
	OptStrictNoexec                     // CreateWith
	OptUnsealable                       // CreateWith
	OptInheritFD                        // Exec
	OptForkShare                        // secret areas and pools
	OptAlignEnd                         // SecretAlloc, SecretAttach
	OptRequire                          // SecretAlloc, PoolInit
	OptNoSecretmem                      // SecretAlloc, PoolInit
	OptAllowUnlocked                    // SecretAlloc, PoolInit
	OptDontwait                         // messages
	OptNoHoles                          // Verify and its kin
	OptKeepFD                           // SecretAlloc, SecretAttach, PoolInit
)

// optAttached is set in SecretArea.Opts of an attached area, which others may be using. No
// function takes it from a caller.
const optAttached uint32 = 1 << 31
