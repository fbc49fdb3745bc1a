//! Compares the sizes of trees with those in `tests/data/programs.txt`. A larger tree is a slower one.

use std::sync::Arc;

use crate::filter::program::parse;
use crate::filter::program::tree::{NEXT, Tree};

#[test]
fn trees_of_libpcaps_programs_have_the_listed_sizes() {
    let text = include_str!("../../../../../tests/data/programs.txt");
    let (mut trees, mut faults) = (0, String::new());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let [size, expression, listing] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("expected three columns: {line}");
        };
        let tree = Tree::of(&Arc::from(parse::listing(listing).unwrap()));
        let next = tree.tests.iter().filter(|test| test.no == NEXT).count();
        let (tests, ops) = (tree.tests.len(), tree.ops.len());
        let is = format!("{tests} {next} {ops}");
        if is != size {
            faults += &format!("{expression}: {is} instead of {size}\n");
        }
        trees += 1;
    }
    assert!(faults.is_empty(), "sizes that differ:\n{faults}");
    assert!(trees > 100, "{trees}");
}
