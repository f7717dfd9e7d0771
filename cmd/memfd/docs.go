// SPDX-License-Identifier: MIT

//go:build docs

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// With the build tag docs, "memfd docs FOLDER" writes the manual pages and completions to the
// subfolders man1, bash, zsh and fish. The released command does not need this code.
func init() {
	extra = append(extra, &cobra.Command{
		Use:    "docs FOLDER",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE:   func(command *cobra.Command, args []string) error { return writeDocs(command.Root(), args[0]) },
	})
}

func writeDocs(root *cobra.Command, folder string) error {
	for _, name := range []string{"man1", "bash", "zsh", "fish"} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o777); err != nil {
			return err
		}
	}
	pages := []*cobra.Command{root}
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			pages = append(pages, c)
		}
	}
	for _, c := range pages {
		file := filepath.Join(folder, "man1", pageName(c)+".1")
		if err := os.WriteFile(file, []byte(manualPage(c, pages)), 0o666); err != nil {
			return err
		}
	}
	if err := root.GenBashCompletionFileV2(filepath.Join(folder, "bash", "memfd"), true); err != nil {
		return err
	}
	if err := root.GenZshCompletionFile(filepath.Join(folder, "zsh", "_memfd")); err != nil {
		return err
	}
	return root.GenFishCompletionFile(filepath.Join(folder, "fish", "memfd.fish"), true)
}

// pagesDate is when the texts of the pages last changed.
const pagesDate = "2026-11-30"

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manualPage returns the page of a command in the macros of man(7). It refers to the others.
func manualPage(c *cobra.Command, pages []*cobra.Command) string {
	var page strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&page, format+"\n", args...) }
	line(`.TH %s 1 %s "memfd %s" "User Commands"`, strings.ToUpper(pageName(c)), pagesDate, version)
	line(".SH NAME\n%s \\- %s", pageName(c), prose(strings.ToLower(c.Short[:1])+c.Short[1:]))
	line(".SH SYNOPSIS\n.B %s", literal(c.UseLine()))
	if c.HasAvailableSubCommands() {
		line(".I COMMAND\n.RI [ ARGUMENT ...]")
	}
	var status []string
	line(".SH DESCRIPTION")
	for i, paragraph := range strings.Split(c.Long, "\n\n") {
		switch {
		case strings.HasPrefix(paragraph, "The exit status"):
			status = append(status, paragraph)
			continue
		case strings.HasPrefix(paragraph, " "):
			line(".PP\n.nf\n%s\n.fi", literal(paragraph))
			continue
		case i > 0:
			line(".PP")
		}
		line("%s", prose(paragraph))
	}
	if c.HasAvailableSubCommands() {
		line(".SH COMMANDS")
		for _, sub := range pages[1:] {
			line(".TP\n.BR %s (1)\n%s.", literal(pageName(sub)), prose(sub.Short))
		}
	}
	line(".SH OPTIONS")
	c.InitDefaultHelpFlag()
	c.InitDefaultVersionFlag()
	c.Flags().VisitAll(func(flag *pflag.Flag) { page.WriteString(option(flag)) })
	if status != nil {
		line(".SH EXIT STATUS\n%s", prose(strings.Join(status, "\n")))
	}
	line(".SH EXAMPLES\n.nf\n%s\n.fi", literal(c.Example))
	var others []string
	for _, other := range pages {
		if other != c {
			others = append(others, ".BR "+literal(pageName(other))+" (1)")
		}
	}
	line(".SH SEE ALSO\n%s,\n.BR memfd_create (2),\n.BR memfd_secret (2),\n.BR memfd_go (7)", strings.Join(others, ",\n"))
	return page.String()
}

// option returns the entry of an option.
func option(flag *pflag.Flag) string {
	name, usage := pflag.UnquoteUsage(flag)
	term := `\fB\-\-` + literal(flag.Name) + `\fP`
	if flag.Shorthand != "" {
		term = `\fB\-` + flag.Shorthand + `\fP, ` + term
	}
	if name != "" {
		term += ` \fI` + name + `\fP`
	}
	text := prose(strings.ToUpper(usage[:1]) + usage[1:])
	if value := strings.Trim(flag.DefValue, "[]"); value != "" && value != "false" {
		text += ".\nThe default is " + literal(value)
	}
	return fmt.Sprintf(".TP\n%s\n%s.\n", term, text)
}

// literal escapes text that is printed as it is: each character is what it is on a keyboard.
func literal(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(text)
	return protect(text)
}

// prose escapes text that is filled, and breaks it into lines of at most 78 characters.
func prose(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "--", `\-\-`, " -", ` \-`).Replace(strings.Join(strings.Fields(text), " "))
	var lines []string
	for _, word := range strings.Fields(text) {
		if last := len(lines) - 1; last >= 0 && len(lines[last])+len(word) < 78 {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return protect(strings.Join(lines, "\n"))
}

// protect keeps lines that begin with a dot from being requests.
func protect(text string) string {
	return strings.TrimPrefix(strings.ReplaceAll("\n"+text, "\n.", "\n"+`\&.`), "\n")
}
