// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
)

// socketPair stands for a connection to another process.
func socketPair() (a, b *net.UnixConn) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		log.Fatal(err)
	}
	conns := make([]*net.UnixConn, 2)
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "socket")
		conn, err := net.FileConn(f)
		if err != nil {
			log.Fatal(err)
		}
		f.Close()
		conns[i] = conn.(*net.UnixConn)
	}
	return conns[0], conns[1]
}

// Pass data to a process that does not trust this one.
func Example() {
	a, b := socketPair() // b is in another process
	defer a.Close()
	defer b.Close()

	f, err := memfd.Sealed("settings", []byte("colour = red\n"))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	if _, err := memfd.Send(a, nil, f); err != nil {
		log.Fatal(err)
	}

	received, err := memfd.ReceiveVerified(b, memfd.Immutable, 1<<20)
	if err != nil {
		log.Fatal(err)
	}
	defer received.Close()
	m, err := memfd.MapVerified(received, memfd.Immutable, 1<<20)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	os.Stdout.Write(m.Bytes())
	// Output: colour = red
}

func ExampleCreate() {
	f, err := memfd.Create("scratch")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()

	fmt.Fprintln(f, "hello")
	f.Seek(0, io.SeekStart)
	text, err := io.ReadAll(f)
	fmt.Printf("%s contains %q, error %v\n", f.Name(), text, err)
	// Output: memfd:scratch contains "hello\n", error <nil>
}

func ExampleCreateWith() {
	f, err := memfd.CreateWith("ring", &memfd.Options{
		Size:  1 << 16,
		Seals: memfd.SealShrink | memfd.SealGrow, // a process that maps it can rely on its size
		Mode:  0o600,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()

	fmt.Println(errors.Is(f.Truncate(0), os.ErrPermission))
	// Output: true
}

func ExampleSealed() {
	f, err := memfd.Sealed("settings", []byte("colour = red\n"))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()

	_, err = f.WriteString("colour = blue\n")
	fmt.Println(err)
	// Output: write memfd:settings: operation not permitted
}

// Pass a file to a child process as its descriptor 3.
func ExampleSealed_child() {
	f, err := memfd.Sealed("input", []byte("hello\n"))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()

	cmd := exec.Command("cat", "/dev/fd/3")
	cmd.ExtraFiles = []*os.File{f}
	cmd.Stdout = os.Stdout
	if err := cmd.Run(); err != nil {
		log.Fatal(err)
	}
	// Output: hello
}

// Copy a file, so that nobody can change the contents while they are in use.
func ExampleClone() {
	disk, err := os.Open("/etc/passwd")
	if err != nil {
		log.Fatal(err)
	}
	defer disk.Close()

	f, err := memfd.Clone("passwd", disk, 1<<20)
	if errors.Is(err, syscall.EFBIG) {
		log.Fatal("/etc/passwd is longer than 1 MiB")
	}
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	fmt.Println(memfd.CheckSeals(f, memfd.Immutable))
	// Output: <nil>
}

func ExampleReopen() {
	f, err := memfd.Create("log")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()

	reader, err := memfd.Reopen(f, os.O_RDONLY)
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Close()
	fmt.Fprintln(f, "started")
	text, err := io.ReadAll(reader) // its offset is still 0
	fmt.Printf("%q %v\n", text, err)
	// Output: "started\n" <nil>
}

func ExampleAddSeals() {
	f, err := memfd.Create("settings")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintln(f, "colour = red")

	if err := memfd.AddSeals(f, memfd.Immutable); err != nil {
		log.Fatal(err) // EBUSY: f is still mapped writable
	}
	fmt.Println(memfd.AddSeals(f, memfd.SealFutureWrite))
	// Output: add seals memfd:settings: operation not permitted
}

func ExampleCheckSeals() {
	f, err := memfd.CreateWith("data", &memfd.Options{Seals: memfd.SealGrow})
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()

	err = memfd.CheckSeals(f, memfd.Immutable)
	fmt.Println(err)
	var missing *memfd.MissingSealsError
	if errors.As(err, &missing) && !missing.Missing.Has(memfd.SealGrow) {
		fmt.Println("but it cannot grow")
	}
	// Output:
	// memfd:data: missing seals: SEAL WRITE SHRINK
	// but it cannot grow
}

func ExampleParseSeals() {
	seals, err := memfd.ParseSeals("write, shrink")
	fmt.Println(seals, err)
	seals, err = memfd.ParseSeals("immutable")
	fmt.Println(seals, err)
	_, err = memfd.ParseSeals("read-only")
	fmt.Println(err)
	// Output:
	// WRITE SHRINK <nil>
	// SEAL GROW WRITE SHRINK <nil>
	// memfd: not a set of seals: "read-only"
}

func ExampleInspect() {
	f, err := memfd.Sealed("settings", []byte("colour = red\n"))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()

	info, err := memfd.Inspect(f)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Kind == memfd.KindMemfd, info.Name, info.Size, info.Seals.Has(memfd.Immutable))
	// Output: true settings 13 true
}

func ExampleProbe() {
	found, err := memfd.Probe(0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("can seal:", found.Has(memfd.FeatureSealing))
	// Output: can seal: true
}

// Fill a file through a mapping, then seal it.
func ExampleMap() {
	f, err := memfd.CreateWith("page", &memfd.Options{Size: 5})
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()

	m, err := memfd.Map(f, 0, 5, memfd.MapWrite)
	if err != nil {
		log.Fatal(err)
	}
	copy(m.Bytes(), "hello")
	if err := m.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(memfd.AddSeals(f, memfd.Immutable))
	// Output: <nil>
}

func ExampleMapVerified() {
	f, err := memfd.Create("page") // from a process that forgot to seal it
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()

	_, err = memfd.MapVerified(f, memfd.SealWrite, 1<<20)
	fmt.Println(err)
	// Output: memfd:page: missing seals: WRITE SHRINK
}

func ExampleSend() {
	a, b := socketPair()
	defer a.Close()
	defer b.Close()
	f, err := memfd.Sealed("page", []byte("hello"))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()

	if _, err := memfd.Send(a, []byte("page 1"), f); err != nil {
		log.Fatal(err)
	}
	data := make([]byte, 100)
	n, files, err := memfd.Receive(b, data, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, %d file\n", data[:n], len(files))
	for _, f := range files {
		f.Close()
	}
	// Output: page 1, 1 file
}

// Open a file of another process, without its cooperation.
func ExampleFromPID() {
	f, err := memfd.Sealed("settings", []byte("colour = red\n"))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	const remote = 100 // as /proc/PID/fd shows it
	raw, err := f.SyscallConn()
	if err != nil {
		log.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = unix.Dup3(int(fd), remote, unix.O_CLOEXEC) })
	if err != nil {
		log.Fatal(err)
	}
	defer unix.Close(remote)

	imported, err := memfd.FromPID(os.Getpid(), remote, os.O_RDONLY)
	if err != nil {
		log.Fatal(err)
	}
	defer imported.Close()
	io.Copy(os.Stdout, imported)
	// Output: colour = red
}

// Run a program from a sealed copy, so that later changes of the file on disk have no effect.
func ExampleCommand() {
	path, err := exec.LookPath("echo")
	if err != nil {
		log.Fatal(err)
	}
	disk, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	cmd, err := memfd.Command(disk, "hello")
	disk.Close()
	if err != nil {
		log.Fatal(err)
	}
	output, err := cmd.Output()
	fmt.Printf("%s%v\n", output, err)
	// Output:
	// hello
	// <nil>
}

func ExampleExec() {
	f, err := memfd.Sealed("text", []byte("not a program"))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	// Exec returns only if it fails: this file is not executable.
	fmt.Println(memfd.Exec(f, []string{"text"}, os.Environ()))
	// Output: exec memfd:text: permission denied
}

func ExampleSecretBuffer() {
	key, err := memfd.NewSecretBuffer(32, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer key.Close()

	if _, err := unix.Getrandom(key.Bytes(), 0); err != nil {
		log.Fatal(err)
	}
	if err := key.Protect(memfd.AccessRead); err != nil {
		log.Fatal(err)
	}
	fmt.Println(key.Equal(make([]byte, 32)))
	fmt.Println(key)
	// Output:
	// false
	// memfd.SecretBuffer(32 bytes)
}

func ExampleSecretBufferFrom() {
	password := []byte("correct horse") // for example from a terminal
	secret, err := memfd.SecretBufferFrom(password, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer secret.Close()

	fmt.Printf("%q\n", password)
	fmt.Println(secret.Equal([]byte("correct horse")))
	// Output:
	// "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	// true
}

// Allocate many keys without a system call for each.
func ExampleSecretPool() {
	keys, err := memfd.NewSecretPool(32, 100, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer keys.Close()

	key, err := keys.Take()
	if err != nil {
		log.Fatal(err) // ErrNoFreeSlot
	}
	copy(key, "0123456789abcdef")
	if err := keys.Give(key); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(key), keys)
	// Output: 32 memfd.SecretPool(0 of 100 slots of 32 bytes taken)
}
