//! Parses the declarations in generated bindings.
//!
//! The text may be formatted by rustfmt or not, so it is parsed token by token.

use std::collections::BTreeSet;

/// A structure as rustc lays it out: the bindings assert each number, so others would not compile.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Struct<'a> {
    /// Its name, which is its tag in C.
    pub(crate) name: &'a str,
    /// Its size in bytes.
    pub(crate) size: usize,
    /// Its alignment in bytes.
    pub(crate) align: usize,
    /// Its fields with their offsets, in order.
    pub(crate) fields: Vec<(&'a str, usize)>,
}

/// Everything that bindings declare.
#[derive(Debug, Default)]
pub(crate) struct Surface<'a> {
    /// Functions, in the header's order.
    pub(crate) functions: Vec<&'a str>,
    /// Structures with known content.
    pub(crate) structs: Vec<Struct<'a>>,
    /// Type aliases with a size, each with its target.
    pub(crate) types: Vec<(&'a str, &'a str)>,
    /// Opaque structures, and their aliases.
    pub(crate) opaque: Vec<&'a str>,
    /// Numeric macros and enumerators.
    pub(crate) integers: Vec<(&'a str, i128)>,
    /// String macros.
    pub(crate) texts: Vec<(&'a str, String)>,
}

/// Splits Rust text into names, numbers, literals and single punctuation marks.
pub(crate) fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            quoted(rest)
        } else if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, tail) = rest.split_at(length);
        if !token.starts_with("/*") && !token.starts_with("//") {
            found.push(token);
        }
        rest = tail.trim_start();
    }
    found
}

/// Returns the length of the string literal at the start of `text`.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

impl<'a> Surface<'a> {
    /// Parses the bindings.
    pub(crate) fn read(bindings: &'a str) -> Self {
        let tokens = tokens(bindings);
        let mut surface = Self::default();
        let mut opaque = BTreeSet::new();
        let mut aliases = Vec::new();
        for (at, window) in tokens.windows(4).enumerate() {
            let rest = &tokens[at + 4..];
            match *window {
                ["pub", "fn", name, "("] => surface.functions.push(name),
                ["pub", "struct" | "union", name, "{"] => {
                    let fields = fields(rest);
                    if fields.is_empty() {
                        opaque.insert(name);
                    } else {
                        surface.structs.push(layout(name, &fields, rest));
                    }
                }
                ["pub", "const", name, ":"] if rest[0] == "&" => {
                    surface.texts.push((name, text(name, value(rest))));
                }
                ["pub", "const", name, ":"] => {
                    surface.integers.push((name, integer(name, value(rest))));
                }
                ["pub", "type", name, "="] => aliases.push((name, aliased(rest))),
                _ => {}
            }
        }
        let (hidden, sized) = aliases.into_iter().partition(|(_, of)| opaque.contains(of));
        surface.types = sized;
        let hidden: Vec<(&str, &str)> = hidden;
        surface.opaque = hidden.into_iter().map(|(name, _)| name).collect();
        surface.opaque.extend(opaque);
        surface
    }
}

/// Returns the tokens after the next `=`, up to the end of the declaration.
fn value<'t, 'a>(tokens: &'t [&'a str]) -> &'t [&'a str] {
    let behind = tokens
        .split(|token| *token == ";")
        .next()
        .unwrap_or_default();
    behind
        .splitn(2, |token| *token == "=")
        .nth(1)
        .unwrap_or_default()
}

/// Returns the value of a number.
fn integer(name: &str, value: &[&str]) -> i128 {
    let text = value.concat();
    text.parse()
        .unwrap_or_else(|_| panic!("{name} is not a number: {text}"))
}

/// Returns the value of a string such as `c"rpcap://"`.
fn text(name: &str, value: &[&str]) -> String {
    let ["c", literal] = value else {
        panic!("{name} is not a string: {value:?}");
    };
    let inside = &literal[1..literal.len() - 1];
    let text = inside.replace("\\\"", "\"");
    assert!(
        !text.contains('\\'),
        "{name} has an unknown escape: {literal}"
    );
    text
}

/// Returns the target of an alias: the last name of a path, or the first token of another type.
fn aliased<'a>(tokens: &[&'a str]) -> &'a str {
    let end = tokens.iter().position(|token| [";", "<"].contains(token));
    let of = &tokens[..end.unwrap_or(tokens.len())];
    if of[0] == "*" {
        of[0]
    } else {
        of[of.len() - 1]
    }
}

/// Parses the layout of a structure from the assertions after it.
fn layout<'a>(name: &'a str, fields: &[&'a str], behind: &[&'a str]) -> Struct<'a> {
    // "Size of pcap_stat" ] [ … size_of … - 12usize ]
    let asserted = |what: &str| {
        let text = format!("\"{what}\"");
        let mut behind = behind.iter().skip_while(|token| **token != text);
        behind
            .find_map(|token| token.strip_suffix("usize")?.parse().ok())
            .unwrap_or_else(|| panic!("the bindings do not assert: {what}"))
    };
    let offset = |field: &&'a str| {
        let field = *field;
        (
            field,
            asserted(&format!("Offset of field: {name}::{field}")),
        )
    };
    Struct {
        name,
        size: asserted(&format!("Size of {name}")),
        align: asserted(&format!("Alignment of {name}")),
        fields: fields.iter().map(offset).collect(),
    }
}

/// Returns the names of the public fields of a structure, from the start of its body.
fn fields<'a>(body: &[&'a str]) -> Vec<&'a str> {
    let mut depth = 0;
    let mut names = Vec::new();
    for (at, token) in body.iter().enumerate() {
        match *token {
            "}" if depth == 0 => break,
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            "pub" if depth == 0 => names.push(body[at + 1]),
            _ => {}
        }
    }
    names
}
