#![doc = include_str!("../README.md")]
// SPDX-License-Identifier: MIT
//!
//! # Overview
//!
//! | to | use |
//! |---|---|
//! | create a file | [`create`], [`CreateOptions`] |
//! | share bytes that cannot change | [`SealedMemFd`], [`create_sealed`] |
//! | copy a file or a stream | [`SealedMemFd::copy`], [`SealedMemFd::copy_stream`], [`CreateOptions`] |
//! | read a sealed file of another process | [`map_verified`], [`SealedMemFd::try_from`](SealedMemFd#impl-TryFrom<OwnedFd>-for-SealedMemFd), [`SealedMap`] |
//! | add, read and check seals | [`add_seals`], [`ensure_seals`], [`get_seals`], [`check_seals`], [`Seals`] |
//! | resize a file, reserve and free its memory | [`get_size`], [`set_size`], [`reserve`], [`discard`] |
//! | identify a descriptor, open its file again | [`inspect`], [`reopen`] |
//! | share memory that every process may write | [`SharedMap`] |
//! | map a file that may change | [`Map`], [`MapMut`] |
//! | send and receive files | [`send_fds`], [`receive_fds`], [`receive_sealed`] |
//! | take files from another process | [`import_pid`], [`import_pidfd`] |
//! | run a program from memory | [`exec`], [`exec_c`] |
//! | keep a secret | [`SecretBuf`], [`SecretBox`], [`SecretString`], [`SecretPool`], [`secret`], [`wipe`], [`equal`] |
//! | find out what the kernel can do | [`probe`], [`probe_secret`] |
//! | identify the library, name an error | [`version`], [`version_string`], [`errname`] |
//!
//! # Conventions
//!
//! *Errors* are [`std::io::Error`]s with the kernel's error number
//! ([`raw_os_error`](std::io::Error::raw_os_error)), or `?` converts them into one. A seccomp
//! filter may make any function fail with any error, usually `EPERM` or `ENOSYS`. On failure
//! nothing leaks: no descriptor and no mapping.
//!
//! *Descriptors* are passed as `impl AsFd`, such as `&File`, `&OwnedFd` or `&MemFd`. Returned
//! descriptors are close-on-exec unless stated otherwise.
//!
//! *Source* names the manual pages and kernel files that define the behaviour. A function with
//! a *Source* line may be called from any number of threads at once, from a signal handler, and
//! in the child after fork(2), whatever the parent's other threads were doing; it does not
//! allocate. *Safe* says where a function differs. Linux 3.17 or later is assumed; a function
//! says so if it needs a newer kernel.
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
pub use secret::{equal, secret, wipe, SecretKind};
pub use secret_box::{SecretBox, SecretString};
pub use secret_buf::{SecretBuf, SecretOptions, SecretRead, SecretWrite};
pub use secret_pool::{SecretPool, SecretSlot};
pub use shared::{Shared, SharedMap};
pub use size::{discard, get_size, reserve, set_size};
pub use transfer::{
    import_pid, import_pidfd, receive_fds, receive_sealed, receive_sealed_with, send_fds, Message,
    ReceivedFds, FDS_MAX,
};
pub use version::{errname, version, version_string, Version};
