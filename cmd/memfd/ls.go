// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/cmd/memfd/internal/scan"
	"libmemfd_go/cmd/memfd/internal/text"
)

func lsCommand() *cobra.Command {
	var pids []int
	var name string
	var asJSON, asTree bool
	command := &cobra.Command{
		Use:   "ls",
		Short: "List the memory files that processes hold, the largest first",
		Long: `ls lists every memory file that a process holds, by a descriptor or only by a
mapping, once each:

    MEMORY   memory that it occupies
    SIZE     its length
    TYPE     memfd, huge (a memfd of huge pages), or secret (memfd_secret(2))
    SEALS    its seals; ? if the process may not be traced
    X        x if it may be executed
    NAME     as its maker chose it; what is not printable is escaped
    HELD BY  processes with their descriptors; "map" if they have it mapped

The seals are

    S        no seals can be added
    g        the file cannot get longer
    w        the contents cannot change
    W        nobody new can write; mappings that exist still can
    s        the file cannot get shorter
    x        the execute permission cannot change

ls opens none of these files, so it cannot wait for one or be noticed by its
holder. It cannot see files in flight in sockets or held by io_uring, nor the
descriptors of a thread that does not share those of its process. The last
lines compare what it found with the shared memory in /proc/meminfo.`,
		Example: `  memfd ls --pid 1234
  memfd ls --name wayland --tree
  memfd ls --json | jq '.files[] | select(.executable) | .name'`,
		Args: cobra.NoArgs,

		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(command *cobra.Command, _ []string) error {
			result, err := scan.All(pids...)
			if err != nil {
				return err
			}
			everything := len(pids) == 0 && name == ""
			result.Files = named(result.Files, name)
			out := command.OutOrStdout()
			switch {
			case asJSON:
				return printJSON(out, result)
			case asTree:
				printTree(out, result)
			default:
				printTable(out, result, terminalWidth(out))
			}
			if everything && !asJSON {
				printRest(out, result)
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.IntSliceVar(&pids, "pid", nil, "only what the process `PID` holds")
	flags.StringVar(&name, "name", "", "only files with `TEXT` in their name")
	flags.BoolVar(&asJSON, "json", false, "write JSON")
	flags.BoolVar(&asTree, "tree", false, "write each holder on a line of its own")
	command.MarkFlagsMutuallyExclusive("json", "tree")
	command.RegisterFlagCompletionFunc("pid", completePID)
	return command
}

// named keeps the files with text in their name.
func named(files []*scan.File, text string) []*scan.File {
	var kept []*scan.File
	for _, f := range files {
		if strings.Contains(f.Name, text) {
			kept = append(kept, f)
		}
	}
	return kept
}

// seals returns the letters of a file's seals. Secret files have none.
func seals(f *scan.File) string {
	switch {
	case f.Kind == memfd.KindSecret:
		return ""
	case !f.SealsKnown:
		return "?"
	}
	return text.Letters(f.Seals)
}

func executable(f *scan.File) string {
	if f.Executable() {
		return "x"
	}
	return "-"
}

const row = "%7s %7s %-6s %-6s %-1s %-*s %s\n"

// printTable writes a line for each file, cut to width unless that is 0.
func printTable(out io.Writer, result *scan.Result, width int) {
	nameWidth := len("NAME")
	for _, f := range result.Files {
		nameWidth = max(nameWidth, len([]rune(text.Escape(f.Name))))
	}
	holderWidth := 0
	if width > 0 {
		rest := max(width-len(fmt.Sprintf(row, "", "", "", "", "", 0, "", ""))+1, 24)
		nameWidth = min(nameWidth, rest/2)
		holderWidth = rest - nameWidth
	}
	heading := fmt.Sprintf(row, "MEMORY", "SIZE", "TYPE", "SEALS", "X", nameWidth, "NAME", "HELD BY")
	if width > 0 && os.Getenv("NO_COLOR") == "" {
		heading = "\x1b[1m" + strings.TrimSuffix(heading, "\n") + "\x1b[0m\n"
	}
	fmt.Fprint(out, heading)
	var total int64
	for _, f := range result.Files {
		total += f.Allocated
		fmt.Fprintf(out, row, text.Size(f.Allocated), text.Size(f.Size), text.Kind(f.Kind), seals(f), executable(f),
			nameWidth, text.Cut(text.Escape(f.Name), nameWidth), text.Cut(holders(f), holderWidth))
	}
	fmt.Fprintf(out, "%7s in %s\n", text.Size(total), count(len(result.Files), "file"))
}

// holders returns all holders of a file in a line: "name[12] 3,4,map".
func holders(f *scan.File) string {
	var all []string
	for _, h := range f.Holders {
		all = append(all, fmt.Sprintf("%s[%d] %s", text.Escape(h.Command), h.PID, handles(h)))
	}
	return strings.Join(all, " ")
}

// handles returns by what a process holds a file: "3,4,map".
func handles(h scan.Holder) string {
	var all []string
	for _, fd := range h.FDs {
		all = append(all, fmt.Sprint(fd))
	}
	if h.Mapped > 0 {
		all = append(all, "map")
	}
	return strings.Join(all, ",")
}

// printTree writes each file, and below it its holders.
func printTree(out io.Writer, result *scan.Result) {
	for _, f := range result.Files {
		name := text.Escape(f.Name)
		if name == "" {
			name = "(no name)"
		}
		fmt.Fprintf(out, "%s  %s of %s, %s, seals %s, %s\n", name, text.Size(f.Allocated), text.Size(f.Size),
			text.Kind(f.Kind), orNone(seals(f)), map[bool]string{true: "executable", false: "not executable"}[f.Executable()])
		for i, h := range f.Holders {
			branch := "├─"
			if i == len(f.Holders)-1 {
				branch = "└─"
			}
			where := ""
			if h.Container != "" {
				where = " in " + text.Escape(h.Container)
			}
			fmt.Fprintf(out, "%s %s[%d]%s", branch, text.Escape(h.Command), h.PID, where)
			if len(h.FDs) > 0 {
				fmt.Fprintf(out, ", fd %s", handles(scan.Holder{FDs: h.FDs}))
			}
			if h.Mapped > 0 {
				fmt.Fprintf(out, ", %s mapped", text.Size(h.Mapped))
			}
			fmt.Fprintln(out)
		}
	}
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// printRest writes what the list cannot show.
func printRest(out io.Writer, result *scan.Result) {
	s := result.Shared
	fmt.Fprintf(out, "\nShared memory: %s, of which %s is unexplained;\n", text.Size(s.Total), text.Size(s.Unexplained()))
	fmt.Fprintf(out, "memfds %s, tmpfs %s, System V %s, anonymous mappings %s.\n",
		text.Size(s.Files), text.Size(s.Tmpfs), text.Size(s.SysV), text.Size(s.Anon))
	if result.Unreadable == 0 {
		return
	}
	help := ""
	if os.Geteuid() != 0 {
		help = "; root sees more"
	}
	fmt.Fprintf(out, "%s could not be read%s.\n", count(result.Unreadable, "process"), help)
}

func count(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "s"):
		return fmt.Sprintf("%d %ses", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// terminalWidth returns the width of a terminal, 0 if out is none.
func terminalWidth(out io.Writer) int {
	f, ok := out.(*os.File)
	if !ok {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return max(int(size.Col), 1)
}

// jsonFile is a file in JSON. A name need not be UTF-8, so that its bytes are there too.
type jsonFile struct {
	Name       string       `json:"name"`
	NameBytes  []byte       `json:"name_bytes"` // base64
	Type       string       `json:"type"`
	Size       int64        `json:"size"`
	Allocated  int64        `json:"allocated"`
	Seals      []string     `json:"seals"` // null if unknown
	Executable bool         `json:"executable"`
	Mode       string       `json:"mode"`
	Device     uint64       `json:"device"`
	Inode      uint64       `json:"inode"`
	Holders    []jsonHolder `json:"holders"`
}

type jsonHolder struct {
	PID       int    `json:"pid"`
	Command   string `json:"command"`
	Container string `json:"container,omitempty"`
	FDs       []int  `json:"fds"`
	Mapped    int64  `json:"mapped"`
}

func printJSON(out io.Writer, result *scan.Result) error {
	list := struct {
		Files       []jsonFile `json:"files"`
		Shmem       int64      `json:"shmem"`
		Unexplained int64      `json:"unexplained"`
		Unreadable  int        `json:"unreadable_processes"`
	}{[]jsonFile{}, result.Shared.Total, result.Shared.Unexplained(), result.Unreadable}
	for _, f := range result.Files {
		j := jsonFile{
			Name: text.Escape(f.Name), NameBytes: []byte(f.Name), Type: text.Kind(f.Kind), Size: f.Size, Allocated: f.Allocated,
			Executable: f.Executable(), Mode: fmt.Sprintf("%04o", f.Mode.Perm()), Device: f.Dev, Inode: f.Ino,
		}
		if f.SealsKnown {
			j.Seals = append([]string{}, strings.Fields(strings.TrimSuffix(f.Seals.String(), "none"))...)
		}
		for _, h := range f.Holders {
			j.Holders = append(j.Holders, jsonHolder{h.PID, text.Escape(h.Command), h.Container, append([]int{}, h.FDs...), h.Mapped})
		}
		list.Files = append(list.Files, j)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(list)
}
