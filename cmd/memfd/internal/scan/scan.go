// SPDX-License-Identifier: MIT

// Package scan finds the memory files (memfds, on ordinary and huge pages, and files of
// memfd_secret(2)) that the processes of this system hold, by a descriptor or by a mapping.
//
// It only looks. Opening a file of another process could block (a FIFO), signal somebody (a
// file with a lease) or have effects of its own (a device), and the process may put another
// file under the same number at any time. So files are looked at through the links in /proc,
// which does not open them, and duplicated by pidfd_getfd(2), which does not either.
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

// File is a memory file, as it was when it was looked at.
type File struct {
	ID
	Kind       memfd.Kind
	Name       string // as its maker chose it: any bytes
	Size       int64  // in bytes
	Allocated  int64  // memory in bytes
	Mode       fs.FileMode
	Seals      memfd.Seals
	SealsKnown bool // else Seals is 0: the process may be looked at, but not traced
	Holders    []Holder
}

// ID is what tells files apart.
type ID struct{ Dev, Ino uint64 }

// Executable reports whether anybody may execute the file.
func (f *File) Executable() bool { return f.Mode.Perm()&0o111 != 0 }

// Holder is a process that holds a file.
type Holder struct {
	PID       int
	Command   string // its name, which it may have chosen itself: any bytes
	Container string // the ID or name of its container, if its cgroup tells
	FDs       []int  // descriptors, in ascending order
	Mapped    int64  // bytes of address space that map the file
}

// Result is what All found.
type Result struct {
	Files      []*File // the one with the most memory first
	Unreadable int     // processes whose files could not be seen
	Hidden     bool    // /proc does not show the processes of other users
	Shared     Shared
}

// All looks at all processes, or only at the given ones.
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

// lookAt looks at processes, on all processors.
func lookAt(pids []int, known fileSystems) []*process {
	found := make([]*process, len(pids))
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
		next <- i
	}
	close(next)
	workers.Wait()
	return found
}

// merge makes one File of all that processes hold of it.
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

// update adds a holder, and what is known of the file through it.
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

// fileSystems are those whose files are memory files.
type fileSystems map[uint64]memfd.Kind

// knownFileSystems makes a file on each file system that memfds are on, to learn their
// numbers. Anybody may give a file in a directory a name like that of a memfd; it is then on
// another file system.
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

// kind returns the kind of the files on a file system; those of memfd_secret(2) are on one
// that is known by its type alone.
func (known fileSystems) kind(dev uint64) memfd.Kind {
	if kind, ok := known[dev]; ok {
		return kind
	}
	return memfd.KindSecret
}
