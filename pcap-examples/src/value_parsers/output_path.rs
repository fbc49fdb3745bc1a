//! Parses the path of an output.

use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, TypedValueParser};

/// Other names of standard output on Unix.
const STDOUT: [&str; 3] = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// Returns a parser for the path of an output, which calls [`to_output_path`].
#[must_use]
pub fn output_path() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(to_output_path)
}

/// Replaces names of standard output by `-`, so that all that applies to `-` applies to them.
#[must_use]
pub fn to_output_path(path: PathBuf) -> PathBuf {
    match cfg!(unix) && STDOUT.iter().any(|name| path == Path::new(name)) {
        true => PathBuf::from("-"),
        false => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_standard_output_mean_the_same() {
        for path in ["-", "/dev/stdout", "/dev//stdout", "/dev/fd/1"] {
            let is_stdout = to_output_path(path.into()) == Path::new("-");
            assert_eq!(is_stdout, cfg!(unix) || path == "-", "{path}");
        }
        for path in ["stdout", "/dev/stderr", "/dev/fd/2", "./-"] {
            assert_eq!(to_output_path(path.into()), Path::new(path));
        }
    }
}
