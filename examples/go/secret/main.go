// SPDX-License-Identifier: MIT

// Command secret keeps a key in secret memory, which the kernel removes from its page tables, and
// shows that system calls that read memory through the kernel's mapping fail.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"unsafe"

	"libmemfd_go/examples/go/memfd"

	"golang.org/x/sys/unix"
)

const areaSize, keySize = 4096, 32

func say(format string, arguments ...any) {
	fmt.Printf("%-7s %-7s %s\n", "Go", "secret", fmt.Sprintf(format, arguments...))
}

// secretArea maps secret memory. The error is ENOSYS or EPERM if the system does not support it.
func secretArea() ([]byte, error) {
	file, err := memfd.Secret()
	if err != nil {
		return nil, err
	}
	defer file.Close() // The mapping keeps the file.
	if err := memfd.SetSize(file, areaSize); err != nil {
		return nil, err
	}
	return memfd.Map(file, areaSize, true)
}

// makeKey reads a random key directly into the area, so that no other copy of it exists. The
// process's own read(2) and write(2) work with secret memory, because they copy through its user
// mapping.
func makeKey(key []byte) error {
	random, err := os.Open("/dev/urandom")
	if err != nil {
		return err
	}
	defer random.Close()
	_, err = io.ReadFull(random, key)
	return err
}

// Two ways to read the memory of a process from outside.

func byProcMem(from []byte) error {
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		return err
	}
	defer memory.Close()
	address := uintptr(unsafe.Pointer(&from[0]))
	_, err = memory.ReadAt(make([]byte, len(from)), int64(address))
	return err
}

func byProcessVMReadv(from []byte) error {
	copied := make([]byte, len(from))
	local := []unix.Iovec{{Base: &copied[0]}}
	local[0].SetLen(len(copied))
	remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&from[0])), Len: len(from)}}
	_, err := unix.ProcessVMReadv(os.Getpid(), local, remote, 0)
	return err
}

func tryToCopy(way string, copyFrom func([]byte) error, key []byte) error {
	if err := copyFrom(make([]byte, len(key))); err != nil {
		return err
	}
	say("copies ordinary memory by %s: done", way)
	err := copyFrom(key)
	if err == nil {
		return fmt.Errorf("%s copied the key", way)
	}
	say("tries to copy the key by %s: refused, %s", way, memfd.ErrName(err))
	return nil
}

func session() error {
	if err := memfd.Load(); err != nil {
		return err
	}
	area, err := secretArea()
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		say("this system has no secret memory: %s", memfd.ErrName(err))
		return nil
	}
	if err != nil {
		return err
	}
	say("created a secret area: %d bytes", areaSize)

	key := area[:keySize]
	if err := makeKey(key); err != nil {
		return err
	}
	say("read a random key into it: %d bytes", keySize)

	if err := tryToCopy("/proc/self/mem", byProcMem, key); err != nil {
		return err
	}
	if err := tryToCopy("process_vm_readv", byProcessVMReadv, key); err != nil {
		return err
	}
	return memfd.Unmap(area)
}

func main() {
	log.SetFlags(0)
	if err := session(); err != nil {
		log.Fatal(err)
	}
}
