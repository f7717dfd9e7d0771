// SPDX-License-Identifier: MIT

// Package bench compares package memfd and the library, called through purego, with the
// alternatives in Go. It is a separate module, so that the main one does not depend on memguard.
//
// A benchmark is named after the work, and its sub-benchmarks after the variants. "same" measures
// the first variant again. $MEMFD_GO_LIBRARY is the path of the library.
package bench

import (
	"os"
	"testing"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
)

func library(b *testing.B) (create func(string, uint32) int32, getSeals func(int32) int32) {
	path := os.Getenv("MEMFD_GO_LIBRARY")
	if path == "" {
		b.Skip("$MEMFD_GO_LIBRARY is not set")
	}
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		b.Skip(err)
	}
	purego.RegisterLibFunc(&create, handle, "memfd_go_create")
	purego.RegisterLibFunc(&getSeals, handle, "memfd_go_get_seals")
	return create, getSeals
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// createFlags are those of memfd.Create.
const createFlags = unix.MFD_CLOEXEC | unix.MFD_NOEXEC_SEAL

func Benchmark_create_close(b *testing.B) {
	byUnix := func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			os.NewFile(uintptr(must(unix.MemfdCreate("bench", createFlags))), "memfd:bench").Close()
		}
	}
	b.Run("x/sys/unix", byUnix)
	b.Run("same", byUnix)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			must(memfd.Create("bench")).Close()
		}
	})
	b.Run("ours by purego", func(b *testing.B) {
		create, _ := library(b)
		b.ReportAllocs()
		for b.Loop() {
			os.NewFile(uintptr(create("bench", createFlags)), "memfd:bench").Close()
		}
	})
}

func Benchmark_sealed_64_B(b *testing.B) { sealed(b, 64) }

func Benchmark_sealed_4_KiB(b *testing.B) { sealed(b, 4096) }

func Benchmark_sealed_1_MiB(b *testing.B) { sealed(b, 1<<20) }

// sealed creates a file with contents, seals it and closes it.
func sealed(b *testing.B, size int) {
	data := make([]byte, size)
	byUnix := func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			fd := must(unix.MemfdCreate("bench", createFlags))
			must(unix.Pwrite(fd, data, 0))
			must(unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, int(memfd.Immutable)))
			os.NewFile(uintptr(fd), "memfd:bench").Close()
		}
	}
	b.Run("x/sys/unix", byUnix)
	b.Run("same", byUnix)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			must(memfd.Sealed("bench", data)).Close()
		}
	})
}

func Benchmark_get_seals(b *testing.B) {
	f := must(memfd.Create("bench"))
	b.Cleanup(func() { f.Close() })
	fd := int(f.Fd())
	byUnix := func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			must(unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0))
		}
	}
	b.Run("x/sys/unix", byUnix)
	b.Run("same", byUnix)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			must(memfd.GetSeals(f))
		}
	})
	b.Run("ours by purego", func(b *testing.B) {
		_, getSeals := library(b)
		b.ReportAllocs()
		for b.Loop() {
			getSeals(int32(fd))
		}
	})
}
