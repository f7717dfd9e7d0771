// SPDX-License-Identifier: MIT

package kernels

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"

	"libmemfd_go/internal/testenv"
)

// bootable returns a kernel that an emulator can load. QEMU 10.0 cannot load an EFI zboot
// image (drivers/firmware/efi/libstub/zboot-header.S in Linux) compressed with zstd, so
// that is unpacked; any other file is returned as it is.
func bootable(kernel, unpacked string) (string, error) {
	data, err := os.ReadFile(kernel)
	if err != nil {
		return "", err
	}
	const offsetAt, sizeAt, methodAt = 8, 12, 24
	if len(data) < 64 || string(data[:2]) != "MZ" || string(data[4:8]) != "zimg" ||
		!bytes.HasPrefix(data[methodAt:], []byte("zstd")) {
		return kernel, nil
	}
	offset, size := binary.LittleEndian.Uint32(data[offsetAt:]), binary.LittleEndian.Uint32(data[sizeAt:])
	if uint64(offset)+uint64(size) > uint64(len(data)) {
		return "", fmt.Errorf("%s is truncated: its header says that the payload ends after the file does", kernel)
	}
	zstd, err := testenv.Tool{Name: "zstd"}.Path()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(zstd, "-d", "-q", "-f", "-o", unpacked)
	cmd.Stdin = bytes.NewReader(data[offset : offset+size])
	return unpacked, runQuietly(cmd)
}
