// SPDX-License-Identifier: MIT

package scan

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
)

// process is a process with the files that it holds.
type process struct {
	pid  int
	err  error // why its files could not be read
	live bool  // it has descriptors or mappings, of any file
	held map[ID]*held
	anon map[ID]int64 // bytes of shared anonymous memory, by file

	name, group *string // read on demand
}

// held is what one process holds of a file.
type held struct {
	name     string
	fds      []int
	stat     unix.Stat_t // unless Mode is 0
	mapped   int64
	end      int64  // how far into the file mappings reach
	resident int64  // resident memory, of secret files only
	mapping  string // the name of one of its mappings in map_files
}

// Prefixes and suffixes of the links and mappings in /proc.
const (
	memfdPrefix = "/memfd:"
	secretName  = "/secretmem"
	anonName    = "/dev/zero"
	deleted     = " (deleted)"
)

// look finds what the process pid holds. buf is a buffer to read into. If its first thread has ended,
// /proc/PID shows nothing; that of another thread does, which becomes the ID of the process.
func look(pid int, known fileSystems, buf []byte) *process {
	p := lookAtThread(pid, known, buf)
	if p.live || !firstThreadEnded(pid) {
		return p
	}
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err == nil {
		p.err = nil // of a process without other threads, which holds nothing
	}
	for _, thread := range threads {
		if tid, err := strconv.Atoi(thread.Name()); err == nil && tid != pid {
			if other := lookAtThread(tid, known, buf); other.live || other.err != nil && !other.ended() {
				return other
			}
		}
	}
	return p
}

func firstThreadEnded(pid int) bool {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" Z"))
}

func lookAtThread(pid int, known fileSystems, buf []byte) *process {
	p := &process{pid: pid, held: map[ID]*held{}, anon: map[ID]int64{}}
	dir := "/proc/" + strconv.Itoa(pid)
	err := p.descriptors(dir+"/fd", known, buf)
	if err == nil {
		err = p.mappings(dir, known, buf)
	}
	if err != nil {
		p.err = fmt.Errorf("process %d: %w", pid, err)
	}
	return p
}

// ended reports whether the process ended before it could be examined.
func (p *process) ended() bool {
	return errors.Is(p.err, os.ErrNotExist) || errors.Is(p.err, unix.ESRCH)
}

// descriptors examines all descriptors of the process.
func (p *process) descriptors(dir string, known fileSystems, buf []byte) error {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: dir, Err: err}
	}
	defer unix.Close(fd)
	var link [512]byte
	var names []string
	for {
		n, err := unix.ReadDirent(fd, buf)
		if err != nil {
			return &os.PathError{Op: "read", Path: dir, Err: err}
		}
		if n == 0 {
			return nil
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names[:0])
		p.live = p.live || len(names) > 0
		for _, name := range names {
			n, err := unix.Readlinkat(fd, name, link[:])
			if err == unix.EACCES { // CAP_DAC_OVERRIDE shows the names, but not the links
				return &os.PathError{Op: "read", Path: dir, Err: err}
			}
			if err != nil || !isMemory(link[:n]) {
				continue
			}
			if err := p.descriptor(fd, name, known); err != nil {
				return err
			}
		}
	}
}

// isMemory reports whether a link can be that of a file in memory.
func isMemory(link []byte) bool {
	return bytes.HasPrefix(link, []byte(memfdPrefix)) || bytes.HasPrefix(link, []byte(secretName))
}

// descriptor examines the descriptor called name in the folder dir. The process may replace its
// file at any time, so name and properties are those of one O_PATH descriptor.
func (p *process) descriptor(dir int, name string, known fileSystems) error {
	number, err := strconv.Atoi(name)
	if err != nil {
		return nil
	}
	path, err := unix.Openat(dir, name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err == unix.EMFILE || err == unix.ENFILE || err == unix.ENOMEM {
		return err
	}
	if err != nil {
		return nil
	}
	defer unix.Close(path)
	var st unix.Stat_t
	if unix.Fstat(path, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil
	}
	if _, ok := known[st.Dev]; !ok && !isSecret(path) {
		return nil
	}
	link, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(path))
	if err != nil {
		return err
	}
	h := p.hold(ID{st.Dev, st.Ino}, link)
	h.fds = append(h.fds, number)
	h.stat = st
	return nil
}

// isSecret reports whether a descriptor refers to a file of memfd_secret(2).
func isSecret(fd int) bool {
	var fs unix.Statfs_t
	return unix.Fstatfs(fd, &fs) == nil && fs.Type == unix.SECRETMEM_MAGIC
}

func (p *process) hold(id ID, link string) *held {
	h := p.held[id]
	if h == nil {
		name, _ := strings.CutPrefix(strings.TrimSuffix(link, deleted), memfdPrefix)
		if strings.HasPrefix(link, secretName) {
			name = ""
		}
		h = &held{name: name}
		p.held[id] = h
	}
	return h
}

// seals returns the seals of a file, if it need not be opened for that or has no lease.
func (p *process) seals(id ID, h *held) (memfd.Seals, bool) {
	if len(h.fds) == 0 && h.mapping != "" {
		return p.mappedSeals(id, h.mapping)
	}
	pidfd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return 0, false
	}
	defer unix.Close(pidfd)
	for _, remote := range h.fds {
		fd, err := unix.PidfdGetfd(pidfd, remote, 0)
		if err != nil {
			continue
		}
		seals, err := sealsOf(fd, id)
		unix.Close(fd)
		if err == nil {
			return seals, true
		}
	}
	return 0, false
}

// sealsOf returns the seals of a descriptor, if it still refers to the file id.
func sealsOf(fd int, id ID) (memfd.Seals, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return 0, err
	}
	if (ID{st.Dev, st.Ino}) != id {
		return 0, unix.ESTALE
	}
	seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	return memfd.Seals(seals), err
}

// command returns the name of the process.
func (p *process) command() string {
	if p.name == nil {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.pid))
		text := strings.TrimSuffix(string(name), "\n")
		p.name = &text
	}
	return *p.name
}

// container returns the ID or name of the process's container, or "".
func (p *process) container() string {
	if p.group == nil {
		groups, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", p.pid))
		text := containerOf(string(groups))
		p.group = &text
	}
	return *p.group
}

// containerOf finds a container in the lines of /proc/PID/cgroup: docker-ID.scope and similar,
// /docker/ID, /kubepods/.../ID, lxc.payload.NAME, machine-NAME.scope.
func containerOf(groups string) string {
	for line := range strings.Lines(groups) {
		_, path, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		_, path, _ = strings.Cut(path, ":")
		for part := range strings.SplitSeq(path, "/") {
			if name, ok := strings.CutPrefix(part, "lxc.payload."); ok {
				return name
			}
			part, isScope := strings.CutSuffix(part, ".scope")
			if name, ok := strings.CutPrefix(part, "machine-"); ok && isScope {
				return name
			}
			id := part[strings.LastIndex(part, "-")+1:]
			if len(id) == 64 && strings.Trim(id, "0123456789abcdef") == "" {
				return id[:12]
			}
		}
	}
	return ""
}
