// SPDX-License-Identifier: MIT

//! The behaviour of the crate, including errors. All tests are in one program, so that
//! `common::isolated` can run them one at a time.

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
