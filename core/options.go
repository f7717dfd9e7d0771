// SPDX-License-Identifier: MIT

package core

// Options, MEMFD_GO_OPT_* of the header, in its order.
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
	OptDontwait                         // SendFDs, RecvFDs
	OptNoHoles                          // Verify, MapVerified, VerifyReceived
	OptKeepFD                           // SecretAlloc, SecretAttach, PoolInit
)

// optAttached marks an attached area in SecretArea.Opts: other processes may use its memory. No
// function accepts it as an option.
const optAttached uint32 = 1 << 31

// optHuge tells mapFile that the file is of huge pages. No function accepts it as an option.
const optHuge uint32 = 1 << 30
