// SPDX-License-Identifier: MIT

// Package kernels runs the tests in virtual machines with other kernels than the host's.
package kernels

import (
	"fmt"
	"io"
	"path"
	"time"
)

// A cpio writes an archive in the format of an initramfs, "newc"
// (Documentation/driver-api/early-userspace/buffer-format.rst in Linux).
type cpio struct {
	to    io.Writer
	inode int
	known map[string]bool // the paths written so far
	err   error           // the first write error
}

const (
	modeFolder = 0o040755
	modeFile   = 0o100000
	modeLink   = 0o120777
	modeDevice = 0o020600
)

// A header holds the fields that differ between entries.
type header struct {
	mode, time   uint32
	major, minor uint32 // of a device
}

func newCpio(to io.Writer) *cpio {
	return &cpio{to: to, known: map[string]bool{"/": true}}
}

func (c *cpio) has(name string) bool { return c.known[path.Clean("/"+name)] }

// file adds a file. Python compares its time with that in the .pyc file, and recompiles if they
// differ.
func (c *cpio) file(name string, permissions uint32, changed time.Time, data []byte) {
	c.entry(name, header{mode: modeFile | permissions, time: uint32(changed.Unix())}, data)
}

func (c *cpio) link(name, target string) {
	c.entry(name, header{mode: modeLink}, []byte(target))
}

// device adds a character device.
func (c *cpio) device(name string, major, minor uint32) {
	c.entry(name, header{mode: modeDevice, major: major, minor: minor}, nil)
}

func (c *cpio) folder(name string) {
	c.entry(name, header{mode: modeFolder}, nil)
}

// close ends the archive, and returns the first error of any write.
func (c *cpio) close() error {
	c.write("TRAILER!!!", header{}, nil)
	return c.err
}

// entry adds a path and its parent folders, unless they exist.
func (c *cpio) entry(name string, h header, data []byte) {
	name = path.Clean("/" + name)
	if c.known[name] {
		return
	}
	c.folder(path.Dir(name))
	c.known[name] = true
	c.write(name[1:], h, data)
}

func (c *cpio) write(name string, h header, data []byte) {
	c.inode++
	const owner, group, links, onMajor, onMinor, checksum = 0, 0, 1, 0, 0, 0
	head := "070701"
	for _, field := range []uint32{
		uint32(c.inode), h.mode, owner, group, links, h.time, uint32(len(data)),
		onMajor, onMinor, h.major, h.minor, uint32(len(name) + 1), checksum,
	} {
		head += fmt.Sprintf("%08x", field)
	}
	head += name + "\x00"
	c.put([]byte(head))
	c.put(padding(len(head)))
	c.put(data)
	c.put(padding(len(data)))
}

func (c *cpio) put(b []byte) {
	if c.err == nil {
		_, c.err = c.to.Write(b)
	}
}

// padding aligns to four bytes.
func padding(length int) []byte {
	return make([]byte, -length&3)
}
