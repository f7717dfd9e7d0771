// SPDX-License-Identifier: MIT

//! Finds libmemfd_go, or builds it from the Go sources in this package.

use std::env;
use std::error::Error;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name that the dynamic loader looks for.
const SONAME: &str = "libmemfd_go.so.1";
/// The name that `-lmemfd_go` looks for.
const LINK_NAME: &str = "libmemfd_go.so";
/// The static library.
const ARCHIVE: &str = "libmemfd_go.a";
/// The oldest release with all functions that src/lib.rs declares.
const VERSION: &str = "1.0.0";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=MEMFD_GO_LIB_DIR");
    if env::var_os("DOCS_RS").is_some() {
        return; // docs.rs builds only documentation, and links nothing.
    }
    if let Err(error) = find() {
        eprintln!("error: {}", error);
        std::process::exit(1);
    }
}

/// Uses the first library that is available; README.md lists the order.
fn find() -> Result<()> {
    let target_os = env::var("CARGO_CFG_TARGET_OS")?;
    if target_os != "linux" && target_os != "android" {
        return Err(format!("libmemfd_go is for Linux, not for {}", target_os).into());
    }
    if let Some(dir) = env::var_os("MEMFD_GO_LIB_DIR").filter(|dir| !dir.is_empty()) {
        return use_dir(Path::new(&dir)).map_err(|e| format!("MEMFD_GO_LIB_DIR: {}", e).into());
    }
    if env::var_os("CARGO_FEATURE_PREBUILT").is_some() {
        return use_prebuilt().map_err(|e| format!("feature prebuilt: {}", e).into());
    }
    if use_pkg_config().is_ok() {
        return Ok(());
    }
    let sources = go_sources().ok_or("the Go sources are missing from this package")?;
    match go().arg("version").output() {
        Ok(_) => build(&sources).map_err(|e| format!("building libmemfd_go: {}", e).into()),
        Err(error) => Err(format!(
            "libmemfd_go not found, and go cannot be run to build it ({}).\n\n\
             Do one of these:\n\
             - install Go 1.25 or later: the library is then built from the sources in this package;\n\
             - enable the feature \"prebuilt\" of memfd-go or memfd-go-sys;\n\
             - install libmemfd_go {} or later where pkg-config finds it;\n\
             - set MEMFD_GO_LIB_DIR to a directory that contains {}.",
            error,
            VERSION,
            file_name()?
        )
        .into()),
    }
}

/// Returns whether to link with the static library if both exist: with the feature `static`, and
/// for programs without a dynamic loader.
fn is_static() -> Result<bool> {
    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    Ok(env::var_os("CARGO_FEATURE_STATIC").is_some()
        || features.split(',').any(|name| name == "crt-static")
        || env::var("CARGO_CFG_TARGET_ENV")? == "musl" && is_static_by_default()?)
}

/// Returns whether rustc links programs for this target statically. For musl, cargo does not list
/// the target feature crt-static, because shared libraries are possible there as well.
fn is_static_by_default() -> Result<bool> {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--print=cfg", "--crate-type=bin", "--target"])
        .arg(env::var("TARGET")?)
        .args(flags.split('\x1f').filter(|flag| !flag.is_empty()))
        .output()?;
    let cfg = String::from_utf8_lossy(&output.stdout);
    Ok(cfg.lines().any(|l| l == "target_feature=\"crt-static\""))
}

/// Returns the name of the file to link with.
fn file_name() -> Result<&'static str> {
    Ok(if is_static()? { ARCHIVE } else { SONAME })
}

/// Links with the library in `dir`.
fn use_dir(dir: &Path) -> Result<()> {
    let library = library_in(dir, file_name()?)?;
    println!("cargo:rerun-if-changed={}", library.display());
    match is_static()? {
        true => link_static(&library),
        false => link_shared(&library),
    }
}

/// Returns the absolute path of a library. It may be a symbolic link to a file of another name,
/// which the linker would not find.
fn library_in(dir: &Path, name: &str) -> Result<PathBuf> {
    let library = dir.join(name);
    fs::metadata(&library).map_err(|e| format!("{}: {}", library.display(), e))?;
    Ok(fs::canonicalize(dir)?.join(name))
}

/// Links with a static library. rustc copies it into the crate, so dependents need not find it.
fn link_static(library: &Path) -> Result<()> {
    let dir = library
        .parent()
        .ok_or("the library has no parent directory")?;
    println!("cargo:rustc-link-search=native={}", dir.display());
    println!("cargo:rustc-link-lib=static=memfd_go");
    println!("cargo:lib_dir={}", dir.display());
    Ok(())
}

/// Links with a shared library through symbolic links in OUT_DIR. cargo adds search paths within
/// the target directory to LD_LIBRARY_PATH for `cargo run` and `cargo test`, so programs find the
/// library before it is installed.
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

/// Links with the static library for the target in memfd-go-prebuilt.
fn use_prebuilt() -> Result<()> {
    let lib = env::var_os("DEP_MEMFD_GO_PREBUILT_LIB").ok_or(
        "this copy of memfd-go-prebuilt contains no libraries; use the package from `make crates`",
    )?;
    if goarch()? == "arm" && goarm()? != "7" {
        let target = env::var("TARGET")?;
        return Err(format!("the prebuilt library needs ARMv7; {} is older", target).into());
    }
    link_static(&library_in(&Path::new(&lib).join(goarch()?), ARCHIVE)?)
}

fn use_pkg_config() -> Result<()> {
    // The list of variables would precede the error message of a failed build.
    let library = pkg_config::Config::new()
        .atleast_version(VERSION)
        .cargo_metadata(false)
        .env_metadata(false)
        .probe("libmemfd_go")?;
    for name in ["PATH", "LIBDIR", "SYSROOT_DIR"] {
        println!("cargo:rerun-if-env-changed=PKG_CONFIG_{}", name);
    }
    // A variable of the .pc file, such as libdir, may lack the sysroot.
    use_dir(
        library
            .link_paths
            .first()
            .ok_or("libmemfd_go.pc has no -L")?,
    )
}

/// Returns the directory of the Go sources: in the package, or in the repository.
fn go_sources() -> Option<PathBuf> {
    let crate_dir = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    ["go", "../../.."]
        .iter()
        .filter_map(|place| fs::canonicalize(crate_dir.join(place)).ok())
        .find(|top| {
            let go_mod = fs::read_to_string(top.join("go.mod")).unwrap_or_default();
            go_mod.lines().any(|line| line == "module libmemfd_go")
        })
}

/// Builds the static library from the Go sources in `top`. A program that links with it can be
/// installed without the library.
fn build(top: &Path) -> Result<()> {
    for input in ["go.mod", "go.sum", "core", "capi"] {
        println!("cargo:rerun-if-changed={}", top.join(input).display());
    }
    let out = out_dir()?.join("go");
    let mut go = host_go(top)?;
    go.args(["run", "./capi/linker", "build", "-arch", goarch()?, "-o"]);
    go.arg(&out);
    if goarch()? == "arm" {
        go.arg(format!("GOARM={}", goarm()?));
    }
    run(&mut go)?;
    link_static(&out.join(ARCHIVE))
}

/// Returns a go command that does not download another version of Go.
fn go() -> Command {
    let mut go = Command::new("go");
    go.env("GOTOOLCHAIN", "local");
    go
}

/// Returns a go command in `top` that builds programs for the host, regardless of the
/// environment. The package contains all modules, so nothing is downloaded.
fn host_go(top: &Path) -> Result<Command> {
    let host = go()
        .args(["env", "GOHOSTOS", "GOHOSTARCH"])
        // go env fails if GOOS and GOARCH are set to an unsupported pair.
        .envs([("GOOS", "linux"), ("GOARCH", "amd64")])
        .output()
        .map_err(|e| format!("cannot run go: {}", e))?;
    let host = String::from_utf8(host.stdout)?;
    let mut host = host.lines();
    let mut go = go();
    go.current_dir(top)
        .env("GOOS", host.next().unwrap_or_default())
        .env("GOARCH", host.next().unwrap_or_default());
    let baseline = fs::read_to_string(top.join("capi/linker/baseline.env"))?;
    for line in baseline.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, value)) = line.split_once('=') {
            go.env(name, value);
        }
    }
    Ok(go)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .map_err(|e| format!("cannot run go: {}", e))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}\n{:?}: {}", said.trim_end(), command, output.status).into())
}

/// Returns Go's name of the target architecture.
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

/// Returns the oldest ARM version that programs for the target must support.
fn goarm() -> Result<&'static str> {
    let target = env::var("TARGET")?;
    if target.starts_with("armv7") || target.starts_with("thumbv7") {
        return Ok("7");
    }
    if target.starts_with("armv4") {
        return Err(format!("libmemfd_go needs ARMv5 or later; {} is older", target).into());
    }
    match target.ends_with("hf") {
        true => Ok("6"),
        false => Ok("5"),
    }
}

fn out_dir() -> Result<PathBuf> {
    Ok(PathBuf::from(env::var("OUT_DIR")?))
}
