//! Searches in short texts, such as error messages.
//!
//! Each of the standard library's searches for text is a large algorithm, which would be compiled with this crate.

/// Returns where a part, which is not empty, last occurs in a text.
pub(crate) fn rfind(text: &str, part: &str) -> Option<usize> {
    let mut windows = text.as_bytes().windows(part.len());
    windows.rposition(|window| window == part.as_bytes())
}

/// Returns whether a part, which is not empty, occurs in a text.
pub(crate) fn contains(text: &str, part: &str) -> bool {
    rfind(text, part).is_some()
}
