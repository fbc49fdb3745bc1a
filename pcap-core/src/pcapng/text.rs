//! Checks of the strings in options.

use crate::error::{Error, ErrorKind, Result};

/// The maximum length of a string in an option, in bytes.
pub(super) const LONGEST: usize = u16::MAX as usize;

/// Checks that a string fits into an option and contains no NUL byte, at which readers would truncate it.
pub(super) fn check_text(name: &str, what: &str, text: &str, longest: usize) -> Result<()> {
    if text.contains('\0') {
        return Err(refuse(name, format!("the {what} contains a NUL byte")));
    }
    if text.len() <= longest {
        return Ok(());
    }
    let length = text.len();
    Err(refuse(
        name,
        format!("the {what} has {length} bytes, more than the limit of {longest}"),
    ))
}

pub(super) fn refuse(name: &str, text: String) -> Error {
    Error::cannot(ErrorKind::InvalidArgument, "write", name.to_owned(), text)
}
