// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// `memfd ls` compared with lsof, on real processes.

const (
	listWork  = "300 processes, 30 000 descriptors"
	listLarge = "100 processes, 100 000 descriptors"
	memfds    = 1000 // of these descriptors
)

// list runs `memfd ls` and lsof alternately, and `memfd ls` alone on many more descriptors.
func (a *artifacts) list(all *results, speed float64) error {
	lsof := listing{"lsof", []string{"lsof", "-n", "-P", "-w"}}
	same := listing{"same", lsof.command}
	ours := listing{"memfd ls", []string{filepath.Join(a.folder, "memfd"), "ls"}}
	var turns []listing
	for range max(1, int(4/speed)) {
		turns = append(turns, lsof, ours, same, same, ours, lsof)
	}
	if err := a.listings(all, listWork, 300, 100, turns); err != nil {
		return err
	}
	return a.listings(all, listLarge, 100, 1000, []listing{ours})
}

type listing struct {
	name    string
	command []string
}

func (a *artifacts) listings(all *results, work string, processes, each int, turns []listing) error {
	end, err := a.descriptors(processes, each)
	if err != nil {
		return err
	}
	defer end()
	for _, l := range turns {
		used, err := listOnce(l.command)
		if err != nil {
			return err
		}
		all.add(tableList, work+", elapsed", l.name, used.elapsed)
		all.add(tableList, work+", processor", l.name, used.processor)
		all.add(tableListMemory, work, l.name, used.resident)
	}
	return nil
}

type usage struct{ elapsed, processor, resident float64 } // ns, ns, MB

// listOnce runs a command that lists files and checks that all memory files are among them.
func listOnce(command []string) (usage, error) {
	cmd := exec.Command(command[0], command[1:]...)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, os.Stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return usage{}, fmt.Errorf("%s: %w", command, err)
	}
	elapsed := time.Since(start)
	if n := strings.Count(output.String(), "bench"); n < memfds {
		return usage{}, fmt.Errorf("%s lists %d of %d memory files", command, n, memfds)
	}
	state := cmd.ProcessState
	// At least the value of this program, which a child inherits.
	resident := float64(state.SysUsage().(*syscall.Rusage).Maxrss) / 1000
	return usage{float64(elapsed), float64(state.UserTime() + state.SystemTime()), resident}, nil
}

// descriptors starts processes with open descriptors, and returns a function that ends them.
func (a *artifacts) descriptors(processes, each int) (end func(), err error) {
	cmd := exec.Command(filepath.Join(a.folder, "descriptors"), fmt.Sprint(processes), fmt.Sprint(each), fmt.Sprint(memfds))
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	end = func() { input.Close(); cmd.Wait() }
	if line, err := bufio.NewReader(output).ReadString('\n'); line != "ready\n" {
		end()
		return nil, fmt.Errorf("%s is not ready: %q, %v", cmd, line, err)
	}
	return end, nil
}
