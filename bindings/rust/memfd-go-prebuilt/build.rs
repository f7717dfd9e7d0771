// SPDX-License-Identifier: MIT

//! Sets `DEP_MEMFD_GO_PREBUILT_LIB`, the directory of the static libraries, for memfd-go-sys.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let folder = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let lib = Path::new(&folder).join("lib");
    // Only packages from `make crates` contain the static libraries, not the repository.
    if lib.is_dir() {
        println!("cargo:lib={}", lib.display());
    }
}
