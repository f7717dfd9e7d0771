// SPDX-License-Identifier: MIT

//! Features of the kernel.

use std::io;
use std::mem::{size_of, MaybeUninit};

use bitflags::bitflags;
use memfd_go_sys as sys;

use crate::error::result;

bitflags! {
    /// Features that [`probe`] tries.
    ///
    /// Unknown bits are kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct Features: u64 {
        /// memfd_create(2).
        const CREATE = sys::MEMFD_GO_FEATURE_CREATE as u64;
        /// Seals can be added.
        const SEALING = sys::MEMFD_GO_FEATURE_SEALING as u64;
        /// [`Seals::FUTURE_WRITE`](crate::Seals::FUTURE_WRITE).
        const FUTURE_WRITE = sys::MEMFD_GO_FEATURE_FUTURE_WRITE as u64;
        /// [`CreateFlags::NOEXEC_SEAL`](crate::CreateFlags::NOEXEC_SEAL).
        const NOEXEC_SEAL = sys::MEMFD_GO_FEATURE_NOEXEC_SEAL as u64;
        /// [`Seals::EXEC`](crate::Seals::EXEC).
        const SEAL_EXEC = sys::MEMFD_GO_FEATURE_SEAL_EXEC as u64;
        /// Executable files are allowed.
        const EXEC_ALLOWED = sys::MEMFD_GO_FEATURE_EXEC_ALLOWED as u64;
        /// [`CreateFlags::HUGETLB`](crate::CreateFlags::HUGETLB).
        const HUGETLB = sys::MEMFD_GO_FEATURE_HUGETLB as u64;
        /// memfd_secret(2); only [`probe_secret`] tries it.
        const SECRET = sys::MEMFD_GO_FEATURE_SECRET as u64;
        /// A write-sealed file that is open for writing can be mapped shared.
        const SHARED_RO = sys::MEMFD_GO_FEATURE_SHARED_RO as u64;
        /// /proc/self/fd.
        const PROCFS = sys::MEMFD_GO_FEATURE_PROCFS as u64;
        /// pidfd_getfd(2).
        const PIDFD_GETFD = sys::MEMFD_GO_FEATURE_PIDFD_GETFD as u64;
        /// execveat(2).
        const EXECVEAT = sys::MEMFD_GO_FEATURE_EXECVEAT as u64;

        const _ = !0;
    }
}

/// The result of [`probe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probe {
    /// The features that work.
    pub features: Features,
    /// Bit n: the system has huge pages of 2^n bytes.
    pub huge_sizes: u64,
    /// The soft limit `RLIMIT_MEMLOCK` in bytes; `u64::MAX` means no limit.
    pub memlock: u64,
    /// The size of a page, in bytes.
    pub page_size: usize,
    /// The sysctl `vm.memfd_noexec`: 0, 1 or 2.
    pub noexec_policy: u32,
}

/// Finds out which features work in this process and on this kernel, by trying them.
///
/// This takes about 60 system calls, so call it once. It does not try memfd_secret(2).
///
/// # Errors
///
/// * `EMFILE`, `ENFILE`, `ENOMEM`: no descriptor or memory is free for trying.
///
/// Source: memfd_go.h.
///
/// ```
/// use memfd_go::Features;
///
/// # fn main() -> std::io::Result<()> {
/// let found = memfd_go::probe()?;
/// assert!(found.features.contains(Features::CREATE | Features::SEALING));
/// assert!(found.page_size >= 4096);
/// # Ok(())
/// # }
/// ```
pub fn probe() -> io::Result<Probe> {
    probe_also(Features::empty())
}

/// Finds out which features work, like [`probe`], and also tries memfd_secret(2). This opens a
/// secret file for a moment, during which the system cannot hibernate.
///
/// ```
/// use memfd_go::Features;
///
/// # fn main() -> std::io::Result<()> {
/// if !memfd_go::probe_secret()?.features.contains(Features::SECRET) {
///     eprintln!("keys will be in locked memory");
/// }
/// # Ok(())
/// # }
/// ```
pub fn probe_secret() -> io::Result<Probe> {
    probe_also(Features::SECRET)
}

fn probe_also(request: Features) -> io::Result<Probe> {
    // SAFETY: zeros are valid for all members, which are integers.
    let mut found: sys::memfd_go_features = unsafe { MaybeUninit::zeroed().assume_init() };
    let size = size_of::<sys::memfd_go_features>();
    // SAFETY: `found` is writable and has `size` bytes.
    result(unsafe { sys::memfd_go_probe(&mut found, size, request.bits()) })?;
    Ok(Probe {
        features: Features::from_bits_retain(found.bits),
        huge_sizes: found.huge_sizes,
        memlock: found.memlock_soft,
        page_size: found.page_size as usize,
        noexec_policy: found.noexec_policy,
    })
}
