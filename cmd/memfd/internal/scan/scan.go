// SPDX-License-Identifier: MIT

// Package scan finds the files in memory (memfds on ordinary or huge pages, and files of
// memfd_secret(2)) that processes hold by a descriptor or by a mapping.
//
// It has no effect on other processes. Opening one of their files can block (a FIFO), signal the
// holder of a lease, or act on a device, and a process can replace the file behind a descriptor
// at any time. Therefore files are examined through the links in /proc and duplicated by
// pidfd_getfd(2), neither of which opens them.
package scan

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
)

// File is a file in memory, as it was when it was examined.
type File struct {
	ID
	Kind       memfd.Kind
	Name       string // given by its creator: any bytes
	Size       int64  // in bytes
	Allocated  int64  // memory in bytes
	Mode       fs.FileMode
	Seals      memfd.Seals
	SealsKnown bool // false if no holder may be traced; Seals is then 0
	Holders    []Holder
}

// ID identifies a file.
type ID struct{ Dev, Ino uint64 }

// Executable reports whether the file has any execute permission.
func (f *File) Executable() bool { return f.Mode.Perm()&0o111 != 0 }

// Holder is a process that holds a file.
type Holder struct {
	PID       int
	Command   string // its name, which it can set: any bytes
	Container string // the ID or name of its container, according to its cgroup
	FDs       []int  // descriptors, in ascending order
	Mapped    int64  // bytes of address space that map the file
}

// Result is what All returns.
type Result struct {
	Files      []*File // those with the most memory first
	Unreadable int     // processes whose files could not be seen
	Hidden     bool    // /proc does not show the processes of other users
	Shared     Shared
}

// All examines all processes, or only the given ones.
func All(pids ...int) (*Result, error) {
	known, err := knownFileSystems()
	if err != nil {
		return nil, err
	}
	everyone := len(pids) == 0
	if everyone {
		if pids, err = processes(); err != nil {
			return nil, err
		}
	}
	found := lookAt(pids, known)
	result := &Result{Files: merge(found, known)}
	for _, p := range found {
		if p.err == nil {
			continue
		}
		if !everyone {
			if p.ended() {
				return nil, fmt.Errorf("there is no process %d", p.pid)
			}
			return nil, p.err
		}
		if !p.ended() {
			result.Unreadable++
		}
	}
	slices.SortFunc(result.Files, func(a, b *File) int {
		return cmp.Or(cmp.Compare(b.Allocated, a.Allocated), cmp.Compare(b.Size, a.Size), cmp.Compare(a.Dev, b.Dev), cmp.Compare(a.Ino, b.Ino))
	})
	result.Shared = sharedMemory(result.Files, found)
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	result.Hidden = os.Geteuid() != 0 && hidesProcesses(string(mounts))
	return result, nil
}

// processes lists the processes that /proc shows.
func processes() ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	if len(pids) == 0 {
		return nil, errors.New("/proc shows no processes: it is not mounted, or not a proc file system")
	}
	return pids, nil
}

// lookAt examines processes, two at a time. This one is the first, without the descriptors that
// the examination of others opens.
func lookAt(pids []int, known fileSystems) []*process {
	found := make([]*process, len(pids))
	self := slices.Index(pids, os.Getpid())
	if self >= 0 {
		found[self] = look(pids[self], known, make([]byte, 64<<10))
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			buf := make([]byte, 64<<10)
			for i := range next {
				found[i] = look(pids[i], known, buf)
			}
		})
	}
	for i := range pids {
		if i != self {
			next <- i
		}
	}
	close(next)
	workers.Wait()
	return found
}

// merge makes one File of what each process holds of it.
func merge(found []*process, known fileSystems) []*File {
	files := map[ID]*File{}
	var all []*File
	for _, p := range found {
		for id, held := range p.held {
			f := files[id]
			if f == nil {
				f = &File{ID: id, Kind: known.kind(id.Dev), Name: held.name}
				files[id] = f
				all = append(all, f)
			}
			f.update(p, held)
		}
	}
	return all
}

// update adds a holder, and what is known about the file through it.
func (f *File) update(p *process, held *held) {
	if held.stat.Mode != 0 {
		f.Mode = fs.FileMode(held.stat.Mode & 0o777)
		f.Size = held.stat.Size
		f.Allocated = max(f.Allocated, held.stat.Blocks*512)
	} else {
		f.Size = max(f.Size, held.end)
	}
	f.Allocated = max(f.Allocated, held.resident)
	if !f.SealsKnown && f.Kind != memfd.KindSecret {
		f.Seals, f.SealsKnown = p.seals(f.ID, held)
	}
	slices.Sort(held.fds)
	f.Holders = append(f.Holders, Holder{
		PID: p.pid, Command: p.command(), Container: p.container(), FDs: held.fds, Mapped: held.mapped,
	})
}

// fileSystems are the devices whose files are in memory.
type fileSystems map[uint64]memfd.Kind

// knownFileSystems creates a memfd on each file system for memfds, to learn its device number. A
// file in a directory can have a name like that of a memfd, but not its device number.
func knownFileSystems() (fileSystems, error) {
	known := fileSystems{}
	f, err := memfd.Create("memfd")
	if err != nil {
		return nil, err
	}
	known.add(f, memfd.KindMemfd)
	features, err := memfd.Probe(0)
	if err != nil {
		return nil, err
	}
	for _, size := range features.HugePages {
		f, err := memfd.CreateWith("memfd", &memfd.Options{HugePages: true, HugePageSize: size})
		if err == nil {
			known.add(f, memfd.KindHugetlb)
		}
	}
	return known, nil
}

func (known fileSystems) add(f *os.File, kind memfd.Kind) {
	defer f.Close()
	var st unix.Stat_t
	if conn, err := f.SyscallConn(); err == nil {
		conn.Control(func(fd uintptr) { err = unix.Fstat(int(fd), &st) })
		if err == nil {
			known[st.Dev] = kind
		}
	}
}

// kind returns the kind of the files on a device. Secret files are found by the type of their
// file system instead.
func (known fileSystems) kind(dev uint64) memfd.Kind {
	if kind, ok := known[dev]; ok {
		return kind
	}
	return memfd.KindSecret
}
