//! Finds libmemfd_go, in this order: MEMFD_GO_LIB_DIR, pkg-config, the Go sources
//! beside this crate.

use std::env;
use std::error::Error;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name under which the dynamic loader looks for the shared library.
const SONAME: &str = "libmemfd_go.so.1";
/// The name under which `-lmemfd_go` looks for it.
const LINK_NAME: &str = "libmemfd_go.so";
/// The static library.
const ARCHIVE: &str = "libmemfd_go.a";
/// The oldest release that has all that src/lib.rs declares.
const VERSION: &str = "1.0.0";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=MEMFD_GO_LIB_DIR");
    if env::var_os("DOCS_RS").is_some() {
        return; // Documentation is not linked.
    }
    if let Err(error) = find() {
        eprintln!(
            "error: {}\n\n\
             libmemfd_go is taken from the first of these that there is:\n\
             1. the folder that the environment variable MEMFD_GO_LIB_DIR names, with {}\n\
             2. what pkg-config says about libmemfd_go, {} or later\n\
             3. the Go sources, if this crate is in its place among them, built with go",
            error,
            file_name(),
            VERSION
        );
        std::process::exit(1);
    }
}

fn find() -> Result<()> {
    let target_os = env::var("CARGO_CFG_TARGET_OS")?;
    if target_os != "linux" {
        return Err(format!("libmemfd_go is for Linux, not for {}", target_os).into());
    }
    if let Some(dir) = env::var_os("MEMFD_GO_LIB_DIR") {
        let dir = Path::new(&dir);
        println!("cargo:rerun-if-changed={}", dir.join(file_name()).display());
        return use_dir(dir).map_err(|e| format!("MEMFD_GO_LIB_DIR: {}", e).into());
    }
    let no_package = match use_pkg_config() {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    match go_sources() {
        Some(top) => build(&top).map_err(|e| format!("building libmemfd_go: {}", e).into()),
        None => Err(format!(
            "libmemfd_go is nowhere: MEMFD_GO_LIB_DIR is not set; {}; there are no Go sources",
            no_package
        )
        .into()),
    }
}

/// Whether to link with the static library: where the feature asks for it, and where a
/// program can have no shared one.
fn is_static() -> bool {
    let has = |feature| {
        let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
        features.split(',').any(|name| name == feature)
    };
    env::var_os("CARGO_FEATURE_STATIC").is_some() || has("crt-static")
}

/// The file to link with.
fn file_name() -> &'static str {
    match is_static() {
        true => ARCHIVE,
        false => SONAME,
    }
}

/// Links with the library in `dir`.
fn use_dir(dir: &Path) -> Result<()> {
    let library = dir.join(file_name());
    let library =
        fs::canonicalize(&library).map_err(|e| format!("{}: {}", library.display(), e))?;
    match is_static() {
        true => link_static(&library),
        false => link_shared(&library),
    }
}

/// rustc copies the library into the crate, so that what uses the crate need not find it.
fn link_static(library: &Path) -> Result<()> {
    let dir = library.parent().ok_or("no folder")?;
    println!("cargo:rustc-link-search=native={}", dir.display());
    println!("cargo:rustc-link-lib=static=memfd_go");
    println!("cargo:lib_dir={}", dir.display());
    Ok(())
}

/// By way of links in OUT_DIR, since that is below the target folder: cargo adds such
/// search paths to LD_LIBRARY_PATH for `cargo run` and `cargo test`, so that programs
/// find the library before it is installed.
fn link_shared(library: &Path) -> Result<()> {
    let links = out_dir()?.join("lib");
    fs::create_dir_all(&links)?;
    replace_link(library, &links.join(SONAME))?;
    replace_link(library, &links.join(LINK_NAME))?;
    println!("cargo:rustc-link-search=native={}", links.display());
    println!("cargo:rustc-link-lib=dylib=memfd_go");
    println!("cargo:lib_dir={}", links.display());
    Ok(())
}

fn replace_link(target: &Path, link: &Path) -> Result<()> {
    if link.symlink_metadata().is_ok() {
        fs::remove_file(link)?;
    }
    Ok(symlink(target, link)?)
}

fn use_pkg_config() -> Result<()> {
    let mut config = pkg_config::Config::new();
    // Whether a static library of the system's is taken shall not be pkg-config's choice.
    config.atleast_version(VERSION).cargo_metadata(!is_static());
    let library = config
        .probe("libmemfd_go")
        .map_err(|e| first_line(&e.to_string()))?;
    if is_static() {
        // As it stands in the file, where blanks are escaped.
        let libdir = pkg_config::get_variable("libmemfd_go", "libdir")?.replace("\\ ", " ");
        return use_dir(Path::new(&libdir));
    }
    if let Some(dir) = library.link_paths.first() {
        println!("cargo:lib_dir={}", dir.display());
    }
    Ok(())
}

fn first_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().to_owned()
}

/// The top folder of the sources, if this crate is in its place among them.
fn go_sources() -> Option<PathBuf> {
    let crate_dir = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    let top = fs::canonicalize(crate_dir.join("../../..")).ok()?;
    let go_mod = fs::read_to_string(top.join("go.mod")).ok()?;
    let is_ours = go_mod.lines().any(|line| line == "module libmemfd_go");
    is_ours.then_some(top)
}

/// Builds the library from the Go sources in `top`, as their Makefile does.
fn build(top: &Path) -> Result<()> {
    for input in ["go.mod", "go.sum", "core", "capi"] {
        println!("cargo:rerun-if-changed={}", top.join(input).display());
    }
    let out = out_dir()?.join("go");
    fs::create_dir_all(&out)?;

    // The linker runs here, so it is built for the host whatever the environment says.
    let linker = out.join("linker");
    let mut go = go_build(top, &linker);
    run(go
        .env_remove("GOOS")
        .env_remove("GOARCH")
        .arg("./capi/linker"))?;

    let mut go = go_build(top, &out.join(file_name()));
    run(go
        .env("GOOS", "linux")
        .env("GOARCH", goarch()?)
        .env("GOARM", "7")
        .args(["-buildmode=c-archive", "-trimpath"])
        .arg(format!("-toolexec=\"{}\" toolexec", linker.display()))
        .arg(match is_static() {
            true => "-ldflags=-E memfd_go_roots -extldflags=-r",
            false => "-ldflags=-E memfd_go_roots",
        })
        .arg("./capi"))?;
    use_dir(&out)
}

fn go_build(top: &Path, output: &Path) -> Command {
    let mut go = Command::new("go");
    go.current_dir(top).env("CGO_ENABLED", "0");
    go.arg("build").arg("-o").arg(output);
    go
}

fn run(command: &mut Command) -> Result<()> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{:?}: {}", command, status).into()),
        Err(error) => Err(format!("cannot run go: {}", error).into()),
    }
}

/// Go's name of the architecture that is built for.
fn goarch() -> Result<&'static str> {
    let arch = env::var("CARGO_CFG_TARGET_ARCH")?;
    let endian = env::var("CARGO_CFG_TARGET_ENDIAN")?;
    match (arch.as_str(), endian.as_str()) {
        ("x86_64", "little") => Ok("amd64"),
        ("aarch64", "little") => Ok("arm64"),
        ("x86", "little") => Ok("386"),
        ("arm", "little") => Ok("arm"),
        ("riscv64", "little") => Ok("riscv64"),
        ("powerpc64", "little") => Ok("ppc64le"),
        ("s390x", "big") => Ok("s390x"),
        ("loongarch64", "little") => Ok("loong64"),
        _ => Err(format!("libmemfd_go does not support {} ({} endian)", arch, endian).into()),
    }
}

fn out_dir() -> Result<PathBuf> {
    Ok(PathBuf::from(env::var("OUT_DIR")?))
}
