//! Options of other tools that a program does not have. Instead of a general message about an unexpected argument, a
//! program prints a sentence that says why, or what to use.

mod copying;
mod counting;
mod describing;
mod printing;
mod sending;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Options of other tools, and the sentence about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The tools that have the options.
    pub tools: &'static str,
    /// The programs that do not have them.
    pub programs: &'static [&'static str],
    /// The options. An empty name stands for a word that is no option.
    pub options: &'static [&'static str],
    /// The reason, or what to use.
    pub sentence: &'static str,
}

/// Returns all options that are refused with a sentence.
pub fn all() -> impl Iterator<Item = &'static Refused> {
    [
        printing::ROWS,
        describing::ROWS,
        copying::ROWS,
        sending::ROWS,
        counting::ROWS,
    ]
    .into_iter()
    .flatten()
}

/// Returns the argument that a program does not have, and the sentence about it, if that is why the command line is
/// wrong.
#[must_use]
pub fn sentence_about(program: &str, error: &clap::Error) -> Option<(String, &'static str)> {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let name = match argument.starts_with('-') {
        true => argument.as_str(),
        false => "",
    };
    let row = all().find(|row| row.programs.contains(&program) && row.options.contains(&name))?;
    Some((argument.clone(), row.sentence))
}

/// Returns a row of a table.
const fn row(
    tools: &'static str,
    programs: &'static [&'static str],
    options: &'static [&'static str],
    sentence: &'static str,
) -> Refused {
    Refused {
        tools,
        programs,
        options,
        sentence,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::program::NAMES;

    #[test]
    fn each_option_of_a_program_has_one_sentence() {
        let mut known = BTreeSet::new();
        for row in all() {
            for program in row.programs {
                assert!(NAMES.contains(program), "{row:?}");
                for option in row.options {
                    assert!(known.insert((program, option)), "{program} {option}");
                }
            }
        }
    }

    #[test]
    fn sentences_depend_on_the_program() {
        let refused = |program: &str, word: &str| {
            let command = clap::Command::new("program");
            let error = command.try_get_matches_from(["program", word]);
            sentence_about(program, &error.unwrap_err())
        };
        let (argument, sentence) = refused("pcap-recode", "--portmap=1:2").unwrap();
        assert_eq!(
            (argument.as_str(), sentence),
            ("--portmap", "use `--port OLD=NEW`")
        );
        assert!(refused("pcap-read", "--portmap=1:2").is_none());
        assert_eq!(refused("pcap-read", "-Efoo").unwrap().0, "-E");
        assert_eq!(refused("pcap-filter", "udp").unwrap().0, "udp");
        assert!(refused("pcap-filter", "-i9x").is_some());
        assert!(refused("pcap-demo", "-i").is_none());
    }
}
