// SPDX-License-Identifier: MIT

package testenv

import (
	"fmt"
	"os/exec"
	"path/filepath"
)

// wheelPlatforms are the platform tags of the wheels for glibc and musl: the oldest for which
// auditwheel has a policy.
var wheelPlatforms = map[string][2]string{
	"amd64":   {"manylinux_2_5_x86_64", "musllinux_1_1_x86_64"},
	"arm64":   {"manylinux_2_17_aarch64", "musllinux_1_1_aarch64"},
	"386":     {"manylinux_2_5_i686", "musllinux_1_1_i686"},
	"arm":     {"manylinux_2_17_armv7l", "musllinux_1_1_armv7l"},
	"riscv64": {"manylinux_2_31_riscv64", "musllinux_1_1_riscv64"},
	"ppc64le": {"manylinux_2_17_ppc64le", "musllinux_1_1_ppc64le"},
	"s390x":   {"manylinux_2_17_s390x", "musllinux_1_1_s390x"},
	"loong64": {"manylinux_2_36_loongarch64", "musllinux_1_2_loongarch64"},
}

// WheelTags returns the tags of the wheel for an architecture, for glibc and musl.
func (a Arch) WheelTags() (glibc, musl string) {
	platforms := wheelPlatforms[a.GOARCH]
	return "py3-none-" + platforms[0], "py3-none-" + platforms[1]
}

// Wheels returns the folder of the wheels and the sdist.
func Wheels() string { return filepath.Join(Repository(), "build", "wheels") }

// Wheel returns the path of the wheel for an architecture.
func (a Arch) Wheel() (string, error) {
	platforms := wheelPlatforms[a.GOARCH]
	name := fmt.Sprintf("memfd_go-*-py3-none-%s.%s.whl", platforms[0], platforms[1])
	found, _ := filepath.Glob(filepath.Join(Wheels(), name))
	if len(found) != 1 {
		return "", fmt.Errorf("the wheel for %s is not built: run make wheels", a.GOARCH)
	}
	return found[0], nil
}

// InVenv returns the path of a program in the virtual environment of make setup.
func InVenv(name string) (string, error) {
	path := filepath.Join(Repository(), "build", "venv", "bin", name)
	if _, err := exec.LookPath(path); err != nil {
		return "", fmt.Errorf("%s is not in build/venv: run make setup", name)
	}
	return path, nil
}

// InstallWheel installs the wheel that pip selects for a platform into a folder.
func InstallWheel(platform, folder string) error {
	pip, err := InVenv("pip")
	if err != nil {
		return err
	}
	install := exec.Command(pip, "install", "--quiet", "--no-deps", "--no-index", "--only-binary=:all:",
		"--find-links="+Wheels(), "--platform="+platform, "--target="+folder, "memfd-go")
	if output, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", install, err, output)
	}
	return nil
}
