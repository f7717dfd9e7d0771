// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/cmd/memfd/internal/scan"
	"libmemfd_go/cmd/memfd/internal/text"
)

func showCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show PID/FD",

		DisableFlagsInUseLine: true,

		Short: "Explain one file",
		Long: `show prints the properties of a file, what each of its seals forbids, and
whether a receiver that does not trust the sender would accept it or, if not,
why.`,
		Example: `  memfd show 1234/5
  memfd show /proc/1234/fd/5`,
		Args: arguments(1, 1),

		ValidArgsFunction: completeFile,
		RunE: func(command *cobra.Command, args []string) error {
			remote, err := parseFile(args[0])
			if err != nil {
				return err
			}
			out := bufio.NewWriter(command.OutOrStdout())
			if err := show(out, remote); err != nil {
				return err
			}
			return out.Flush()
		},
	}
}

func show(out io.Writer, remote remoteFile) error {
	f, info, err := remote.openMemory()
	if err != nil {
		return err
	}
	defer f.Close()
	fmt.Fprintf(out, "%-12s %s\n", "name", text.Escape(info.Name))
	fmt.Fprintf(out, "%-12s %s\n", "type", kinds[info.Kind])
	fmt.Fprintf(out, "%-12s %d bytes\n", "size", info.Size)
	if info.HugePage > 0 {
		fmt.Fprintf(out, "%-12s %s\n", "pages of", text.Size(info.HugePage))
	}
	result, err := scan.All()
	if err != nil {
		return err
	}
	listed := find(result.Files, scan.ID{Dev: info.Device, Ino: info.Inode})
	if listed != nil {
		fmt.Fprintf(out, "%-12s %d bytes\n", "memory", listed.Allocated)
	}
	fmt.Fprintf(out, "%-12s %v, %s\n", "mode", info.Mode, map[bool]string{true: "executable", false: "not executable"}[info.Mode&0o111 != 0])
	fmt.Fprintf(out, "%-12s %s\n", "open for", accesses[info.Access])
	switch {
	case info.Kind == memfd.KindSecret:
		fmt.Fprintf(out, "%-12s none: secret files have no seals\n", "seals")
	case info.Access != memfd.AccessNone:
		showSeals(out, info.Seals)
	case listed != nil && listed.SealsKnown:
		showSeals(out, listed.Seals)
	default:
		fmt.Fprintf(out, "%-12s unknown: a descriptor opened with O_PATH does not show them\n", "seals")
	}
	_, err = memfd.Verify(f, memfd.SealWrite|memfd.SealShrink, math.MaxInt64)
	verdict := "would accept it: it cannot change or shrink"
	if err != nil {
		reason := refusal(err)
		if reason == "" {
			return fmt.Errorf("%v: %w", remote, err)
		}
		verdict = "would refuse it: " + reason
	}
	fmt.Fprintf(out, "%-12s %s\n", "a receiver", verdict)
	if listed != nil {
		heading := "held by"
		for _, h := range listed.Holders {
			if h.PID == os.Getpid() {
				continue
			}
			fmt.Fprintf(out, "%-12s %s[%d] %s\n", heading, text.Escape(h.Command), h.PID, handles(h))
			heading = ""
		}
	}
	return nil
}

// find returns the file with an ID, or nil.
func find(files []*scan.File, id scan.ID) *scan.File {
	for _, f := range files {
		if f.ID == id {
			return f
		}
	}
	return nil
}

var kinds = map[memfd.Kind]string{
	memfd.KindMemfd:   "memfd: created by memfd_create(2)",
	memfd.KindHugetlb: "huge: created by memfd_create(2) with MFD_HUGETLB",
	memfd.KindSecret:  "secret: created by memfd_secret(2)",
}

var accesses = map[memfd.Access]string{
	memfd.AccessNone:      "nothing (O_PATH)",
	memfd.AccessRead:      "reading",
	memfd.AccessWrite:     "writing",
	memfd.AccessReadWrite: "reading and writing",
}

// sealTexts explain what a seal forbids, and what is possible without it.
var sealTexts = []struct {
	seal      memfd.Seals
	set, miss string
}{
	{memfd.SealSeal, "no more seals can be added", "more seals can be added"},
	{memfd.SealGrow, "the file cannot grow", "the file can grow"},
	{memfd.SealShrink, "the file cannot shrink", "the file can shrink: mappings may raise SIGBUS"},
	{memfd.SealWrite, "the contents cannot change", "the contents can change"},
	{memfd.SealFutureWrite, "only writable mappings that exist can change the contents", ""},
	{memfd.SealExec, "the execute permission cannot change", "the execute permission can change"},
}

func showSeals(out io.Writer, seals memfd.Seals) {
	name := "seals"
	for _, t := range sealTexts {
		sign, line := "+", t.set
		if !seals.Has(t.seal) {
			sign, line = "-", t.miss
		}
		if line != "" {
			fmt.Fprintf(out, "%-12s %s %-12v %s\n", name, sign, t.seal, line)
			name = ""
		}
	}
}

// refusal explains why memfd.Verify refuses a file. It returns "" if err does not depend on the
// file, such as EMFILE.
func refusal(err error) string {
	var missing *memfd.MissingSealsError
	switch {
	case errors.As(err, &missing):
		return fmt.Sprintf("missing seals: %v", missing.Missing)
	case errors.Is(err, memfd.ErrUnreliableSeals):
		return "its seals do not protect it: F_SEAL_EXEC may have forged them, or its huge pages can be removed"
	case errors.Is(err, unix.ENODATA):
		return "it is empty"
	case errors.Is(err, unix.EFBIG):
		return "it is too long"
	case errors.Is(err, unix.EOVERFLOW):
		return "it is larger than the address space"
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EBADF):
		return "it is not open for reading"
	case errors.Is(err, unix.EINVAL):
		return "it has no seals, or ends within a huge page"
	}
	return ""
}
