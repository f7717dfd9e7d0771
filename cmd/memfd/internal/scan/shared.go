// SPDX-License-Identifier: MIT

package scan

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
)

// Shared divides the system's shared memory by its use, in bytes. The rest is unexplained: files
// without a descriptor or mapping (in flight in sockets, held by io_uring), files of processes and
// mounts that could not be read, and memory of graphics drivers.
type Shared struct {
	Total int64 // Shmem of /proc/meminfo, or -1 if proc is mounted without meminfo
	Files int64 // memfds on ordinary pages
	Tmpfs int64 // mounted tmpfs
	SysV  int64 // shmget(2)
	Anon  int64 // shared anonymous mappings
}

// Unexplained returns the rest of the total.
func (s Shared) Unexplained() int64 {
	return max(0, s.Total-s.Files-s.Tmpfs-s.SysV-s.Anon)
}

func sharedMemory(files []*File, found []*process) Shared {
	s := Shared{Total: meminfo("Shmem:"), Tmpfs: tmpfs(), SysV: sysv()}
	for _, f := range files {
		if f.Kind == memfd.KindMemfd {
			s.Files += f.Allocated
		}
	}
	anon := map[ID]int64{}
	for _, p := range found {
		for id, bytes := range p.anon {
			anon[id] = bytes
		}
	}
	for _, bytes := range anon {
		s.Anon += bytes
	}
	return s
}

// meminfo returns a value of /proc/meminfo in bytes, or -1 if it is missing.
func meminfo(name string) int64 {
	text, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == name {
			kB, _ := strconv.ParseInt(fields[1], 10, 64)
			return kB << 10
		}
	}
	return -1
}

// tmpfs adds up the used space of all mounted tmpfs.
func tmpfs() (used int64) {
	text, _ := os.ReadFile("/proc/self/mountinfo")
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		mount, source, _ := strings.Cut(line, " - ")
		fields := strings.Fields(mount)
		if !strings.HasPrefix(source, "tmpfs ") && !strings.HasPrefix(source, "devtmpfs ") || len(fields) < 5 || seen[fields[2]] {
			continue
		}
		var fs unix.Statfs_t
		if unix.Statfs(unescape(fields[4]), &fs) == nil && fs.Type == unix.TMPFS_MAGIC {
			seen[fields[2]] = true
			used += int64(fs.Blocks-fs.Bfree) * int64(fs.Bsize)
		}
	}
	return used
}

// hidesProcesses reports whether /proc is mounted with hidepid=invisible or ptraceable, 2 or 4.
func hidesProcesses(mounts string) (hides bool) {
	for line := range strings.Lines(mounts) {
		mount, source, _ := strings.Cut(strings.TrimSpace(line), " - ")
		if fields := strings.Fields(mount); len(fields) < 5 || fields[4] != "/proc" {
			continue
		}
		// The last one covers the others.
		hides = false
		for option := range strings.SplitSeq(source[strings.LastIndexByte(source, ' ')+1:], ",") {
			hides = hides || slices.Contains([]string{"hidepid=2", "hidepid=4", "hidepid=invisible", "hidepid=ptraceable"}, option)
		}
	}
	return hides
}

// unescape replaces octal escapes such as \040 in mountinfo.
func unescape(text string) string {
	for i := 0; i+4 <= len(text); i++ {
		if text[i] == '\\' {
			if c, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				text = text[:i] + string([]byte{byte(c)}) + text[i+4:]
			}
		}
	}
	return text
}

// sysv adds up the resident memory of shmget(2).
func sysv() (resident int64) {
	text, _ := os.ReadFile("/proc/sysvipc/shm")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) >= 15 {
			bytes, _ := strconv.ParseInt(fields[14], 10, 64) // 0 in the heading
			resident += bytes
		}
	}
	return resident
}
