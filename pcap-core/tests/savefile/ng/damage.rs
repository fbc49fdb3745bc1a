//! Damaged files, block by block: everything before the damage, then an error with its offset, again and again.

use pcap_core::ErrorKind;

use crate::support::contents::{check, open};
use crate::support::ng::{Case, Damage, Kind, Seen, damaged, kind};

/// Returns the first damage that is an error. Wrong lengths of options and of times are none: their getters return
/// `None`, and the raw option is kept.
pub(super) fn first_error(case: &Case) -> Option<&Damage> {
    let block = |damage: &Damage| {
        let mut blocks = case.expected.blocks.iter();
        blocks.find(|block| block.offset == damage.offset)
    };
    case.expected.damage.iter().find(|damage| {
        let kind = block(damage).map_or(0, |block: &Seen| block.kind);
        match damage.kind {
            _ if !damage.is_local => true,
            Kind::OptionLength | Kind::OptionTwice | Kind::Resolution => false,
            // Nothing but the organization knows what is in them.
            Kind::Fields => kind != kind::CUSTOM,
            Kind::Content => {
                kind != kind::ISB && !case.name.starts_with("an address without a name")
            }
            _ => true,
        }
    })
}

#[test]
fn damage_is_an_error_after_all_blocks_before_it() {
    let (mut errors, mut lenient) = (0, 0);
    for case in damaged() {
        let name = &case.name;
        let mut reader = open(&case.bytes);
        let Some(damage) = first_error(&case) else {
            let error = check(&case, &mut reader, case.bytes.len() as u64);
            assert!(error.is_none(), "{name}: {error:?}");
            lenient += 1;
            continue;
        };
        let error = check(&case, &mut reader, damage.offset);
        let error = error.unwrap_or_else(|| panic!("{name}: no error"));
        let kind = match damage.kind {
            Kind::Truncated => ErrorKind::SavefileTruncated,
            _ => ErrorKind::SavefileBad,
        };
        assert_eq!(error.kind(), kind, "{name}: {error}");
        let start = format!("cannot read `f`: the block at byte {}", damage.offset);
        let text = error.to_string();
        let rest = text
            .strip_prefix(&start)
            .unwrap_or_else(|| panic!("{name}: {text}"));
        assert!(rest.starts_with([':', ' ']), "{name}: {text}");
        for _ in 0..2 {
            assert_eq!(reader.next_block().unwrap_err().to_string(), text, "{name}");
            assert_eq!(
                reader.try_next_block().unwrap_err().to_string(),
                text,
                "{name}"
            );
        }
        errors += 1;
    }
    assert!(errors > 200 && lenient > 40, "{errors}, {lenient}");
}

/// A reader reports damage in a block where Wireshark does, except for wrong lengths of options.
#[cfg(unix)]
#[test]
fn blocks_are_refused_that_wireshark_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let cases: Vec<Case> = damaged()
        .into_iter()
        .filter(|case| case.expected.fatal().is_none())
        .collect();
    let paths: Vec<_> = (0..cases.len())
        .map(|n| folder.path().join(format!("{n}.pcapng")))
        .collect();
    for (case, path) in cases.iter().zip(&paths) {
        std::fs::write(path, &case.bytes).unwrap();
    }
    let theirs = crate::support::ng::oracle::capinfos_errors(&paths);
    let mut compared = 0;
    for (case, path) in cases.iter().zip(&paths) {
        let refused = theirs.contains(path.to_str().unwrap());
        let damage = &case.expected.damage[0];
        let differs = match damage.kind {
            Kind::OptionLength => refused,
            Kind::Fields if case.name.starts_with("a custom block") => refused,
            // It does not look at these.
            _ => case.name.starts_with("secrets with an option"),
        };
        compared += u32::from(!differs);
        assert_eq!(
            first_error(case).is_some() != refused,
            differs,
            "{}",
            case.name
        );
    }
    assert!(compared > 60, "{compared}");
}
