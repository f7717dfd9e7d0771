// SPDX-License-Identifier: MIT

//! Functions that the tests share.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::raw::c_int;
use std::path::PathBuf;
use std::sync::Mutex;

/// Runs a test, and checks that it leaks no descriptor, mapping or locked memory.
///
/// The harness runs tests in several threads of one process. A lock in this function runs them
/// one at a time; otherwise the check would see the resources of other tests.
pub fn isolated(test: impl FnOnce()) {
    static LOCK: Mutex<()> = Mutex::new(());
    let _lock = LOCK.lock().unwrap_or_else(|failed| failed.into_inner());
    let before = resources();
    test();
    assert_eq!(
        before,
        resources(),
        "the test leaked a resource, or closed one of another test"
    );
}

/// Returns the descriptors of this process with their targets, its mappings of memory files, and
/// the amount of locked memory.
fn resources() -> (BTreeMap<c_int, PathBuf>, Vec<String>, String) {
    let dir = PathBuf::from(format!("/proc/{}/fd", std::process::id()));
    let mut descriptors = BTreeMap::new();
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        let target = fs::read_link(&path).unwrap();
        if target != dir {
            let fd = path.file_name().unwrap().to_str().unwrap();
            descriptors.insert(fd.parse().unwrap(), target);
        }
    }
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let in_memory = |line: &&str| line.contains("/memfd:") || line.contains("/secretmem");
    let mappings = maps.lines().filter(in_memory).map(String::from).collect();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let locked = status.lines().find(|line| line.starts_with("VmLck:"));
    (descriptors, mappings, locked.unwrap_or("").to_owned())
}

/// Runs `f` in a child process, and returns its result, 0 to 255.
///
/// Other threads of this process may hold any lock at the fork, so `f` must be async-signal-safe.
pub fn in_child(f: impl FnOnce() -> c_int) -> c_int {
    // SAFETY: the child only calls `f` and _exit(2).
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork: {}", io::Error::last_os_error());
    if pid == 0 {
        let code = f();
        // SAFETY: the function takes no pointers.
        unsafe { libc::_exit(code) }
    }
    let mut status = 0;
    // SAFETY: `status` is writable.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert!(libc::WIFEXITED(status), "the child died: {status:#x}");
    libc::WEXITSTATUS(status)
}

/// Prevents this process, which should be a child, from opening descriptors.
pub fn forbid_new_descriptors() {
    set_limit(libc::RLIMIT_NOFILE, 0);
}

/// Sets RLIMIT_FSIZE of this process, which should be a child.
pub fn limit_file_size(size: libc::rlim_t) {
    // SAFETY: no handler is installed.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    set_limit(libc::RLIMIT_FSIZE, size);
}

/// Prevents this process, which should be a child, from locking memory.
pub fn forbid_locked_memory() {
    set_limit(libc::RLIMIT_MEMLOCK, 0);
    // SAFETY: the function takes no pointers. It fails unless we are root, who has no limits.
    unsafe { libc::setuid(65534) };
}

/// The type of a resource depends on the C library.
#[cfg(target_env = "gnu")]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(target_env = "gnu"))]
type Resource = c_int;

pub fn set_limit(resource: Resource, limit: libc::rlim_t) {
    let limit = libc::rlimit {
        rlim_cur: limit,
        rlim_max: limit,
    };
    // SAFETY: `limit` is readable.
    assert_eq!(unsafe { libc::setrlimit(resource, &limit) }, 0);
}

/// Returns 0 or the error number.
pub fn errno<T>(result: Result<T, impl Into<io::Error>>) -> c_int {
    match result {
        Ok(_) => 0,
        Err(error) => error.into().raw_os_error().unwrap_or(255),
    }
}

/// Opens the file of `fd` again through /proc.
pub fn reopen(fd: &impl AsRawFd, options: &OpenOptions) -> File {
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    options.open(path).unwrap()
}

pub fn read_only() -> OpenOptions {
    OpenOptions::new().read(true).clone()
}

pub fn write_only() -> OpenOptions {
    OpenOptions::new().write(true).clone()
}

/// Opens the file of `fd` again with O_PATH, which OpenOptions does not support with every C
/// library.
pub fn path_only(fd: &impl AsRawFd) -> OwnedFd {
    let path = format!("/proc/self/fd/{}\0", fd.as_raw_fd());
    // SAFETY: the path ends with a NUL.
    let fd = unsafe { libc::open(path.as_ptr().cast(), libc::O_PATH | libc::O_CLOEXEC) };
    assert!(fd >= 0, "open: {}", io::Error::last_os_error());
    // SAFETY: the descriptor is new, so nothing else owns it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Returns the read end and the write end of a pipe.
pub fn pipe() -> (OwnedFd, OwnedFd) {
    let mut fds = [0; 2];
    // SAFETY: there is room for two descriptors.
    assert_eq!(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) }, 0);
    // SAFETY: the descriptors are new, so nothing else owns them.
    unsafe { (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1])) }
}

/// Prints why a test, or a part of one, was skipped; see `--show-output`.
pub fn skip(reason: &str) {
    println!("skipped: {reason}");
}

/// Returns whether seccomp filters work; emulators do not support them.
pub fn can_filter() -> bool {
    in_child(|| {
        refuse_new_flags();
        let name = b"refused\0".as_ptr().cast();
        // SAFETY: the name ends with a NUL.
        (unsafe { libc::memfd_create(name, 8) } != -1) as c_int
    }) == 0
}

/// Makes memfd_create(2) refuse the flags of Linux 6.3, in this process, which should be a child.
pub fn refuse_new_flags() {
    refuse(libc::SYS_memfd_create, 1, 0x18, libc::EINVAL); // MFD_NOEXEC_SEAL, MFD_EXEC
}

/// Makes every query of a file's size fail, in this thread, which should end soon.
pub fn refuse_size(errno: c_int) {
    refuse(libc::SYS_statx, 2, libc::AT_EMPTY_PATH as u32, errno);
}

/// Makes a system call fail if the argument with this index has one of `bits`.
fn refuse(call: libc::c_long, argument: u32, bits: u32, errno: c_int) {
    // The filter's inputs: the system call number, and the low half of an argument.
    const NUMBER: u32 = 0;
    const ARGUMENTS: u32 = 16 + if cfg!(target_endian = "big") { 4 } else { 0 };
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const IF_ANY: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let refuse = libc::SECCOMP_RET_ERRNO | errno as u32;
    let mut steps = [
        step(LOAD, 0, 0, NUMBER),
        step(IF_EQUAL, 0, 3, call as u32),
        step(LOAD, 0, 0, ARGUMENTS + 8 * argument),
        step(IF_ANY, 0, 1, bits),
        step(RETURN, 0, 0, refuse),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: steps.len() as u16,
        filter: steps.as_mut_ptr(),
    };
    // SAFETY: the filter has `len` instructions.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program);
    }
}
