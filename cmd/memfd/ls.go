// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/cmd/memfd/internal/scan"
	"libmemfd_go/cmd/memfd/internal/text"
)

func lsCommand() *cobra.Command {
	var pids pidList
	var name string
	var asJSON, asTree bool
	command := &cobra.Command{
		Use:   "ls",
		Short: "List the files in memory that processes hold, largest first",
		Long: `ls lists every file in memory that a process holds, by a descriptor or only by a
mapping, once each:

    MEMORY   memory that it occupies
    SIZE     its length
    TYPE     memfd, huge (a memfd of huge pages), or secret (memfd_secret(2))
    SEALS    its seals; ? if the process may not be traced
    X        x if it has execute permission
    NAME     given by its creator; unprintable characters are escaped
    HELD BY  processes, with descriptors, or "map" for a mapping

The seals are

    S        no more seals can be added
    g        the file cannot grow
    w        the contents cannot change
    W        only writable mappings that exist can change the contents
    s        the file cannot shrink
    x        the execute permission cannot change

ls does not block, and no holder can notice it. It cannot see files in flight in
sockets or held by io_uring, nor the descriptors of threads that do not share
those of their process. A process whose first thread has ended is listed with
the ID of another thread. The last lines compare the files found with the shared
memory in /proc/meminfo, and count the processes that could not be read.

In a terminal, lines are cut to its width; --tree shows everything. The heading
is bold in a terminal unless NO_COLOR is set.`,
		Example: `  memfd ls --pid 1234
  memfd ls --name wayland --tree
  memfd ls --json | jq '.files[] | select(.executable) | .name'`,
		Args: arguments(0, 0),

		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(command *cobra.Command, _ []string) error {
			result, err := scan.All(pids...)
			if err != nil {
				return err
			}
			everything := len(pids) == 0 && name == ""
			result.Files = named(result.Files, name)
			return buffered(command, func(out io.Writer) {
				switch {
				case asJSON:
					printJSON(out, result)
					return
				case asTree:
					printTree(out, result)
				default:
					printTable(out, result, terminalWidth(command.OutOrStdout()))
				}
				if everything {
					printRest(out, result)
				}
			})
		},
	}
	flags := command.Flags()
	flags.Var(&pids, "pid", "list only what process `PID` holds (repeatable)")
	flags.StringVar(&name, "name", "", "list only files with `TEXT` in their name")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	flags.BoolVar(&asTree, "tree", false, "print each holder on its own line, with its container")
	command.MarkFlagsMutuallyExclusive("json", "tree")
	command.RegisterFlagCompletionFunc("pid", completePID)
	return command
}

// pidList is the value of --pid.
type pidList []int

func (l *pidList) String() string { return "" }
func (l *pidList) Type() string   { return "PID" }

func (l *pidList) Set(text string) error {
	pid, err := strconv.ParseInt(text, 10, 32)
	if err != nil || pid <= 0 {
		return errors.New("not a process ID")
	}
	*l = append(*l, int(pid))
	return nil
}

// named returns the files with text in their name.
func named(files []*scan.File, text string) []*scan.File {
	var kept []*scan.File
	for _, f := range files {
		if strings.Contains(f.Name, text) {
			kept = append(kept, f)
		}
	}
	return kept
}

// seals returns the letters of a file's seals, "" for a secret file, which has none.
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

const row = "%7s %7s %-6s %-6s %-1s %s %s\n"

// printTable prints a line for each file, cut to width unless that is 0.
func printTable(out io.Writer, result *scan.Result, width int) {
	nameWidth := len("NAME")
	for _, f := range result.Files {
		nameWidth = max(nameWidth, text.Width(text.Escape(f.Name)))
	}
	holderWidth := 0
	if width > 0 {
		rest := max(width-len(fmt.Sprintf(row, "", "", "", "", "", "", ""))+1, 24)
		nameWidth = min(nameWidth, rest/2)
		holderWidth = rest - nameWidth
	}
	heading := fmt.Sprintf(row, "MEMORY", "SIZE", "TYPE", "SEALS", "X", text.Pad("NAME", nameWidth), "HELD BY")
	if width > 0 && os.Getenv("NO_COLOR") == "" {
		heading = "\x1b[1m" + strings.TrimSuffix(heading, "\n") + "\x1b[0m\n"
	}
	fmt.Fprint(out, heading)
	var total int64
	for _, f := range result.Files {
		total += f.Allocated
		fmt.Fprintf(out, row, text.Size(f.Allocated), text.Size(f.Size), text.Kind(f.Kind), seals(f), executable(f),
			text.Pad(text.Cut(text.Escape(f.Name), nameWidth), nameWidth), text.Cut(holders(f), holderWidth))
	}
	fmt.Fprintf(out, "%7s in %s\n", text.Size(total), count(len(result.Files), "file"))
}

// holders returns all holders of a file on one line: "name[12] 3,4,map".
func holders(f *scan.File) string {
	var all []string
	for _, h := range f.Holders {
		all = append(all, fmt.Sprintf("%s[%d] %s", text.Escape(h.Command), h.PID, handles(h)))
	}
	return strings.Join(all, " ")
}

// handles returns how a process holds a file: "3,4,map".
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

// printTree prints each file, and below it its holders.
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

// printRest prints what the list cannot show.
func printRest(out io.Writer, result *scan.Result) {
	var rest strings.Builder
	if s := result.Shared; s.Total >= 0 { // 0 is possible: the kernel counts a few pages late
		fmt.Fprintf(&rest, "Shared memory: %s, of which %s unexplained\n", text.Size(s.Total), text.Size(s.Unexplained()))
		fmt.Fprintf(&rest, "(memfds %s, tmpfs %s, System V %s, anonymous mappings %s).\n",
			text.Size(s.Files), text.Size(s.Tmpfs), text.Size(s.SysV), text.Size(s.Anon))
	}
	help := ""
	if os.Geteuid() != 0 {
		help = "; root sees more"
	}
	if result.Unreadable > 0 {
		fmt.Fprintf(&rest, "%s could not be read%s.\n", count(result.Unreadable, "process"), help)
	}
	if result.Hidden {
		fmt.Fprintf(&rest, "/proc hides the processes of other users (hidepid)%s.\n", help)
	}
	if rest.Len() > 0 {
		fmt.Fprintf(out, "\n%s", rest.String())
	}
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

// terminalWidth returns the width of a terminal, or 0 if out is not one.
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

// jsonFile is a file in JSON. Names may not be valid UTF-8, so their bytes are given, too.
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

// printJSON prints one file at a time, because there may be a hundred thousand.
func printJSON(out io.Writer, result *scan.Result) {
	fmt.Fprint(out, "{\n  \"files\": [")
	encoder := json.NewEncoder(trimNewline{out})
	encoder.SetIndent("    ", "  ")
	encoder.SetEscapeHTML(false)
	for i, f := range result.Files {
		if i > 0 {
			fmt.Fprint(out, ",")
		}
		fmt.Fprint(out, "\n    ")
		encoder.Encode(jsonOf(f))
	}
	if len(result.Files) > 0 {
		fmt.Fprint(out, "\n  ")
	}
	fmt.Fprintf(out, "],\n  \"shmem\": %d,\n  \"unexplained\": %d,\n  \"unreadable_processes\": %d,\n  \"processes_hidden\": %t\n}\n",
		max(0, result.Shared.Total), result.Shared.Unexplained(), result.Unreadable, result.Hidden)
}

// trimNewline removes the newline that ends each value of an encoder.
type trimNewline struct{ io.Writer }

func (w trimNewline) Write(value []byte) (int, error) {
	_, err := w.Writer.Write(bytes.TrimSuffix(value, []byte("\n")))
	return len(value), err
}

func jsonOf(f *scan.File) jsonFile {
	j := jsonFile{
		Name: text.Escape(f.Name), NameBytes: []byte(f.Name), Type: text.Kind(f.Kind), Size: f.Size, Allocated: f.Allocated,
		Executable: f.Executable(), Mode: fmt.Sprintf("%04o", f.Mode.Perm()), Device: f.Dev, Inode: f.Ino,
	}
	if f.SealsKnown {
		j.Seals = append([]string{}, strings.Fields(strings.TrimSuffix(f.Seals.String(), "none"))...)
	}
	for _, h := range f.Holders {
		j.Holders = append(j.Holders, jsonHolder{h.PID, text.Escape(h.Command), text.Escape(h.Container), append([]int{}, h.FDs...), h.Mapped})
	}
	return j
}
