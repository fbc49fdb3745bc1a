//! Filter programs: their instructions, limits, analysis and execution.

pub(crate) mod assemble;
pub(crate) mod insn;
pub(crate) mod interpret;
pub(crate) mod listing;
#[cfg(test)]
pub(crate) mod mnemonics;
pub(crate) mod parse;
pub(crate) mod ranges;
mod run;
pub(crate) mod tree;
pub(crate) mod validate;
