//! Savefiles, against libpcap: an input is a plan of eight bytes and then a savefile; see `support/differential`.

use std::cell::RefCell;
use std::fs::File;

use crate::support::differential;

thread_local! {
    static SAVEFILE: RefCell<File> = RefCell::new(tempfile::tempfile().expect("a temporary file"));
}

/// Checks an input.
pub fn check(input: &[u8]) {
    SAVEFILE.with_borrow_mut(|file| differential::check(input, file));
}
