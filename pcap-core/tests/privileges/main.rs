//! Giving up privileges, in child processes. A separate program, because a child can only use locks that no other
//! thread holds when it is forked.
#![cfg(all(target_os = "linux", not(emulated)))] // qemu-user does not translate these system calls

mod child;
#[cfg(target_pointer_width = "64")] // other processors have other system calls
mod refused;
mod rights;
mod threads;
mod users;

#[path = "../support/mod.rs"]
mod support;
