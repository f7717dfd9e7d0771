// SPDX-License-Identifier: MIT

// Command bench is `make bench`: it compares the library with every other way to make the
// same calls, and writes docs/BENCHMARKS.md, the plots beside it, and README.md's figures.
//
//	go run ./tests/bench            the whole of it, in less than 10 minutes
//	go run ./tests/bench -quick     a trial: everything once, and the document is printed
//	go run ./tests/bench -noisy     on a machine that is not quiet: the document says so
//
// Everything is measured in one run, in rounds: each round runs every program once, in
// turns. The C programs (c/bench.h) compare calls with each other by the block, resolve a
// tenth of a percent, and compare one arm with itself; if those two differ, the machine
// was not quiet, and the run is void. The other languages are measured by their own tools
// (testing, criterion, pyperf) and whole processes by hyperfine.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

var (
	quick = flag.Bool("quick", false, "everything once and briefly; print the document")
	noisy = flag.Bool("noisy", false, "write what is void, too, and that it is")
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
	arms, err := build()
	if err != nil {
		return err
	}
	restore := reserveHugePages(8)
	defer restore()
	fmt.Printf("built in %.0f s\n", time.Since(start).Seconds())
	n, speed := rounds, 1.0
	if *quick {
		n, speed = 1, 10
	}
	all := &results{}
	for round := range n {
		if err := arms.round(all, speed); err != nil {
			return err
		}
		fmt.Printf("round %d of %d ended after %.0f s\n", round+1, n, time.Since(start).Seconds())
	}
	if !*quick {
		if err := arms.again(all, speed); err != nil {
			return err
		}
	}
	document, err := newDocument(arms, all, time.Since(start))
	if err != nil {
		return err
	}
	if *quick && !*noisy {
		fmt.Print(document.text())
		return nil
	}
	if void := all.void(); len(void) != 0 && !*noisy {
		return fmt.Errorf("this run is void, since one arm differed from itself: %s; nothing is written", strings.Join(void, ", "))
	}
	return document.write()
}
