#![doc = include_str!("../README.md")]
// SPDX-License-Identifier: MIT
//!
//! # Where things are
//!
//! | to | use |
//! |---|---|
//! | create a file | [`create`], [`CreateOptions`] |
//! | share bytes that cannot change | [`SealedMemFd`], [`create_sealed`] |
//! | copy a file from a disk | [`SealedMemFd::copy`], [`CreateOptions::create_copy`] |
//! | read what somebody else has sealed | [`map_verified`], [`SealedMemFd::try_from`](SealedMemFd#impl-TryFrom<OwnedFd>-for-SealedMemFd), [`SealedMap`] |
//! | seal, and look at seals | [`add_seals`], [`ensure_seals`], [`get_seals`], [`check_seals`], [`Seals`] |
//! | size a file, give its memory back | [`get_size`], [`set_size`], [`reserve`], [`discard`] |
//! | tell what a descriptor is, open it once more | [`inspect`], [`reopen`] |
//! | share memory that all may write to | [`SharedMap`] |
//! | map a file that may change | [`Map`], [`MapMut`] |
//! | send files to another process, and receive them | [`send_fds`], [`receive_fds`], [`receive_sealed`] |
//! | take files from another process | [`import_pid`], [`import_pidfd`] |
//! | run a program from memory | [`exec`], [`exec_c`] |
//! | keep a secret | [`SecretBuf`], [`SecretBox`], [`SecretString`], [`SecretPool`], [`secret`], [`wipe`], [`equal`] |
//! | ask what the kernel can do | [`probe`], [`probe_secret`] |
//! | ask the library | [`version`], [`version_string`], [`errname`] |
//!
//! # Conventions
//!
//! *Errors* are [`std::io::Error`]s with the kernel's error number
//! ([`raw_os_error`](std::io::Error::raw_os_error)), or convert into one by `?`.
//! A seccomp filter may answer any function with an error of its own choice, usually
//! `EPERM` or `ENOSYS`. On failure nothing leaks: no descriptor, no mapping.
//!
//! *Descriptors* are taken as `impl AsFd`, that is as `&File`, `&OwnedFd`, `&MemFd` and
//! so on. Those that are returned are close-on-exec unless asked otherwise.
//!
//! *Safe: MT AS fork* with a function means: it may be called from any number of
//! threads at once (MT), from a signal handler (AS), and in the child after fork(2)
//! whatever the parent's other threads were doing (fork). Such a function does not
//! allocate.
//!
//! *Source* names the manual page (section 2) or the kernel file that the behaviour
//! comes from. Linux 3.17 or later is assumed; what needs more says so.
#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

#[cfg(feature = "allocator-api2")]
mod allocator;
mod c_str;
mod create;
mod error;
mod exec;
mod fork;
mod inspect;
mod map;
mod memfd;
mod probe;
mod sealed;
mod seals;
mod secret;
mod secret_box;
mod secret_buf;
mod secret_pool;
mod shared;
mod size;
mod spin;
#[cfg(feature = "tokio")]
pub mod tokio;
mod transfer;
mod version;
#[cfg(feature = "zeroize")]
mod zeroize;

#[cfg(feature = "allocator-api2")]
pub use allocator::SecretAllocator;
pub use c_str::ToCStr;
pub use create::{create, create_sealed, reopen, CreateFlags, CreateOptions, NAME_MAX};
pub use error::{NotMemFd, NotSealed, SealsError};
pub use exec::{exec, exec_c, ExecArg, ExecFlags};
pub use inspect::{inspect, Access, Info, Kind};
pub use map::{Map, MapFlags, MapMut};
pub use memfd::MemFd;
pub use probe::{probe, probe_secret, Features, Probe};
pub use sealed::{map_verified, SealedMap, SealedMemFd};
pub use seals::{add_seals, check_seals, ensure_seals, get_seals, DisplaySeals, SealStyle, Seals};
pub use secret::{equal, secret, wipe};
pub use secret_box::{SecretBox, SecretString};
pub use secret_buf::{SecretBuf, SecretKind, SecretOptions, SecretRead, SecretWrite};
pub use secret_pool::{SecretPool, SecretSlot};
pub use shared::{Shared, SharedMap};
pub use size::{discard, get_size, reserve, set_size};
pub use transfer::{
    import_pid, import_pidfd, receive_fds, receive_sealed, receive_sealed_with, send_fds, Message,
    ReceivedFds, FDS_MAX,
};
pub use version::{errname, version, version_string, Version};
