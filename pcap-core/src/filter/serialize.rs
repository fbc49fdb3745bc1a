//! Serializes filters and their parts with serde.
//!
//! A deserialized filter is untrusted. It must pass the same check as a caller's instructions, except for its length,
//! because filters of lists may be long. libpcap compiles some programs that this check rejects. So a filter with an
//! expression may also contain loads that only a kernel understands, which read nothing on plain bytes, and loads of
//! memory to which nothing was stored, which is zeroed. It must not jump backward: only libpcap's own loops are known
//! to end.
//!
//! Deserializing compiles nothing, because that would resolve names and take an unpredictable time. So the expression
//! need not match the instructions. This is safe, because each of them is checked separately. The documentation of
//! `Filter` says which of them is used.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::any_of::term::{Endpoint, FilterTerm};
use super::options::CompileOptions;
use super::program::insn::Insn;
use super::program::validate::{self, Origin};
use super::{Contents, Filter, has_kernel_extensions};
use crate::error::Error;
use crate::linktype::Dlt;
use crate::serialize::as_text;

as_text!(Endpoint);
as_text!(FilterTerm);

/// The serialized form of a filter.
#[derive(Serialize)]
#[serde(rename = "Filter")]
struct Written<'a> {
    dlt: Dlt,
    expression: Option<&'a str>,
    options: CompileOptions,
    instructions: &'a [Insn],
    plain: Option<&'a [Insn]>,
}

#[derive(Deserialize)]
#[serde(rename = "Filter", deny_unknown_fields)]
struct Read {
    dlt: Dlt,
    #[serde(default)]
    expression: Option<Box<str>>,
    #[serde(default)]
    options: CompileOptions,
    instructions: Vec<Insn>,
    #[serde(default)]
    plain: Option<Vec<Insn>>,
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.combines_expressions() {
            return Err(ser::Error::custom(
                "cannot serialize a filter that combines compiled filters: serialize those, and combine them again",
            ));
        }
        let plain = self.compiled_for_bytes();
        let programs = [Some(&*self.0.program), plain];
        if programs.into_iter().flatten().any(jumps_backward) {
            return Err(ser::Error::custom(
                "cannot serialize a filter that jumps backward: keep its expression instead",
            ));
        }
        let written = Written {
            dlt: self.0.dlt,
            expression: self.expression(),
            options: self.0.options,
            instructions: &self.0.program,
            plain,
        };
        written.serialize(serializer)
    }
}

fn jumps_backward(program: &[Insn]) -> bool {
    program.iter().any(|insn| insn.jumps_backward())
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Filter, D::Error> {
        let read = Read::deserialize(deserializer)?;
        let origin = match read.expression {
            Some(_) => Origin::Serialized,
            None => Origin::Assembled,
        };
        Error::library("deserialize a filter", None).map_err(de::Error::custom)?;
        let check = |program: &[Insn]| validate::check(program, origin).map_err(de::Error::custom);
        check(&read.instructions)?;
        if let Some(plain) = &read.plain {
            check(plain)?;
            if !has_kernel_extensions(&read.instructions) {
                return Err(de::Error::custom(
                    "expected no instructions for plain bytes, because the program has no kernel extensions",
                ));
            }
        }
        Ok(Filter::new(Contents::of_programs(
            read.dlt,
            read.instructions,
            read.plain,
            read.expression.map(String::from),
            read.options,
        )))
    }
}
