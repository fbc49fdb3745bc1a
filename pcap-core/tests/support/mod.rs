//! Shared code of the tests. No test program uses all of it.

#![allow(dead_code, unused_imports)]

pub(crate) mod blocks;
pub(crate) mod choices;
pub(crate) mod contents;
pub(crate) mod cpu;
pub(crate) mod damage;
pub(crate) mod differential;
pub(crate) mod files;
#[cfg(target_os = "linux")]
pub(crate) mod memory;
#[cfg(target_os = "linux")]
mod netns;
pub(crate) mod ng;
pub(crate) mod persuade;
pub(crate) mod random;
#[cfg(target_os = "linux")]
pub(crate) mod refused;
#[cfg(all(target_os = "linux", feature = "remote"))]
pub(crate) mod rpcapd;
pub(crate) mod terms;
#[cfg(target_os = "linux")]
pub(crate) mod wire;
pub(crate) mod words;

use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pcap_core::Insn;

#[cfg(target_os = "linux")]
pub(crate) use netns::{Netns, descriptors, drop_rights, own_descriptors, wait_until};

/// Keeps a value until the process ends, and never drops it. To tools that look for leaks, this is none.
pub(crate) fn keep(value: impl Any + Send) {
    static KEPT: Mutex<Vec<Box<dyn Any + Send>>> = Mutex::new(Vec::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.push(Box::new(value));
}

/// Returns the C library's text for an error number.
pub(crate) fn error_text(number: i32) -> String {
    let text = std::io::Error::from_raw_os_error(number).to_string();
    let end = text.rfind(" (os error").expect("the number");
    text[..end].to_owned()
}

/// Prevents other tests of this program that call this from running at the same time.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
