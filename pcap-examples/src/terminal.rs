//! What the terminal can show.

use std::env;

use clap::ColorChoice;

use crate::packet_view;

/// The width of text that does not go to a terminal, in columns.
const DEFAULT_COLUMNS: usize = 80;

/// Returns the width of the terminal of standard output, in columns, or 80 if it is none. The environment variable
/// `COLUMNS` has precedence.
#[must_use]
pub fn columns() -> usize {
    let variable = env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let terminal = || terminal_size::terminal_size_of(std::io::stdout());
    variable
        .or_else(|| terminal().map(|(width, _)| width.0.into()))
        .filter(|&columns| columns > 0)
        .unwrap_or(DEFAULT_COLUMNS)
}

/// Returns whether the locale has UTF-8. The first variable that is set and not empty decides, as in setlocale(3).
#[must_use]
pub fn is_unicode() -> bool {
    is_unicode_locale(["LC_ALL", "LC_CTYPE", "LANG"].map(|name| env::var(name).unwrap_or_default()))
}

/// Returns whether to print in color on standard output.
#[must_use]
pub fn is_colored(choice: ColorChoice) -> bool {
    packet_view::is_colored(choice)
}

fn is_unicode_locale(variables: [String; 3]) -> bool {
    let locale = variables.into_iter().find(|value| !value.is_empty());
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_decides() {
        for (variables, expected) in [
            (["", "", ""], false),
            (["", "", "de_DE.UTF-8"], true),
            (["C.utf8", "", ""], true),
            (["C", "", "en_US.UTF-8"], false),
            (["", "POSIX", "en_US.UTF-8"], false),
        ] {
            assert_eq!(is_unicode_locale(variables.map(String::from)), expected);
        }
    }
}
