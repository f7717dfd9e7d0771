// SPDX-License-Identifier: MIT

// Every function of libmemfd_go.so, one row each, in the order of memfd_go.h.
//
// A row is SHAPE(C name, target). The shape is the name of the macro, since the Go
// assembler has no ## to build one. Each trampoline_<arch>.s defines the shapes and
// then includes this file; so does link_roots.s.
//
//   SYS       the system call with the function's arguments
//   FCNTL1    int f(int fd): fcntl(fd, target)
//   FCNTL2    int f(int fd, uint32_t arg): fcntl(fd, target, arg)
//   CALLn     a Go function of n arguments, each no wider than a machine word
//   CALLnD    n such arguments (an even number), then a uint64_t
//   CALLnDD   n such arguments, then two uint64_t
//   CALLnDm   n such arguments, a uint64_t, then m more words; CALLDm is CALL0Dm
//
// Every shape returns one machine word.

CALL0(memfd_go_version, ·version)
CALL0(memfd_go_version_string, ·versionString)
CALL1(memfd_go_result_name, ·resultName)
CALL2D(memfd_go_probe, ·probe)
SYS(memfd_go_create, $const_sysMemfdCreate)
CALL3(memfd_go_create_with, ·createWith)
CALL5(memfd_go_create_sealed, ·createSealed)
CALL4D(memfd_go_clone, ·clone)
CALL4D(memfd_go_clone_stream, ·cloneStream)
CALL2(memfd_go_reopen, ·reopen)
CALLD1(memfd_go_huge_flags, ·hugeFlags)
CALL2(memfd_go_get_size, ·getSize)
CALL2D(memfd_go_set_size, ·setSize)
CALL2DD(memfd_go_discard, ·discard)
FCNTL2(memfd_go_add_seals, $const_fAddSeals)
FCNTL1(memfd_go_get_seals, $const_fGetSeals)
CALL2(memfd_go_ensure_seals, ·ensureSeals)
CALL3(memfd_go_check_seals, ·checkSeals)
CALL4(memfd_go_format_seals, ·formatSeals)
CALL2(memfd_go_parse_seals, ·parseSeals)
CALL4(memfd_go_inspect, ·inspect)
CALL2D2(memfd_go_map, ·mapFile)
CALL2D2(memfd_go_map_ring, ·mapRing)
CALL2D2(memfd_go_verify, ·verify)
CALL2D3(memfd_go_map_verified, ·mapVerified)
CALL2(memfd_go_unmap, ·unmap)
CALL6(memfd_go_send_fds, ·sendFDs)
CALL6(memfd_go_recv_fds, ·recvFDs)
CALL2D3(memfd_go_recv_verified, ·recvVerified)
CALL3(memfd_go_import_pid, ·importPID)
CALL3(memfd_go_import_pidfd, ·importPidfd)
CALL4(memfd_go_exec, ·exec)
CALL1(memfd_go_secret, ·secret)
CALL3(memfd_go_secret_alloc, ·secretAlloc)
CALL4(memfd_go_secret_alloc_from, ·secretAllocFrom)
CALL2D1(memfd_go_secret_attach, ·secretAttach)
CALL2(memfd_go_secret_protect, ·secretProtect)
CALL1(memfd_go_secret_relock, ·secretRelock)
CALL1(memfd_go_secret_free, ·secretFree)
CALL2(memfd_go_wipe, ·wipe)
CALL3(memfd_go_equal, ·equal)
CALL4(memfd_go_secret_pool_init, ·poolInit)
CALL2(memfd_go_secret_pool_take, ·poolTake)
CALL2(memfd_go_secret_pool_give, ·poolGive)
CALL2(memfd_go_secret_pool_protect, ·poolProtect)
CALL1(memfd_go_secret_pool_relock, ·poolRelock)
CALL1(memfd_go_secret_pool_free, ·poolFree)
