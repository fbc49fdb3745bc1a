//! What fails in a run.

use std::fmt;

use crate::calls::{self, Failure};

/// What fails in a run of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// A system call.
    Call {
        /// Which one.
        number: libc::c_long,
        /// The number of calls of this kind so far, including this one.
        nth: u32,
        /// How it fails.
        failure: Failure,
        /// Whether all later calls of this kind fail as well.
        lasting: bool,
    },
    /// An allocation of memory.
    Allocation {
        /// The number of allocations so far, including this one.
        nth: u64,
        /// Whether all later ones fail as well.
        lasting: bool,
    },
}

impl Fault {
    /// Parses what `Display` writes.
    pub(crate) fn parse(text: &str) -> Option<Fault> {
        let (what, how) = text.split_once(' ').unwrap_or((text, ""));
        let (name, nth) = what.split_once('#')?;
        let (nth, lasting) = match nth.strip_suffix('+') {
            Some(nth) => (nth, true),
            None => (nth, false),
        };
        if name == "allocation" {
            return Some(Fault::Allocation {
                nth: nth.parse().ok()?,
                lasting,
            });
        }
        let number = calls::number(name)?;
        let failure = *calls::failures(number)
            .iter()
            .find(|failure| failure.to_string() == how)?;
        Some(Fault::Call {
            number,
            nth: nth.parse().ok()?,
            failure,
            lasting,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plus = |lasting: bool| if lasting { "+" } else { "" };
        match *self {
            Fault::None => write!(f, "nothing"),
            Fault::Call {
                number,
                nth,
                failure,
                lasting,
            } => {
                write!(
                    f,
                    "{}#{nth}{} {failure}",
                    calls::name(number),
                    plus(lasting)
                )
            }
            Fault::Allocation { nth, lasting } => write!(f, "allocation#{nth}{}", plus(lasting)),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Error(error) | Failure::Late(error) => f.write_str(&calls::error_name(*error)),
            Failure::Half => f.write_str("half"),
            Failure::One => f.write_str("one"),
        }
    }
}
