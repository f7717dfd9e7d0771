// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "out")
	for _, data := range []string{"first", "second"} {
		if err := writeFile(name, []byte(data)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != data {
			t.Errorf("%q, %v, want %q", got, err, data)
		}
	}
	if info, err := os.Stat(name); err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := writeFile(filepath.Join(dir, "none", "out"), nil); err == nil {
		t.Error("a file in a folder that does not exist: no error")
	}
	// A folder cannot be replaced by a file.
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(filepath.Join(dir, "folder"), []byte("x")); err == nil {
		t.Error("replacing a folder: no error")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestWriteFileFails writes more than RLIMIT_FSIZE allows. The old file stays.
func TestWriteFileFails(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	if err := writeFile(name, []byte("old")); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4096, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	err := writeFile(name, make([]byte, 4097))
	if e := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); e != nil {
		t.Fatal(e)
	}
	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("%v, want %v", err, syscall.EFBIG)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestWriteIntoFIFO reads the output while it is written.
func TestWriteIntoFIFO(t *testing.T) {
	dir := t.TempDir()
	fifo, link := filepath.Join(dir, "fifo"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("fifo", link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{fifo, link} {
		before, err := os.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		// O_RDWR does not wait for a writer.
		reader, err := os.OpenFile(fifo, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		err = writeFile(name, []byte("library"))
		got := make([]byte, 7)
		if err == nil {
			reader.SetReadDeadline(time.Now().Add(10 * time.Second))
			_, err = io.ReadFull(reader, got)
		}
		reader.Close()
		if err != nil || string(got) != "library" {
			t.Errorf("%s: read %q, %v", name, got, err)
		}
		if after, err := os.Lstat(name); err != nil || after.Mode() != before.Mode() || !os.SameFile(before, after) {
			t.Errorf("%s became %v, %v", name, after, err)
		}
	}
}

// TestWriteIntoSocket cannot open its output.
func TestWriteIntoSocket(t *testing.T) {
	name := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", name)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if err := writeFile(name, []byte("library")); !errors.Is(err, syscall.ENXIO) {
		t.Errorf("%v, want %v", err, syscall.ENXIO)
	}
}

// TestWriteIntoFullDevice creates a device node like /dev/full; its error is reported.
func TestWriteIntoFullDevice(t *testing.T) {
	name := filepath.Join(t.TempDir(), "full")
	const full = 1<<8 | 7 // the numbers of /dev/full
	if err := syscall.Mknod(name, syscall.S_IFCHR|0o600, full); err != nil {
		t.Skipf("mknod: %v", err)
	}
	if f, err := os.OpenFile(name, os.O_WRONLY, 0); err != nil {
		t.Skipf("this file system has no devices: %v", err)
	} else {
		f.Close()
	}
	if err := writeFile(name, []byte("library")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v, want %v", err, syscall.ENOSPC)
	}
	if info, err := os.Lstat(name); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		t.Errorf("the device became %v, %v", info, err)
	}
}
