// SPDX-License-Identifier: MIT

package bench

import (
	"testing"

	"github.com/awnumar/memguard"

	"libmemfd_go/bindings/go/memfd"
)

func Benchmark_secret_32_B(b *testing.B) { secret(b, 32) }

func Benchmark_secret_4096_B(b *testing.B) { secret(b, 4096) }

// secret allocates memory for a secret, writes a byte to it, and frees it.
func secret(b *testing.B, size int) {
	byMemguard := func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buffer := memguard.NewBuffer(size)
			buffer.Bytes()[0] = 1
			buffer.Destroy()
		}
	}
	b.Run("memguard", byMemguard)
	b.Run("same", byMemguard)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buffer := must(memfd.NewSecretBuffer(size, nil))
			buffer.Bytes()[0] = 1
			buffer.Close()
		}
	})
	b.Run("ours, mlock", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buffer := must(memfd.NewSecretBuffer(size, &memfd.SecretOptions{NoSecretMem: true}))
			buffer.Bytes()[0] = 1
			buffer.Close()
		}
	})
	b.Run("ours, pool", func(b *testing.B) {
		pool := must(memfd.NewSecretPool(size, 100, nil))
		b.Cleanup(func() { pool.Close() })
		b.ReportAllocs()
		for b.Loop() {
			slot := must(pool.Take())
			slot[0] = 1
			pool.Give(slot)
		}
	})
}
