// SPDX-License-Identifier: MIT

package main

import (
	"os/exec"
	"slices"

	"libmemfd_go/internal/results"
)

const crates = "bindings/rust"

// Features that add functions. The others choose a library.
const features = "--features=memfd-go/allocator-api2,memfd-go/tokio,memfd-go/zeroize"

// runRust runs all tests of both crates.
func runRust() []results.Result { return cargoTest(nil, "--show-output") }

// cargoTest runs tests with arguments for cargo, and others for the test programs.
func cargoTest(forCargo []string, forTests ...string) []results.Result {
	if why := cannotCargo(crates); why != "" {
		return []results.Result{{Name: "cargo test", Status: results.Skipped, Detail: why}}
	}
	words := slices.Concat([]string{"cargo", "test", "--locked", "--workspace", features, "--no-fail-fast"}, forCargo, []string{"--"}, forTests)
	output, err := command(crates, words...)
	return results.WithExit(results.ParseCargo(output), "cargo test", output, err)
}

// cannotCargo says why cargo can't build what is in a folder, if it can't.
func cannotCargo(folder string) string {
	if _, err := exec.LookPath("cargo"); err != nil {
		return "cargo is not installed"
	}
	if _, err := command(folder, "cargo", "fetch", "--locked"); err != nil {
		return "the crates that it depends on are not there (cargo fetch, in " + folder + ")"
	}
	return ""
}
