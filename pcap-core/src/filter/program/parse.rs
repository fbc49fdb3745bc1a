//! Reads the listings that `listing` prints, back into instructions.

use std::str::FromStr;

use super::insn::Insn;
use super::validate::MAX_LEN;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::compile::limits;

/// What errors call the operation.
const OPERATION: &str = "read a filter's listing";

/// The instructions of a listing in one of three forms, not checked yet.
pub(crate) fn listing(text: &str) -> Result<Vec<Insn>> {
    let error = |object: Option<&str>, why: String| {
        let object = object.map(limits::cut);
        Error::cannot(ErrorKind::FilterInvalid, OPERATION, object, why)
    };
    if text.trim_start().starts_with('{') {
        return c(text).map_err(|(line, why)| error(Some(line), why));
    }
    // With line ends or with commas, also mixed: the one is made of the other by `tr`.
    let mut parts = text
        .split(['\n', ','])
        .map(str::trim)
        .enumerate()
        .filter(|(_, part)| !part.is_empty());
    let Some((_, first)) = parts.next() else {
        return Err(error(None, "there is nothing in it".into()));
    };
    // Of the same width on all systems, so that they all say the same.
    let count: u64 = number(first).ok_or_else(|| {
        let why = "it begins with neither the number of instructions nor a brace";
        error(Some(first), why.into())
    })?;
    let mut program = Vec::new();
    for (index, part) in parts {
        if program.len() == MAX_LEN {
            let why = format!("there are more than {MAX_LEN} instructions");
            return Err(error(None, why));
        }
        let insn = four(part.split_ascii_whitespace(), 10)
            .map_err(|why| error(Some(part), format!("line {}: {why}", index + 1)))?;
        program.push(insn);
    }
    if program.len() as u64 != count {
        let why = format!(
            "it says that there are {count} instructions, and has {}",
            program.len()
        );
        return Err(error(None, why));
    }
    Ok(program)
}

/// The form of C's initialisers; the line that is wrong, and why.
fn c(text: &str) -> Result<Vec<Insn>, (&str, String)> {
    let mut program = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if program.len() == MAX_LEN {
            return Err((line, format!("there are more than {MAX_LEN} instructions")));
        }
        let wrong = |why: &str| (line, format!("line {}: {why}", index + 1));
        let numbers = line
            .strip_suffix(',')
            .unwrap_or(line)
            .strip_prefix('{')
            .and_then(|line| line.strip_suffix('}'))
            .ok_or_else(|| wrong("it is not four numbers between braces"))?;
        program.push(four(numbers.split(',').map(str::trim), 16).map_err(wrong)?);
    }
    Ok(program)
}

/// An instruction of its numbers; `radix` is 16 if those may have that of C's `0x`.
fn four<'a>(mut numbers: impl Iterator<Item = &'a str>, radix: u32) -> Result<Insn, &'static str> {
    let mut next = || {
        let text = numbers.next().ok_or("it has less than four numbers")?;
        let value = match text.strip_prefix("0x").filter(|_| radix == 16) {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                u32::from_str_radix(digits, 16).ok()
            }
            Some(_) => None,
            None => number(text),
        };
        value.ok_or("it has something that is no number, or one of more than 32 bits")
    };
    let [code, jt, jf, k] = [next()?, next()?, next()?, next()?];
    if numbers.next().is_some() {
        return Err("it has more than four numbers");
    }
    let code = u16::try_from(code).map_err(|_| "its code has more than 16 bits")?;
    let jump = |skip| u8::try_from(skip).map_err(|_| "it skips more than 255 instructions");
    Ok(Insn::new(code, jump(jt)?, jump(jf)?, k))
}

/// Digits only: Rust's own numbers may have a sign.
fn number<T: FromStr>(text: &str) -> Option<T> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The four numbers, as in a line of `tcpdump -ddd`. Whether there is such an instruction is not
/// checked, as it is not by [`Insn::new`].
impl FromStr for Insn {
    type Err = Error;

    /// # Errors
    ///
    /// [`FilterInvalid`](crate::ErrorKind::FilterInvalid): it is not four decimal numbers, or one has more
    /// bits than its field.
    fn from_str(text: &str) -> Result<Insn> {
        four(text.split_ascii_whitespace(), 10).map_err(|why| {
            let operation = "read an instruction";
            Error::cannot(ErrorKind::FilterInvalid, operation, limits::cut(text), why)
        })
    }
}
