// SPDX-License-Identifier: MIT

//go:build linux

/*
Package memfd creates files in memory, seals them and passes them to other processes. It
wraps memfd_create(2), file seals and memfd_secret(2), without cgo.

A memfd has no name in any directory, and exists as long as a process has it open or mapped.
A seal forbids an operation on a file, such as writing, to all processes, and cannot be
removed. A process that receives a sealed file can map it and read it in place, without
copying it first and without trusting the sender.

	f, err := memfd.Sealed("settings", data) // nobody can change it
	_, err = memfd.Send(conn, nil, f)        // to another process

	f, err := memfd.ReceiveVerified(conn, memfd.Immutable, 1<<20)
	m, err := memfd.MapVerified(f, memfd.Immutable, 1<<20)
	defer m.Close()
	use(m.Bytes())

Files are of type [*os.File], for use with packages os, io, net and os/exec, and close-on-exec.
A [SecretBuffer] holds a key or a password outside the garbage-collected heap, and with
memfd_secret(2) not even the kernel has it mapped. A [SecretPool] holds many small secrets
and makes no system call for each.

# Memory

The garbage collector never unmaps memory, because a slice returned by [Mapping.Bytes] or
[SecretBuffer.Bytes] may outlive its Mapping or SecretBuffer. Only Close does. Using such a
slice after Close is like using freed memory in C: the program usually ends with SIGSEGV.

With MEMFD_GO_DEBUG=forgotten in the environment, the program reports on standard error each
Mapping, SecretBuffer and SecretPool that becomes unreachable without Close.

# Errors

Errors are of type [*fs.PathError], or [*os.SyscallError] where no file is involved, or
[*MissingSealsError], except for [ErrNoFreeSlot], [ErrCorruptPool], fs.ErrInvalid for a nil
file, and those of [ParseSeals]. [Send], [Receive] and [ReceiveVerified] also return the errors
of package net. [errors.Is] works with all of them:

	errors.Is(err, fs.ErrPermission)
	errors.Is(err, os.ErrDeadlineExceeded)
	errors.Is(err, syscall.EBUSY)

The functions document their own errors. In addition, all of them return

  - fs.ErrInvalid if a file is nil, and fs.ErrClosed if it is closed
  - EINVAL for a negative size, offset or length, and for unknown flags or seals
  - EBADF for a file that is opened with O_PATH, unless documented otherwise
  - EMFILE, ENFILE or ENOMEM if they need a descriptor or memory and none is free

The function of the same name in memfd_go.h documents the same errors for C, and some that
are rarer. Linux 3.17 or later is assumed; a function says so if it needs a newer kernel.

# Concurrency

All functions and methods may be called by several goroutines at once. A file may be closed
while another goroutine uses it: the call either succeeds or fails with [fs.ErrClosed]. It
never acts on another file that was given the same descriptor.
*/
package memfd
