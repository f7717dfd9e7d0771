// SPDX-License-Identifier: MIT

//! Tells memfd-go-sys where the archives are: `DEP_MEMFD_GO_PREBUILT_LIB`.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let folder = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let lib = Path::new(&folder).join("lib");
    // The repository has no archives, only the packages made by `make crates` do.
    if lib.is_dir() {
        println!("cargo:lib={}", lib.display());
    }
}
