// SPDX-License-Identifier: MIT

package main

import (
	"os/exec"
	"slices"

	"libmemfd_go/internal/results"
)

const crates = "bindings/rust"

// features are those that add functions. The others select how the library is linked.
const features = "--features=memfd-go/allocator-api2,memfd-go/tokio,memfd-go/zeroize"

func runRust() []results.Result { return cargoTest(nil, "--show-output") }

// cargoTest runs tests with arguments for cargo and for the test programs.
func cargoTest(forCargo []string, forTests ...string) []results.Result {
	if why := cannotCargo(crates); why != "" {
		return []results.Result{{Name: "cargo test", Status: results.Skipped, Detail: why}}
	}
	words := slices.Concat([]string{"cargo", "test", "--locked", "--workspace", features, "--no-fail-fast"}, forCargo, []string{"--"}, forTests)
	output, err := command(crates, words...)
	return results.WithExit(results.ParseCargo(output), "cargo test", output, err)
}

// cannotCargo returns the reason why cargo cannot build the package in a folder, or "".
func cannotCargo(folder string) string {
	if _, err := exec.LookPath("cargo"); err != nil {
		return "cargo is not installed"
	}
	if _, err := command(folder, "cargo", "fetch", "--locked"); err != nil {
		return "crates are missing: run cargo fetch in " + folder
	}
	return ""
}
