// SPDX-License-Identifier: MIT

package scan

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
)

// fileOf returns the file of this process with a name.
func fileOf(t *testing.T, name string) *File {
	t.Helper()
	result, err := All(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range result.Files {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// check fails the test if there is an error.
func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fd(f *os.File) (number int) {
	conn, _ := f.SyscallConn()
	conn.Control(func(fd uintptr) { number = int(fd) })
	return number
}

func TestFile(t *testing.T) {
	name := "scan \x1b\n(deleted)" + strings.Repeat("n", 230)
	sealed, err := memfd.Sealed(name, make([]byte, 10_000))
	check(t, err)
	defer sealed.Close()
	again, err := unix.FcntlInt(uintptr(fd(sealed)), unix.F_DUPFD_CLOEXEC, 0)
	check(t, err)
	defer unix.Close(again)
	f := fileOf(t, name)
	if f == nil {
		t.Fatal("it is not found")
	}
	if f.Kind != memfd.KindMemfd || f.Size != 10_000 || f.Allocated < 10_000 || f.Executable() {
		t.Errorf("%+v", f)
	}
	if !f.SealsKnown || !f.Seals.Has(memfd.Immutable) {
		t.Errorf("seals %v, known: %v", f.Seals, f.SealsKnown)
	}
	want := []int{fd(sealed), again}
	slices.Sort(want)
	if len(f.Holders) != 1 || f.Holders[0].PID != os.Getpid() || !slices.Equal(f.Holders[0].FDs, want) {
		t.Errorf("holders %+v, want %v", f.Holders, want)
	}
}

// A file is found as long as it is mapped, even after its descriptor was closed.
func TestOnlyMapped(t *testing.T) {
	sealed, err := memfd.Sealed("only mapped", make([]byte, 10_000))
	check(t, err)
	m, err := memfd.Map(sealed, 0, 10_000, 0)
	check(t, err)
	defer m.Close()
	check(t, sealed.Close())
	f := fileOf(t, "only mapped")
	if f == nil {
		t.Fatal("it is not found")
	}
	if f.Size < 10_000 || len(f.Holders) != 1 || len(f.Holders[0].FDs) != 0 || f.Holders[0].Mapped != 12<<10 && f.Holders[0].Mapped < 10_000 {
		t.Errorf("%+v", f)
	}
	if os.Geteuid() == 0 && (f.Size != 10_000 || !f.Seals.Has(memfd.Immutable)) {
		t.Errorf("root is not told: size %d, seals %v, known: %v", f.Size, f.Seals, f.SealsKnown)
	}
}

const firstThreadEnds = "MEMFD_TEST_FIRST_THREAD_ENDS"

// init runs in the first thread.
func init() {
	if os.Getenv(firstThreadEnds) == "" {
		return
	}
	f, err := memfd.Sealed("of another thread", []byte("text"))
	if err != nil {
		panic(err)
	}
	go func() { time.Sleep(time.Minute); f.Close(); os.Exit(0) }()
	unix.Syscall(unix.SYS_EXIT, 0, 0, 0)
}

// /proc/PID shows no files of a process whose first thread has ended.
func TestFirstThreadEnded(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), firstThreadEnds+"=1")
	check(t, cmd.Start())
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	for start := time.Now(); time.Since(start) < 10*time.Second; time.Sleep(time.Millisecond) {
		result, err := All(cmd.Process.Pid)
		if err != nil { // the thread is about to end
			continue
		}
		for _, f := range result.Files {
			if h := f.Holders[0]; f.Name == "of another thread" && h.PID != cmd.Process.Pid && len(h.FDs) == 1 {
				return
			}
		}
	}
	t.Error("it is not found")
}

// Only pages that were touched count as memory of a secret file.
func TestSecret(t *testing.T) {
	secret, err := memfd.NewSecretBuffer(5000, nil)
	check(t, err)
	defer secret.Close()
	if secret.Kind() != memfd.SecretMem {
		t.Skip("memfd_secret(2) does not work here")
	}
	result, err := All(os.Getpid())
	check(t, err)
	i := slices.IndexFunc(result.Files, func(f *File) bool { return f.Kind == memfd.KindSecret })
	if i < 0 {
		t.Fatal("it is not found")
	}
	page := int64(os.Getpagesize())
	if f := result.Files[i]; f.Allocated != (5000+page-1)/page*page || f.SealsKnown || f.Name != "" {
		t.Errorf("%+v", f)
	}
}

// Other files with a name like that of a memfd are not listed.
func TestNamedAlike(t *testing.T) {
	path := filepath.Join(t.TempDir(), "memfd:alike (deleted)")
	f, err := os.Create(path)
	check(t, err)
	defer f.Close()
	root, err := os.OpenFile("/memfd:alike (deleted)", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		defer os.Remove(root.Name())
		defer root.Close()
	}
	if f := fileOf(t, "alike"); f != nil {
		t.Errorf("%+v", f)
	}
}

// A scan does not break leases, and does not wait for FIFOs.
func TestLeaseAndFIFO(t *testing.T) {
	created, err := memfd.Create("leased")
	check(t, err)
	leased, err := memfd.Reopen(created, os.O_RDWR) // only then does the kernel count it as a writer
	check(t, err)
	defer leased.Close()
	created.Close()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGIO)
	defer signal.Stop(signals)
	if _, err := unix.FcntlInt(uintptr(fd(leased)), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skip("no lease: ", err)
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	check(t, unix.Mkfifo(fifo, 0o600))
	held, err := os.OpenFile(fifo, os.O_RDWR, 0)
	check(t, err)
	defer held.Close()
	start := time.Now()
	if f := fileOf(t, "leased"); f == nil || !f.SealsKnown {
		t.Errorf("%+v", f)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it waited for %v", took)
	}
	select {
	case <-signals:
		t.Error("the holder of the lease was signalled")
	case <-time.After(50 * time.Millisecond):
	}
}

// A descriptor that keeps changing its file is never reported with the properties of another file.
func TestSwapped(t *testing.T) {
	small, err := memfd.Sealed("small", make([]byte, 1))
	check(t, err)
	large, err := memfd.CreateWith("large", &memfd.Options{Size: 1 << 20})
	check(t, err)
	null, err := os.Open("/dev/null")
	check(t, err)
	target, err := unix.FcntlInt(uintptr(fd(small)), unix.F_DUPFD_CLOEXEC, 100)
	check(t, err)
	defer unix.Close(target)
	// The scan sees the target first, so that it learns the names from it.
	var files []int
	for _, f := range []*os.File{small, large, null} {
		number, err := unix.FcntlInt(uintptr(fd(f)), unix.F_DUPFD_CLOEXEC, target+1)
		check(t, err)
		defer unix.Close(number)
		check(t, f.Close())
		files = append(files, number)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				unix.Dup3(files[rand.Intn(3)], target, unix.O_CLOEXEC)
			}
		}
	}()
	for range 200 {
		result, err := All(os.Getpid())
		check(t, err)
		for _, f := range result.Files {
			switch {
			case f.Name == "small" && f.SealsKnown && !f.Seals.Has(memfd.Immutable),
				f.Name == "large" && f.SealsKnown && f.Seals.Has(memfd.SealWrite),
				f.Name == "small" && f.Size != 1, f.Name == "large" && f.Size != 1<<20:
				t.Fatalf("%+v", f)
			}
		}
	}
	close(stop)
	<-stopped
}

func TestNoProcess(t *testing.T) {
	if _, err := All(1 << 22); err == nil {
		t.Error("a process that is not there can be looked at")
	}
}

// Files of equal size are in the order in which they were created.
func TestOrder(t *testing.T) {
	var want []string
	for i := range 20 {
		f, err := memfd.Create(fmt.Sprint("ordered ", i))
		check(t, err)
		defer f.Close()
		want = append(want, fmt.Sprint("ordered ", i))
	}
	result, err := All(os.Getpid())
	check(t, err)
	var got []string
	for _, f := range result.Files {
		if strings.HasPrefix(f.Name, "ordered ") {
			got = append(got, f.Name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// Files of huge pages are found even if no huge pages are free.
func TestHuge(t *testing.T) {
	f, err := memfd.CreateWith("huge", &memfd.Options{HugePages: true})
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	check(t, f.Truncate(1<<30))
	if found := fileOf(t, "huge"); found == nil || found.Kind != memfd.KindHugetlb || found.Size != 1<<30 || found.Allocated != 0 || !found.SealsKnown {
		t.Errorf("%+v", found)
	}
}
