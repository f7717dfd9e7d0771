// SPDX-License-Identifier: MIT

//! What the crate does, and its errors. One program, so that `common::alone` can keep
//! the tests apart.

#[cfg(feature = "allocator-api2")]
mod allocator;
mod common;
mod create;
mod exec;
mod inspect;
mod leaks;
mod map;
mod memfd;
mod processes;
mod sealed;
mod seals;
mod secret;
mod secret_box;
mod secret_buf;
mod secret_pool;
mod shared;
mod size;
#[cfg(feature = "tokio")]
mod tokio;
mod transfer;
mod version;
#[cfg(feature = "zeroize")]
mod zeroize;
