//! What the crate does, and its errors. One program, so that `common::alone` can keep
//! the tests apart.

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
mod transfer;
mod version;
