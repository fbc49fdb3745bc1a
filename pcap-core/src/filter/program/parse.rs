//! Parses the listings that `listing` prints.

use std::str::FromStr;

use super::insn::Insn;
use super::validate::MAX_LEN;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::compile::limits;

/// The operation in errors.
const OPERATION: &str = "parse filter listing";

/// Parses a listing in one of three forms. The instructions are not checked yet.
#[inline]
pub(crate) fn listing(text: &str) -> Result<Vec<Insn>> {
    let error = |object: Option<&str>, why: String| {
        let object = object.map(limits::cut);
        Error::cannot(ErrorKind::FilterInvalid, OPERATION, object, why)
    };
    if text.trim_start().starts_with('{') {
        return c(text).map_err(|(line, why)| error(Some(line), why));
    }
    // Accept both newlines and commas, even mixed: users convert one to the other with `tr`.
    let mut parts = text
        .split(['\n', ','])
        .map(str::trim)
        .enumerate()
        .filter(|(_, part)| !part.is_empty());
    let Some((_, first)) = parts.next() else {
        return Err(error(None, "it is empty".into()));
    };
    // 64 bits on all systems, so that the messages are the same everywhere.
    let count: u64 = number(first).ok_or_else(|| {
        let why = "expected the number of instructions or a brace";
        error(Some(first), why.into())
    })?;
    let mut program = Vec::new();
    for (index, part) in parts {
        if program.len() == MAX_LEN {
            let why = format!("expected at most {MAX_LEN} instructions, found more");
            return Err(error(None, why));
        }
        let insn = four(part.split_ascii_whitespace(), 10)
            .map_err(|why| error(Some(part), format!("line {}: {why}", index + 1)))?;
        program.push(insn);
    }
    if program.len() as u64 != count {
        let why = format!("expected {count} instructions, found {}", program.len());
        return Err(error(None, why));
    }
    Ok(program)
}

/// Parses C initializers. The error is the faulty line and the reason.
#[inline]
fn c(text: &str) -> Result<Vec<Insn>, (&str, String)> {
    let mut program = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if program.len() == MAX_LEN {
            return Err((
                line,
                format!("expected at most {MAX_LEN} instructions, found more"),
            ));
        }
        let wrong = |why: &str| (line, format!("line {}: {why}", index + 1));
        let numbers = line
            .strip_suffix(',')
            .unwrap_or(line)
            .strip_prefix('{')
            .and_then(|line| line.strip_suffix('}'))
            .ok_or_else(|| wrong("expected four numbers in braces"))?;
        program.push(four(numbers.split(',').map(str::trim), 16).map_err(wrong)?);
    }
    Ok(program)
}

/// Parses an instruction from its numbers. If `radix` is 16, they may have C's prefix `0x`.
fn four<'a>(mut numbers: impl Iterator<Item = &'a str>, radix: u32) -> Result<Insn, &'static str> {
    let mut next = || {
        let text = numbers.next().ok_or("expected four numbers, found fewer")?;
        let value = match text.strip_prefix("0x").filter(|_| radix == 16) {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                u32::from_str_radix(digits, 16).ok()
            }
            Some(_) => None,
            None => number(text),
        };
        value.ok_or("expected a number of at most 32 bits")
    };
    let [code, jt, jf, k] = [next()?, next()?, next()?, next()?];
    if numbers.next().is_some() {
        return Err("expected four numbers, found more");
    }
    let code = u16::try_from(code).map_err(|_| "the code has more than 16 bits")?;
    let jump = |skip| u8::try_from(skip).map_err(|_| "a jump skips more than 255 instructions");
    Ok(Insn::new(code, jump(jt)?, jump(jf)?, k))
}

/// Parses a number without a sign, which Rust's own parser would accept.
fn number<T: FromStr>(text: &str) -> Option<T> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Parses the four numbers of a line of `tcpdump -ddd`. Like [`Insn::new`], this does not check that the numbers form a
/// valid instruction.
impl FromStr for Insn {
    type Err = Error;

    /// # Errors
    ///
    /// - [`FilterInvalid`](crate::ErrorKind::FilterInvalid) if `text` does not consist of four decimal numbers, or if a
    ///   number does not fit its field.
    #[inline]
    fn from_str(text: &str) -> Result<Insn> {
        four(text.split_ascii_whitespace(), 10).map_err(|why| {
            let operation = "parse instruction";
            Error::cannot(ErrorKind::FilterInvalid, operation, limits::cut(text), why)
        })
    }
}
