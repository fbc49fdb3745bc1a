//! What is read from a template, and written again.

use super::{ACCEPT, REJECT, TYPE, double, program, simple, template};
use crate::filter::any_of::template::Template;
use crate::filter::program::assemble::Assembler;
use crate::filter::program::insn::Insn;

#[test]
fn a_comparison_before_the_only_accepting_return_is_a_template() {
    let found = template(|[word]| simple(word)).unwrap().unwrap();
    assert_eq!((found.sites, found.accept), (vec![3], 7));
    assert!(found.loads.is_empty());
    let found = template(double).unwrap().unwrap();
    assert_eq!((found.sites, found.accept), (vec![1], 7));
    assert_eq!(found.loads, [[Insn::new(0x20, 0, 0, 26)]]);
}

/// A word may be compared at several places, as a port of IPv4 and IPv6 is. Several words may be compared at none.
#[test]
fn there_may_be_several_comparisons_or_none() {
    // ldh [12]; jeq #0x800, 0, 2; ld [26]; jeq #word, 2, 3; ld [30]; jeq #word, 0, 1; ret #7; ret #0
    let found = template(|[word]| {
        program(&[
            TYPE,
            (0x15, 0, 2, 0x800),
            (0x20, 0, 0, 26),
            (0x15, 2, 3, word),
            (0x20, 0, 0, 30),
            (0x15, 0, 1, word),
            ACCEPT,
            REJECT,
        ])
    });
    let found = found.unwrap().unwrap();
    assert_eq!((found.sites, found.accept), (vec![3, 5], 7));
    assert!(
        template(|_: [u32; 2]| program(&[REJECT]))
            .unwrap()
            .is_none()
    );
}

/// Only the code before the first comparison is written.
#[test]
fn code_after_a_comparison_is_left_out() {
    let written = |template: Template| {
        let mut assembler = Assembler::default();
        let [reject, compare] = [0, 7].map(|value| assembler.ret(value));
        let start = template.write(&mut assembler, compare, reject).unwrap();
        assembler.finish(start)
    };
    let simple = template(|[word]| simple(word)).unwrap().unwrap();
    let expected = [TYPE, (0x15, 0, 2, 0x800), (0x20, 0, 0, 26), ACCEPT, REJECT];
    assert_eq!(written(simple), program(&expected));
    let double = template(double).unwrap().unwrap();
    assert_eq!(
        written(double),
        program(&[(0x20, 0, 0, 22), ACCEPT, REJECT])
    );
}
