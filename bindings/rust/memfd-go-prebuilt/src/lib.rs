#![doc = include_str!("../README.md")]
// SPDX-License-Identifier: MIT
#![no_std]
