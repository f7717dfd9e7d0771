// SPDX-License-Identifier: MIT

// Command bench (make bench) compares the library, its bindings and the command memfd with the
// alternatives, and writes docs/BENCHMARKS.md, its plots, and the figures in README.md.
//
//	go run ./tests/bench            all benchmarks, in less than 20 minutes
//	go run ./tests/bench -quick     a short trial run; prints the document instead of writing it
//	go run ./tests/bench -noisy     writes the results even if the run is void, and says so
//
// All programs run alternately, in several rounds. The C programs (c/bench.h) time short blocks of
// calls, which is precise to a tenth of a percent. They also compare the reference with itself: if
// the two differ, other programs have disturbed the run, and it is void. The other languages use
// testing, criterion and pyperf, and hyperfine measures whole processes.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"libmemfd_go/internal/testenv"
)

var (
	quick = flag.Bool("quick", false, "a short trial run; print the document")
	noisy = flag.Bool("noisy", false, "write the results even if the run is void")
)

const rounds = 3

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	start := time.Now()
	artifacts, err := build()
	if err != nil {
		return err
	}
	defer testenv.ReserveHugePages(8)()
	fmt.Printf("built in %.0f s\n", time.Since(start).Seconds())
	n, speed := rounds, 1.0
	if *quick {
		n, speed = 1, 10
	}
	all := &results{}
	for round := range n {
		if err := artifacts.round(all, speed); err != nil {
			return err
		}
		fmt.Printf("round %d of %d ended after %.0f s\n", round+1, n, time.Since(start).Seconds())
	}
	if !*quick {
		if err := artifacts.again(all, speed); err != nil {
			return err
		}
	}
	document, err := newDocument(artifacts, all, time.Since(start))
	if err != nil {
		return err
	}
	if *quick && !*noisy {
		fmt.Print(document.text())
		return nil
	}
	if void := all.void(); len(void) != 0 && !*noisy {
		return fmt.Errorf("this run is void, since one variant differed from itself: %s; nothing is written", strings.Join(void, ", "))
	}
	return document.write()
}
