//! Parses the declarations in the generated bindings, and writes the table of them that the tests
//! include.
//!
//! The text may be formatted by rustfmt or not, so it is parsed token by token.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A structure and the names of its fields.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Struct {
    /// Its name, which is its tag in C.
    pub(crate) name: String,
    /// The fields, in order.
    pub(crate) fields: Vec<String>,
}

/// A constant and its Rust type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Constant {
    /// The macro's or enumerator's name.
    pub(crate) name: String,
    /// Whether it is a string, not a number.
    pub(crate) is_text: bool,
}

/// Everything that the bindings declare.
#[derive(Debug, Default)]
pub(crate) struct Surface {
    /// Functions, in the header's order.
    pub(crate) functions: Vec<String>,
    /// Structures with known content.
    pub(crate) structs: Vec<Struct>,
    /// Type aliases with a size.
    pub(crate) types: Vec<String>,
    /// Opaque structures, and their aliases.
    pub(crate) opaque: Vec<String>,
    /// Macros and enumerators.
    pub(crate) constants: Vec<Constant>,
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

impl Surface {
    /// Parses the bindings.
    pub(crate) fn read(bindings: &str) -> Self {
        let tokens = tokens(bindings);
        let mut surface = Self::default();
        let mut opaque = BTreeSet::new();
        let mut aliases = Vec::new();
        for (at, window) in tokens.windows(4).enumerate() {
            match *window {
                ["pub", "fn", name, "("] => surface.functions.push(name.to_owned()),
                ["pub", "struct" | "union", name, "{"] => {
                    let fields = fields(&tokens[at + 4..]);
                    if fields.is_empty() {
                        opaque.insert(name);
                    } else {
                        surface.structs.push(Struct {
                            name: name.to_owned(),
                            fields,
                        });
                    }
                }
                ["pub", "const", name, ":"] => surface.constants.push(Constant {
                    name: name.to_owned(),
                    is_text: tokens[at + 4] == "&",
                }),
                ["pub", "type", name, "="] => aliases.push((name, tokens[at + 4])),
                _ => {}
            }
        }
        let (hidden, sized): (Vec<_>, Vec<_>) =
            aliases.into_iter().partition(|(_, of)| opaque.contains(of));
        let name = |(name, _): (&str, &str)| name.to_owned();
        surface.types = sized.into_iter().map(name).collect();
        surface.opaque = hidden.into_iter().map(name).collect();
        surface.opaque.extend(opaque.into_iter().map(str::to_owned));
        surface
    }

    /// Returns Rust code that gives the tests every name with its value, size or layout in Rust.
    pub(crate) fn table(&self, exported: &[String]) -> String {
        let mut text = String::new();
        let mut line = |content: &str| {
            text.push_str(content);
            text.push('\n');
        };
        line("pub const INTEGERS: &[(&str, i128)] = &[");
        for constant in self.constants.iter().filter(|c| !c.is_text) {
            let name = &constant.name;
            line(&format!("({name:?}, pcap_sys::{name} as i128),"));
        }
        line("];\npub const TEXTS: &[(&str, &core::ffi::CStr)] = &[");
        for constant in self.constants.iter().filter(|c| c.is_text) {
            let name = &constant.name;
            line(&format!("({name:?}, pcap_sys::{name}),"));
        }
        line("];\npub const TYPES: &[(&str, usize, usize)] = &[");
        for name in &self.types {
            line(&format!(
                "({name:?}, size_of::<pcap_sys::{name}>(), align_of::<pcap_sys::{name}>()),"
            ));
        }
        line("];\npub const OPAQUE: &[&str] = &[");
        for name in &self.opaque {
            line(&format!("{name:?},"));
        }
        line("];\npub const STRUCTS: &[(&str, usize, usize, &[(&str, usize)])] = &[");
        for Struct { name, fields } in &self.structs {
            let mut offsets = String::new();
            for field in fields {
                // Writing to a String cannot fail.
                let _ = write!(
                    offsets,
                    "({field:?}, core::mem::offset_of!(pcap_sys::{name}, {field})),"
                );
            }
            line(&format!(
                "({name:?}, size_of::<pcap_sys::{name}>(), align_of::<pcap_sys::{name}>(), &[{offsets}]),"
            ));
        }
        line("];\npub fn exported() -> Vec<(&'static str, *const ())> { vec![");
        for name in exported {
            line(&format!("({name:?}, pcap_sys::{name} as *const ()),"));
        }
        line("] }\npub const NOT_EXPORTED: &[&str] = &[");
        for name in self
            .functions
            .iter()
            .filter(|name| !exported.contains(name))
        {
            line(&format!("{name:?},"));
        }
        line("];");
        text
    }
}

/// Returns the names of the public fields of a structure, from the start of its body.
fn fields(body: &[&str]) -> Vec<String> {
    let mut depth = 0;
    let mut names = Vec::new();
    for (at, token) in body.iter().enumerate() {
        match *token {
            "}" if depth == 0 => break,
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            "pub" if depth == 0 => names.push(body[at + 1].to_owned()),
            _ => {}
        }
    }
    names
}
