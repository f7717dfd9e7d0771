// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"libmemfd_go/cmd/memfd/internal/scan"
	"libmemfd_go/cmd/memfd/internal/text"
)

// completeFile offers PID/FD for the first argument: one descriptor of each holder.
func completeFile(command *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 && command.Name() == "clone" {
		return nil, cobra.ShellCompDirectiveDefault
	}
	result, err := scan.All()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var all []cobra.Completion
	for _, f := range result.Files {
		for _, h := range f.Holders {
			if len(h.FDs) > 0 {
				what := fmt.Sprintf("%s, %s, of %s", text.Escape(f.Name), text.Size(f.Size), text.Escape(h.Command))
				all = append(all, cobra.CompletionWithDesc(fmt.Sprintf("%d/%d", h.PID, h.FDs[0]), what))
			}
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// unquoteUsage removes the quotes that mark the names of values in the help texts.
func unquoteUsage(root *cobra.Command) {
	for _, command := range root.Commands() {
		command.LocalFlags().VisitAll(func(flag *pflag.Flag) { flag.Usage = strings.ReplaceAll(flag.Usage, "`", "") })
	}
}

// completePID offers the processes that hold files in memory.
func completePID(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	result, err := scan.All()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := map[int]string{}
	for _, f := range result.Files {
		for _, h := range f.Holders {
			names[h.PID] = text.Escape(h.Command)
		}
	}
	var all []cobra.Completion
	for pid, name := range names {
		all = append(all, cobra.CompletionWithDesc(strconv.Itoa(pid), name))
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}
