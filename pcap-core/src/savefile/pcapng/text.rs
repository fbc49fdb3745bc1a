//! Checks of the strings in options.

/// The maximum length of a string in an option, in bytes.
pub(crate) const LONGEST: usize = u16::MAX as usize;

/// Returns why a string does not fit into an option: it is too long, or contains a NUL byte, at which readers would
/// truncate it. `fewer` is the number of bytes that the option needs besides.
#[inline]
pub(crate) fn problem(what: &str, text: &str, fewer: usize) -> Option<String> {
    let (length, longest) = (text.len(), LONGEST - fewer);
    if text.as_bytes().contains(&0) {
        Some(format!("the {what} contains a NUL byte"))
    } else if length > longest {
        Some(format!(
            "the {what} has {length} bytes, more than the limit of {longest}"
        ))
    } else {
        None
    }
}

/// The first error of a type whose setters return no errors. The call that writes it returns the error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Texts {
    refusal: Option<String>,
}

impl Texts {
    /// Returns whether a string fits into an option, and notes the reason if it does not.
    #[inline]
    pub(crate) fn check(&mut self, what: &str, text: &str, fewer: usize) -> bool {
        let problem = problem(what, text, fewer);
        let fits = problem.is_none();
        self.refusal = self.refusal.take().or(problem);
        fits
    }

    /// Notes an error of an edit.
    #[inline]
    pub(crate) fn note(&mut self, edited: crate::error::Result<()>) {
        if let Err(error) = edited {
            self.refusal.get_or_insert(error.to_string());
        }
    }

    #[inline]
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }
}
