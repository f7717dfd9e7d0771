// SPDX-License-Identifier: MIT

//go:build linux

/*
Package memfd creates and shares files in memory, on Linux: memfd_create(2), file seals, and
memfd_secret(2).

A memfd is a file that has no name in any directory and disappears when nobody has it open
any more. Seals are promises about such a file that nobody can take back. A process that
receives a sealed file can map it and read it in place, without a copy and without trust in
whoever sent it.

	f, err := memfd.Sealed("settings", data)    // nobody can change it any more
	_, err = memfd.Send(conn, nil, f)           // to another process

	f, err := memfd.ReceiveVerified(conn, memfd.Immutable, 1<<20)
	m, err := memfd.MapVerified(f, memfd.Immutable, 1<<20)
	defer m.Close()
	use(m.Bytes())

Files are of type [*os.File], for use with packages os, io, net and os/exec. A SecretBuffer
holds a key or a password outside the garbage-collected heap, in memory that is not swapped
and that, where memfd_secret(2) works, not even the kernel has mapped. A SecretPool hands out
many small ones without a system call.

# Memory

The collector unmaps nothing. A slice that [Mapping.Bytes] or [SecretBuffer.Bytes] returned
may outlive its Mapping or SecretBuffer, and if the collector could take the memory away
from it, reading it would end the program. So Close is the only way to unmap, and to
use such a slice after Close is an error like the use of freed memory in C: it usually
ends the program with SIGSEGV.

A Mapping, SecretBuffer or SecretPool that became unreachable without Close is reported on
standard error if the environment variable MEMFD_GO_DEBUG is "forgotten" when the program
starts.

# Errors

Errors are of type [*fs.PathError], or [*os.SyscallError] where no file is involved, or
[*MissingSealsError]. Functions that take a [net.UnixConn] also return the errors of
package net. All of them work with [errors.Is]:

	errors.Is(err, fs.ErrPermission)
	errors.Is(err, os.ErrDeadlineExceeded)
	errors.Is(err, syscall.EBUSY)

Which errors a function can return is documented with the function of the same name in
memfd_go.h, of which this package is the Go form.

# Concurrency

All functions and methods may be called by several goroutines at once. A file may be closed
while another goroutine uses it: the call either succeeds or fails with [fs.ErrClosed]; it
never acts on another file that got the same descriptor.
*/
package memfd
