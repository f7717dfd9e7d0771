// SPDX-License-Identifier: MIT

package counts

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

var systemCallNames = map[int]string{
	unix.SYS_CLOSE:        "close",
	unix.SYS_EXECVEAT:     "execveat",
	unix.SYS_FALLOCATE:    "fallocate",
	unix.SYS_FCNTL:        "fcntl",
	unix.SYS_FSTATFS:      "fstatfs",
	unix.SYS_FTRUNCATE:    "ftruncate",
	unix.SYS_FUTEX:        "futex",
	unix.SYS_LSEEK:        "lseek",
	unix.SYS_MADVISE:      "madvise",
	unix.SYS_MEMFD_CREATE: "memfd_create",
	447:                   "memfd_secret",
	unix.SYS_MINCORE:      "mincore",
	unix.SYS_MMAP:         "mmap",
	unix.SYS_MPROTECT:     "mprotect",
	unix.SYS_MREMAP:       "mremap",
	unix.SYS_MUNMAP:       "munmap",
	unix.SYS_OPENAT:       "openat",
	unix.SYS_PIDFD_GETFD:  "pidfd_getfd",
	unix.SYS_PREAD64:      "pread",
	unix.SYS_PWRITE64:     "pwrite",
	unix.SYS_READ:         "read",
	unix.SYS_READLINKAT:   "readlinkat",
	unix.SYS_RECVMSG:      "recvmsg",
	unix.SYS_SENDFILE:     "sendfile",
	unix.SYS_SENDMSG:      "sendmsg",
	unix.SYS_STATX:        "statx",
	unix.SYS_SYSINFO:      "sysinfo",
}

// Names returns the kernel's names of the system calls of a call.
func Names(call Call) string {
	var names []string
	for _, number := range call.SystemCalls {
		name := systemCallNames[number]
		if name == "" {
			name = fmt.Sprint(number)
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}
