// SPDX-License-Identifier: MIT

// Package kernels runs the tests in virtual machines, for what depends on the kernel.
package kernels

import (
	"fmt"
	"io"
	"path"
	"time"
)

// A cpio is an archive of the kind that the kernel unpacks as its first file system
// (Documentation/driver-api/early-userspace/buffer-format.rst: "newc").
type cpio struct {
	to    io.Writer
	inode int
	known map[string]bool // the paths in it
	err   error           // the first one
}

const (
	modeFolder = 0o040755
	modeFile   = 0o100000
	modeLink   = 0o120777
	modeDevice = 0o020600
)

// A header is what an entry does not share with all others.
type header struct {
	mode, time   uint32
	major, minor uint32 // of a device
}

func newCpio(to io.Writer) *cpio {
	return &cpio{to: to, known: map[string]bool{"/": true}}
}

func (c *cpio) has(name string) bool { return c.known[path.Clean("/"+name)] }

// file adds a file. Its time matters to Python, which else compiles all it has.
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

// close ends the archive. It tells what went wrong, if anything did.
func (c *cpio) close() error {
	c.write("TRAILER!!!", header{}, nil)
	return c.err
}

// entry adds a path and the folders that lead to it, unless it is there already.
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

// padding fills up to a multiple of four.
func padding(length int) []byte {
	return make([]byte, -length&3)
}
