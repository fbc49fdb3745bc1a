//! Compares trees with their listings in `tests/data/trees.txt`, which show what each rule of the conversion does.

use std::sync::Arc;

use crate::filter::program::mnemonics::program;
use crate::filter::program::tree::Tree;
use crate::filter::program::validate::{self, Origin};

/// Each case begins with `#` and its purpose. The program follows, and after an empty line the tree.
#[test]
fn trees_have_the_listed_shape() {
    let text = include_str!("../../../../../tests/data/trees.txt").replace('\r', "");
    let mut cases = text.split("\n\n# ");
    assert!(cases.next().is_some_and(|head| head.starts_with("# ")));
    let mut faults = String::new();
    for case in cases {
        let (purpose, rest) = case.split_once('\n').unwrap();
        let (listing, shape) = rest.split_once("\n\n").unwrap();
        let program = program(listing);
        validate::check(&program, Origin::Compiler).unwrap();
        let tree = Tree::of(&Arc::from(program)).to_string();
        if tree != shape.trim_end() {
            faults += &format!("# {purpose}\n{listing}\n\n{tree}\n\n");
        }
    }
    assert!(faults.is_empty(), "trees that differ:\n\n{faults}");
}
