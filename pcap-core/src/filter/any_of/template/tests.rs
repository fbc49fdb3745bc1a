//! Which programs are templates. Those that are not would give wrong answers without notice.

mod written;

use super::{Compile, Template};
use crate::error::{Error, ErrorKind};
use crate::filter::options::CompileOptions;
use crate::filter::program::assemble::Assembler;
use crate::filter::program::insn::Insn;

/// The words of the two examples.
const WORDS: [[u32; 2]; 2] = [[0x1111_1111, 0x2222_2222], [0x3333_3333, 0x4444_4444]];

/// Creates a template of as many words from a program, which depends on the words.
fn template<const N: usize>(
    program: impl Fn([u32; N]) -> Vec<Insn>,
) -> Result<Option<Template>, String> {
    let words = WORDS.map(|words| std::array::from_fn(|n| words[n]));
    let compile: Compile<'_> = &|text: &str, _: CompileOptions| {
        Ok(program(match text {
            "one" => words[0],
            _ => words[1],
        }))
    };
    Template::new(compile, [("one", words[0]), ("other", words[1])])
}

fn program(text: &[(u16, u8, u8, u32)]) -> Vec<Insn> {
    let insns = text
        .iter()
        .map(|&(code, jt, jf, k)| Insn::new(code, jt, jf, k));
    insns.collect()
}

/// Checks that a program is no template.
#[track_caller]
fn refused<const N: usize>(program: impl Fn([u32; N]) -> Vec<Insn>) {
    let why = template(program).expect_err("expected no template");
    assert!(why.contains("does not support the code"), "{why}");
}

const REJECT: (u16, u8, u8, u32) = (0x06, 0, 0, 0);
const ACCEPT: (u16, u8, u8, u32) = (0x06, 0, 0, 7);
/// `ldh [12]; jeq #0x800, 0, N`.
const TYPE: (u16, u8, u8, u32) = (0x28, 0, 0, 12);

/// ldh \[12]; jeq #0x800, 0, 3; ld \[26]; jeq #word, 0, 1; ret #7; ret #0
fn simple(word: u32) -> Vec<Insn> {
    program(&[
        TYPE,
        (0x15, 0, 3, 0x800),
        (0x20, 0, 0, 26),
        (0x15, 0, 1, word),
        ACCEPT,
        REJECT,
    ])
}

/// ld \[22]; jeq #first, 0, 3; ld \[26]; jeq #second, 0, 1; ret #7; ret #0
fn double([first, second]: [u32; 2]) -> Vec<Insn> {
    program(&[
        (0x20, 0, 0, 22),
        (0x15, 0, 3, first),
        (0x20, 0, 0, 26),
        (0x15, 0, 1, second),
        ACCEPT,
        REJECT,
    ])
}

/// Jumps between the words, and to the return, belong to no word.
#[test]
fn jumps_are_followed() {
    let found = template(|[first, second]| {
        program(&[
            (0x20, 0, 0, 22),
            (0x15, 1, 0, first),
            REJECT,
            (0x05, 0, 0, 1),
            REJECT,
            (0x20, 0, 0, 26),
            (0x54, 0, 0, u32::MAX),
            (0x05, 0, 0, 0),
            (0x15, 0, 3, second),
            (0x05, 0, 0, 1),
            REJECT,
            ACCEPT,
            REJECT,
        ])
    });
    let found = found.unwrap().unwrap();
    let loads = program(&[(0x20, 0, 0, 26), (0x54, 0, 0, u32::MAX)]);
    assert_eq!((found.loads, found.accept), (vec![loads], 7));
}

#[test]
fn programs_that_differ_elsewhere_are_refused() {
    let is_one = |word| word == WORDS[0][0];
    // In the length, an offset, a jump, a comparison of another kind, and by other words.
    refused(|[word]| {
        let mut program = simple(word);
        program.extend(is_one(word).then_some(Insn::new(0x06, 0, 0, 0)));
        program
    });
    for (at, insn) in [
        (2, Insn::new(0x20, 0, 0, 30)),
        (2, Insn::new(0x28, 0, 0, 26)),
        (3, Insn::new(0x15, 0, 1, WORDS[1][1])),
        (3, Insn::new(0x15, 1, 1, WORDS[1][0])),
        (3, Insn::new(0x15, 0, 2, WORDS[1][0])),
        (3, Insn::new(0x25, 0, 1, WORDS[1][0])),
        (4, Insn::new(0x06, 0, 0, 8)),
    ] {
        refused(|[word]| {
            let mut program = simple(word);
            if !is_one(word) {
                program[at] = insn;
            }
            program
        });
    }
    // Both differ in the word, but it is not compared for equality: jgt #word; ld #word.
    for code in [0x25, 0x45, 0x00] {
        refused(|[word]| {
            let mut program = simple(word);
            program[3].code = code;
            program
        });
    }
    // What the kernel knows of a packet is not in its bytes.
    refused(|[word]| {
        let mut program = simple(word);
        program[0].k = 0xffff_f004;
        program
    });
}

#[test]
fn errors_of_the_compiler_are_passed_on() {
    let compile: Compile<'_> = &|_: &str, _: CompileOptions| {
        let kind = ErrorKind::FilterInvalid;
        Err(Error::cannot(kind, "compile", None, "no such protocol"))
    };
    let why = Template::new(compile, [("one", [1]), ("other", [2])]).unwrap_err();
    assert!(why.contains("no such protocol"), "{why}");
    // The optimizer's error is none without it.
    let compile: Compile<'_> =
        &|text: &str, options: CompileOptions| match options == CompileOptions::new() {
            true => Err(Error::cannot(
                ErrorKind::FilterInvalid,
                "compile",
                None,
                "rejects all",
            )),
            false => Ok(simple(if text == "one" { 1 } else { 2 })),
        };
    let found = Template::new(compile, [("one", [1]), ("other", [2])]);
    assert_eq!(found.unwrap().unwrap().sites, [3]);
}

/// A link type without addresses has no comparisons.
#[test]
fn without_a_comparison_nothing_matches() {
    let none = || program(&[TYPE, REJECT]);
    assert!(template(|_: [u32; 1]| none()).unwrap().is_none());
    assert!(template(|_: [u32; 2]| none()).unwrap().is_none());
    // One that nothing reaches.
    let unreachable = |[word]: [u32; 1]| {
        let mut program = simple(word);
        program[0] = Insn::new(0x06, 0, 0, 0);
        program
    };
    assert!(template(unreachable).unwrap().is_none());
    // Without one, all packets would be accepted.
    refused(|_: [u32; 1]| program(&[TYPE, ACCEPT]));
}

/// The words of an address are compared in their order, each once, with nothing but loads between them.
#[test]
fn words_have_an_order() {
    refused(|[first, second]| double([second, first]));
    refused(|[first, _]: [u32; 2]| simple(first));
    refused(|[first, _]| double([first, first]));
    // A third comparison.
    refused(|[first, second]| {
        let mut program = double([first, second]);
        program[4..].copy_from_slice(&[Insn::new(0x15, 0, 0, second), Insn::new(0x06, 0, 0, 7)]);
        program
    });
    // A test between both.
    refused(|[first, second]| {
        program(&[
            (0x20, 0, 0, 22),
            (0x15, 0, 4, first),
            (0x20, 0, 0, 26),
            (0x45, 0, 2, 1),
            (0x15, 0, 1, second),
            ACCEPT,
            REJECT,
        ])
    });
}

#[test]
fn accepting_returns_follow_a_match_only() {
    // After a match, a return of 0, of the accumulator, or a load.
    for insn in [
        Insn::new(0x06, 0, 0, 0),
        Insn::new(0x16, 0, 0, 0),
        Insn::new(0x20, 0, 0, 4),
    ] {
        refused(|[word]| {
            let mut program = simple(word);
            program[4] = insn;
            program
        });
    }
    // After a comparison that does not match, or without any.
    for code in [0x06, 0x16] {
        for (no, other) in [(1, 0), (0, 3)] {
            refused(|[word]| {
                program(&[
                    TYPE,
                    (0x15, 0, 3 + other, 0x800),
                    (0x20, 0, 0, 26),
                    (0x15, 0, 1 + no, word),
                    ACCEPT,
                    REJECT,
                    (code, 0, 0, 7),
                ])
            });
        }
    }
    // Two comparisons with different results.
    for (result, is_template) in [(7, true), (8, false), (0, false)] {
        let both = |[word]: [u32; 1]| {
            program(&[
                TYPE,
                (0x15, 0, 3, 0x800),
                (0x20, 0, 0, 26),
                (0x15, 0, 5, word),
                ACCEPT,
                (0x15, 0, 3, 0x806),
                (0x20, 0, 0, 28),
                (0x15, 0, 1, word),
                (0x06, 0, 0, result),
                REJECT,
            ])
        };
        match template(both) {
            Ok(Some(found)) => assert!(is_template && found.sites == [3, 7], "{result}"),
            Ok(None) => panic!("{result}"),
            Err(_) => assert!(!is_template, "{result}"),
        }
    }
    // A comparison of nothing that was loaded, and with the index register.
    refused(|[word]| program(&[(0x15, 0, 1, word), ACCEPT, REJECT]));
    refused(|[word]| {
        let mut program = simple(word);
        program[1].code = 0x1d;
        program
    });
}

/// Returns whether the program is a template, in which a test follows a comparison that did not match, after the value
/// 0x800 at `first`. If the test holds, there is another comparison.
fn holds_never(
    first: &[(u16, u8, u8, u32)],
    second: &[(u16, u8, u8, u32)],
    test: (u16, u32),
) -> bool {
    let found = template(|[word]| {
        let after = second.len() as u8 + 7;
        let mut whole = first.to_vec();
        whole.extend([
            (0x15, 0, after, 0x800),
            (0x20, 0, 0, 26),
            (0x15, 0, 1, word),
            ACCEPT,
        ]);
        whole.extend(second);
        whole.extend([
            (test.0, 0, 3, test.1),
            (0x20, 0, 0, 28),
            (0x15, 0, 1, word),
            ACCEPT,
            REJECT,
        ]);
        program(&whole)
    });
    found.is_ok()
}

/// Paths that no packet takes do not matter: the first test decides the later ones of the same number.
#[test]
fn an_earlier_test_decides_a_later_one() {
    for (test, k, holds) in [
        (0x15, 0x800, true),
        (0x15, 0x806, false),
        (0x25, 0x7ff, true),
        (0x25, 0x800, false),
        (0x35, 0x800, true),
        (0x35, 0x801, false),
        (0x45, 0x800, true),
        (0x45, 0xc01, true),
        (0x45, 0x7ff, false),
    ] {
        assert_eq!(
            holds_never(&[TYPE], &[TYPE], (test, k)),
            !holds,
            "{test:#x} {k:#x}"
        );
        // A constant needs no earlier test.
        let constant = [(0x00, 0, 0, 0x800)];
        assert_eq!(
            holds_never(&[TYPE], &constant, (test, k)),
            !holds,
            "{test:#x} {k:#x}"
        );
    }
    // A test that did not hold will not hold: ldh [12]; jset #1, reject; …; jset #1.
    for (test, k, is_known) in [(0x45, 1, true), (0x45, 2, false), (0x25, 1, false)] {
        let found = template(|[word]| {
            program(&[
                TYPE,
                (0x45, 8, 0, 1),
                (0x20, 0, 0, 26),
                (0x15, 0, 1, word),
                ACCEPT,
                TYPE,
                (test, 0, 3, k),
                (0x20, 0, 0, 28),
                (0x15, 0, 1, word),
                ACCEPT,
                REJECT,
            ])
        });
        assert_eq!(found.is_ok(), is_known, "{test:#x} {k}");
    }
}

/// Two values are the same number if they were loaded or computed alike, wherever they were kept.
#[test]
fn values_of_one_origin_are_equal() {
    type Text<'a> = &'a [(u16, u8, u8, u32)];
    let cases: [(Text<'_>, Text<'_>, bool); 20] = [
        (&[TYPE], &[(0x28, 0, 0, 14)], false),
        (&[TYPE], &[(0x30, 0, 0, 12)], false),
        // st M[3]; ld M[3]; ldx M[3], txa; also above the other cell.
        (&[TYPE, (0x02, 0, 0, 3)], &[(0x60, 0, 0, 3)], true),
        (&[TYPE, (0x02, 0, 0, 15)], &[(0x60, 0, 0, 15)], true),
        (
            &[TYPE, (0x02, 0, 0, 3)],
            &[(0x61, 0, 0, 3), (0x87, 0, 0, 0)],
            true,
        ),
        (&[TYPE, (0x02, 0, 0, 3)], &[(0x60, 0, 0, 4)], false),
        (
            &[(0x28, 0, 0, 14), (0x02, 0, 0, 4), TYPE, (0x02, 0, 0, 3)],
            &[(0x60, 0, 0, 4)],
            false,
        ),
        // tax; txa; stx M[2], ld M[2].
        (&[TYPE, (0x07, 0, 0, 0)], &[(0x87, 0, 0, 0)], true),
        (
            &[TYPE, (0x07, 0, 0, 0), (0x03, 0, 0, 2)],
            &[(0x60, 0, 0, 2)],
            true,
        ),
        (&[TYPE], &[(0x87, 0, 0, 0)], false),
        (&[TYPE], &[(0x03, 0, 0, 1), (0x60, 0, 0, 1)], false),
        // ldxb 4*([14]&0xf); txa.
        (
            &[(0xb1, 0, 0, 14), (0x87, 0, 0, 0)],
            &[(0xb1, 0, 0, 14), (0x87, 0, 0, 0)],
            true,
        ),
        (
            &[(0xb1, 0, 0, 14), (0x87, 0, 0, 0)],
            &[(0xb1, 0, 0, 15), (0x87, 0, 0, 0)],
            false,
        ),
        // ldx #4; ldh [x+2].
        (
            &[(0x01, 0, 0, 4), (0x48, 0, 0, 2)],
            &[(0x01, 0, 0, 4), (0x48, 0, 0, 2)],
            true,
        ),
        (
            &[(0x01, 0, 0, 4), (0x48, 0, 0, 2)],
            &[(0x01, 0, 0, 8), (0x48, 0, 0, 2)],
            false,
        ),
        (&[TYPE], &[(0x48, 0, 0, 12)], false),
        // and #0xfff; and with x.
        (
            &[TYPE, (0x54, 0, 0, 0xfff)],
            &[TYPE, (0x54, 0, 0, 0xfff)],
            true,
        ),
        (
            &[TYPE, (0x54, 0, 0, 0xfff)],
            &[TYPE, (0x54, 0, 0, 0xff)],
            false,
        ),
        (&[TYPE, (0x54, 0, 0, 0xfff)], &[TYPE], false),
        (
            &[(0x01, 0, 0, 9), TYPE, (0x5c, 0, 0, 0)],
            &[TYPE, (0x5c, 0, 0, 0)],
            true,
        ),
    ];
    for (first, second, is_equal) in cases {
        let never = holds_never(first, second, (0x15, 0x806));
        assert_eq!(never, is_equal, "{first:x?} {second:x?}");
    }
    // With another index register.
    let sums: Text<'_> = &[(0x01, 0, 0, 5), TYPE, (0x0c, 0, 0, 0)];
    assert!(!holds_never(
        &[(0x01, 0, 0, 9), TYPE, (0x0c, 0, 0, 0)],
        sums,
        (0x15, 0x806)
    ));
    assert!(holds_never(sums, sums, (0x15, 0x806)));
}

/// Only what leads to a comparison is written.
#[test]
fn a_template_is_written_without_its_returns() {
    let found = template(|[word]| simple(word)).unwrap().unwrap();
    let mut assembler = Assembler::default();
    let reject = assembler.ret(0);
    let compare = assembler.ret(9);
    let start = found.write(&mut assembler, compare, reject).unwrap();
    let expected = program(&[
        TYPE,
        (0x15, 0, 2, 0x800),
        (0x20, 0, 0, 26),
        (0x06, 0, 0, 9),
        REJECT,
    ]);
    assert_eq!(assembler.finish(start), expected);
}

/// A word may not be compared without the one before it.
#[test]
fn words_are_not_skipped() {
    for target in [3, 2] {
        refused(|[first, second]| {
            let start = program(&[TYPE, (0x15, 0, target, 0x800)]);
            [start, double([first, second])].concat()
        });
    }
    // An offset from an index register that nothing set.
    refused(|[word]| [program(&[(0x48, 0, 0, 12)]), simple(word)].concat());
}

#[test]
fn memory_in_use_is_known() {
    let uses = |before: &[(u16, u8, u8, u32)]| {
        let found = template(|[word]| [program(before), simple(word)].concat());
        let found = found.unwrap().unwrap();
        (0..16)
            .filter(|cell| found.uses_memory(*cell))
            .collect::<Vec<_>>()
    };
    assert_eq!(uses(&[]), []);
    // An offset of 12 is no cell.
    assert_eq!(
        uses(&[(0x28, 0, 0, 12), (0x54, 0, 0, 3), (0x07, 0, 0, 1)]),
        []
    );
    assert_eq!(uses(&[TYPE, (0x02, 0, 0, 3), (0x60, 0, 0, 3)]), [3]);
    assert_eq!(
        uses(&[(0x01, 0, 0, 1), (0x03, 0, 0, 0), (0x61, 0, 0, 0)]),
        [0]
    );
    assert_eq!(uses(&[TYPE, (0x02, 0, 0, 15), (0x02, 0, 0, 7)]), [7, 15]);
}

/// Each test of another number doubles the paths.
#[test]
fn programs_with_too_many_paths_are_refused() {
    let after = |tests: u32, word| -> Vec<Insn> {
        let pair = |at| [(0x28, 100 + at), (0x15, 1)].map(|(code, k)| Insn::new(code, 0, 0, k));
        let many = (0..tests).flat_map(pair);
        many.chain(simple(word)).collect()
    };
    assert!(template(|[word]| after(5, word)).unwrap().is_some());
    refused(|[word]| after(20, word));
}
