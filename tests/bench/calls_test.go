package main

import (
	"os"
	"testing"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"
)

// The benchmarks of Go: what a Go program would use else, and the library by purego.

func library(b *testing.B) (create func(string, uint32) int32, getSeals func(int32) int32) {
	path := os.Getenv("MEMFD_GO_LIBRARY")
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		b.Skip(err)
	}
	purego.RegisterLibFunc(&create, handle, "memfd_go_create")
	purego.RegisterLibFunc(&getSeals, handle, "memfd_go_get_seals")
	return create, getSeals
}

func file(b *testing.B) int {
	fd, err := unix.MemfdCreate("bench", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { unix.Close(fd) })
	return fd
}

func Benchmark_create_close(b *testing.B) {
	byUnix := func(b *testing.B) {
		for b.Loop() {
			fd, err := unix.MemfdCreate("bench", unix.MFD_CLOEXEC)
			if err != nil {
				b.Fatal(err)
			}
			unix.Close(fd)
		}
	}
	b.Run("x/sys/unix", byUnix)
	b.Run("same", byUnix)
	b.Run("ours by purego", func(b *testing.B) {
		create, _ := library(b)
		for b.Loop() {
			unix.Close(int(create("bench", unix.MFD_CLOEXEC)))
		}
	})
}

func Benchmark_get_seals(b *testing.B) {
	fd := file(b)
	byUnix := func(b *testing.B) {
		for b.Loop() {
			if _, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("x/sys/unix", byUnix)
	b.Run("same", byUnix)
	b.Run("ours by purego", func(b *testing.B) {
		_, getSeals := library(b)
		for b.Loop() {
			getSeals(int32(fd))
		}
	})
}
