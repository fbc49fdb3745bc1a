//! The dumper: it writes what the generator of the tests writes, and the reader returns what was written. The bytes of an
//! input are the decisions of what to write; see `support/blocks/written`.

use crate::support::blocks::check_written;

/// Checks an input.
pub fn check(input: &[u8]) {
    check_written(input);
}
