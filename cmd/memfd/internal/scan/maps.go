// SPDX-License-Identifier: MIT

package scan

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
)

// mappings examines the mappings of the process whose folder in /proc is dir.
func (p *process) mappings(dir string, known fileSystems, buf []byte) error {
	f, err := os.Open(dir + "/maps")
	if err != nil {
		return err
	}
	defer f.Close()
	secret := false
	err = lines(f, buf, func(line []byte) {
		p.live = true
		// ADDRESS PERMISSIONS OFFSET DEVICE INODE PATH
		slash := bytes.IndexByte(line, '/')
		if slash < 0 {
			return
		}
		path := line[slash:]
		if !isMemory(path) && !bytes.HasPrefix(path, []byte(anonName)) {
			return
		}
		m, ok := parseMapping(string(line[:slash]))
		if !ok {
			return
		}
		secret = p.mapping(dir, m, string(path), known) || secret
	})
	if err == nil && secret {
		err = p.resident(dir, buf)
	}
	return err
}

// mapping records a mapping, and reports whether it maps a secret file.
func (p *process) mapping(dir string, m mapped, path string, known fileSystems) bool {
	entry := dir + "/map_files/" + m.name
	if strings.HasPrefix(path, anonName) {
		if st, err := statMapping(entry, m.ID); err == nil {
			p.anon[m.ID] = st.Blocks * 512
		}
		return false
	}
	_, ok := known[m.Dev]
	secret := !ok && strings.HasPrefix(path, secretName)
	if secret && p.held[m.ID] == nil {
		// Secret areas are usually only mapped. Only root can examine their file.
		var fs unix.Statfs_t
		secret = unix.Statfs(entry, &fs) != nil || fs.Type == unix.SECRETMEM_MAGIC
	}
	if !ok && !secret {
		return false
	}
	// maps escapes newlines, and nothing else.
	h := p.hold(m.ID, strings.ReplaceAll(path, `\012`, "\n"))
	h.mapped += m.len
	h.end = max(h.end, m.offset+m.len)
	h.mapping = entry
	if h.stat.Mode == 0 {
		h.stat, _ = statMapping(entry, m.ID)
	}
	return secret
}

// statMapping examines a file through its entry in map_files, if that still refers to the file
// id. This needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE.
func statMapping(entry string, id ID) (st unix.Stat_t, err error) {
	err = unix.Stat(entry, &st)
	if err == nil && (ID{st.Dev, st.Ino}) != id {
		return unix.Stat_t{}, unix.ESTALE
	}
	return st, err
}

// mapped is a line of /proc/PID/maps.
type mapped struct {
	ID
	name        string // ADDRESS, as in map_files
	offset, len int64
}

// parseMapping reads a line up to its path. A line with more has no path but a name in brackets,
// which anybody may choose by prctl(2): [anon:/secretmem].
func parseMapping(line string) (m mapped, ok bool) {
	fields := strings.Fields(line)
	if len(fields) != 5 {
		return m, false
	}
	start, end, _ := strings.Cut(fields[0], "-")
	major, minor, _ := strings.Cut(fields[3], ":")
	var n [5]uint64
	for i, text := range []string{start, end, fields[2], major, minor} {
		number, err := strconv.ParseUint(text, 16, 64)
		if err != nil {
			return m, false
		}
		n[i] = number
	}
	ino, err := strconv.ParseUint(fields[4], 10, 64)
	dev := unix.Mkdev(uint32(n[3]), uint32(n[4]))
	return mapped{ID{dev, ino}, fmt.Sprintf("%x-%x", n[0], n[1]), int64(n[2]), int64(n[1] - n[0])}, err == nil
}

// resident adds up the resident memory of secret files, whose st_blocks is 0.
func (p *process) resident(dir string, buf []byte) error {
	f, err := os.Open(dir + "/smaps")
	if err != nil {
		return err
	}
	defer f.Close()
	var current *held
	return lines(f, buf, func(line []byte) {
		// A mapping begins with a line that starts with its address; the fields start with capitals.
		if len(line) > 0 && (line[0] < 'A' || line[0] > 'Z') {
			current = nil
			slash := bytes.IndexByte(line, '/')
			if slash > 0 && bytes.HasPrefix(line[slash:], []byte(secretName)) {
				if m, ok := parseMapping(string(line[:slash])); ok {
					current = p.held[m.ID]
				}
			}
			return
		}
		if size, ok := bytes.CutPrefix(line, []byte("Rss:")); ok && current != nil {
			kB, _ := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(size, []byte("kB")))), 10, 64)
			current.resident += kB << 10
		}
	})
}

// mappedSeals returns the seals of a file that is only mapped. It must be opened for that, which
// would signal the holder of a lease.
func (p *process) mappedSeals(id ID, entry string) (memfd.Seals, bool) {
	path, err := unix.Open(entry, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, false
	}
	defer unix.Close(path)
	var st unix.Stat_t
	if unix.Fstat(path, &st) != nil || (ID{st.Dev, st.Ino}) != id || hasLease(id) {
		return 0, false
	}
	fd, err := unix.Open("/proc/self/fd/"+strconv.Itoa(path), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, false
	}
	defer unix.Close(fd)
	seals, err := sealsOf(fd, id)
	return seals, err == nil
}

// hasLease reports whether a process may hold a lease on a file.
func hasLease(id ID) bool {
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		return true
	}
	file := fmt.Sprintf(" %02x:%02x:%d ", unix.Major(id.Dev), unix.Minor(id.Dev), id.Ino)
	for line := range strings.Lines(string(locks)) {
		if strings.Contains(line, "LEASE") && strings.Contains(line, file) {
			return true
		}
	}
	return false
}

// lines calls f with each line of r, without its newline. A line longer than buf is cut.
func lines(r io.Reader, buf []byte, f func(line []byte)) error {
	filled := 0
	skip := false
	for {
		n, err := r.Read(buf[filled:])
		text := buf[:filled+n]
		for {
			end := bytes.IndexByte(text, '\n')
			if end < 0 {
				break
			}
			if !skip {
				f(text[:end])
			}
			skip = false
			text = text[end+1:]
		}
		if len(text) == len(buf) {
			if !skip {
				f(text)
			}
			skip, text = true, nil
		}
		filled = copy(buf, text)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
