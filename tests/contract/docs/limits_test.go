// SPDX-License-Identifier: MIT

package docs

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// MFD_NOEXEC_SEAL does not prevent mapping a file as code.
func TestLimitOfNoexec(t *testing.T) {
	fd, err := unix.MemfdCreate("code", unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if err != nil {
		t.Skipf("MFD_NOEXEC_SEAL: %v", err)
	}
	defer unix.Close(fd)
	code, err := unix.Mmap(fd, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	unix.Munmap(code)
}

// Secret memory can be passed to write(2), and a child of fork() can change it.
func TestLimitsOfSecretMemory(t *testing.T) {
	requireLibrary(t)
	output := runPython(t, `
import errno, os, sys
from memfd_go import secret

try:
    file = secret()
except OSError as error:
    if error.errno not in (errno.ENOSYS, errno.EPERM):
        raise
    print("unavailable")
    sys.exit()
with file:
    file.set_size(4096)
    area = file.map(writable=True)
area[:3] = b"key"

reader, writer = os.pipe()
os.write(writer, area.view()[:3])
print("write:", os.read(reader, 3))

if os.fork() == 0:
    area[:3] = b"KEY"
    os._exit(0)
os.wait()
print("fork:", area[:3])
`)
	if output == "unavailable\n" {
		t.Skip("this system has no secret memory")
	}
	if want := "write: b'key'\nfork: b'KEY'"; strings.TrimSpace(output) != want {
		t.Errorf("got\n%swant\n%s", output, want)
	}
}
