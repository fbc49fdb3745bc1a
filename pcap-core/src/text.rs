//! Text, with less code than the standard library's.
//!
//! Its `format!` and `write!` are inlined wherever they are used, and its searches for text are a large algorithm for
//! each of their methods. This crate mostly writes and searches error messages, which need not be fast.

use std::fmt;

/// Formats text as the standard library's macro does.
macro_rules! format {
    ($($arguments:tt)*) => {
        $crate::text::format(format_args!($($arguments)*))
    };
}

/// Formats text into a formatter or a string as the standard library's macro does.
macro_rules! write {
    ($to:expr, $($arguments:tt)*) => {
        ::std::fmt::write($to, format_args!($($arguments)*))
    };
}

#[inline(never)]
pub(crate) fn format(arguments: fmt::Arguments<'_>) -> String {
    fmt::format(arguments)
}

/// Returns where a part, which is not empty, last occurs in a text.
pub(crate) fn rfind(text: &str, part: &str) -> Option<usize> {
    let mut windows = text.as_bytes().windows(part.len());
    windows.rposition(|window| window == part.as_bytes())
}

/// Returns whether a part, which is not empty, occurs in a text.
pub(crate) fn contains(text: &str, part: &str) -> bool {
    rfind(text, part).is_some()
}
