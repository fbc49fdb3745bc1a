//! The block reader: it returns the bytes of the file as blocks, reads alike from a file, a pipe or in pieces, and finds
//! the packets of a capture. An input is a byte that selects how to read, and then a file; see `support/blocks/input`.

use crate::support::blocks::check_input;

/// Checks an input.
pub fn check(input: &[u8]) {
    check_input(input);
}
