//! The same files, as Wireshark's tools read them.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::random_files;
use crate::support::ng::oracle::{NO_DATA, capinfos, capinfos_errors, expected_lines, tshark};
use crate::support::ng::{
    Case, Field, Idb, Kind, Value, code, damaged, kind, large, valid, values,
};

/// The number of processes of tshark that run at the same time.
const PROCESSES: usize = 4;

/// Checks that tshark prints of files what was put in. It reads them as one file: each begins a section.
fn check_tshark(cases: &[Case]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let bytes: Vec<&[u8]> = cases.iter().map(|case| &case.bytes[..]).collect();
    fs::write(&path, bytes.concat()).unwrap();
    let lines = tshark(&path);
    let (mut at, mut sections) = (0, 0);
    let mut wrong = Vec::new();
    for case in cases {
        let name = &case.name;
        let mut excluded = HashSet::new();
        for (number, expected) in expected_lines(case, sections).into_iter().enumerate() {
            let line = lines.get(at);
            let line = line.unwrap_or_else(|| panic!("{name}: no packet {number}"));
            at += 1;
            for (field, (shown, expected)) in Field::ALL.iter().zip(line.iter().zip(expected)) {
                let Some(expected) = expected else { continue };
                if *shown == expected || shown == NO_DATA {
                    continue;
                }
                if !case.compares(*field) {
                    excluded.insert(*field);
                    continue;
                }
                wrong.push(format!(
                    "{name}: {field:?} of packet {number} is {shown:.80}, not {expected:.80}"
                ));
            }
        }
        for (field, why) in &case.excluded {
            if !excluded.contains(field) {
                wrong.push(format!("{name}: {field:?} is equal, although {why}"));
            }
        }
        sections += case.expected.sections.len();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(at, lines.len());
}

#[test]
fn tshark_reads_what_was_put_in() {
    let cases: Vec<Case> = valid()
        .into_iter()
        .chain(random_files())
        .filter(|case| case.tshark_refuses.is_none())
        .collect();
    check_in_parts(&cases);
}

/// Wireshark ignores wrong options of interfaces where libpcap fails, and so do lenient readers.
#[test]
fn tshark_ignores_wrong_times_of_interfaces() {
    let is_of_interface = |case: &Case| {
        let expected = &case.expected;
        let damage = &expected.damage[0];
        let mut blocks = expected.blocks.iter();
        let block = blocks.find(|block| block.offset == damage.offset);
        let kinds = [Kind::OptionLength, Kind::OptionTwice];
        kinds.contains(&damage.kind) && block.is_some_and(|block| block.kind == kind::IDB)
    };
    let cases: Vec<Case> = damaged().into_iter().filter(is_of_interface).collect();
    assert!(cases.len() >= 20, "{}", cases.len());
    check_tshark(&cases);
}

/// Checks files in several processes.
pub(super) fn check_in_parts(cases: &[Case]) {
    std::thread::scope(|scope| {
        for part in cases.chunks(cases.len().div_ceil(PROCESSES)) {
            scope.spawn(|| check_tshark(part));
        }
    });
}

/// Writes a file per case.
fn write(folder: &Path, cases: &[Case]) -> Vec<PathBuf> {
    let write = |(number, case): (usize, &Case)| {
        let path = folder.join(format!("{number}.pcapng"));
        fs::write(&path, &case.bytes).unwrap();
        path
    };
    cases.iter().enumerate().map(write).collect()
}

#[test]
fn wireshark_refuses_what_it_is_said_to() {
    let is_refused = |case: &Case| case.tshark_refuses.is_some();
    let cases: Vec<Case> = valid().into_iter().filter(is_refused).collect();
    let folder = tempfile::tempdir().unwrap();
    let paths = write(folder.path(), &cases);
    let errors = capinfos_errors(&paths);
    for (case, path) in cases.iter().zip(&paths) {
        let name = path.to_str().unwrap();
        assert!(errors.contains(name), "{}: {errors}", case.name);
    }
}

#[test]
fn capinfos_reads_large_blocks() {
    let folder = tempfile::tempdir().unwrap();
    for make in large() {
        let case = make();
        let paths = write(folder.path(), std::slice::from_ref(&case));
        let info = &capinfos(&paths)[0];
        let count = case.expected.packets.len();
        assert_eq!(info.number("Number of packets"), count, "{}", case.name);
    }
}

/// Returns the first option with this code as text.
fn text(interface: &Idb, code: u16) -> Option<String> {
    match values(&interface.options, code).next()? {
        Value::Bytes(bytes) if !bytes.is_empty() => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        Value::U8(number) => Some(number.to_string()),
        Value::U64(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns what capinfos must print about an interface.
fn described(interface: &Idb, packets: usize) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for (name, code) in [
        ("Name", code::IF_NAME),
        ("Description", code::IF_DESCRIPTION),
        ("Hardware", code::IF_HARDWARE),
        ("Speed", code::IF_SPEED),
        ("FCS length", code::IF_FCSLEN),
        ("Operating system", code::IF_OS),
    ] {
        lines.extend(text(interface, code).map(|text| (name, text)));
    }
    let filter = text(interface, code::IF_FILTER);
    let filter = filter
        .as_deref()
        .and_then(|filter| filter.strip_prefix('\0'));
    let filter = filter.filter(|filter| !filter.is_empty());
    lines.extend(filter.map(|filter| ("Filter string", filter.to_owned())));
    let per_second = interface.per_second().expect("a known resolution");
    lines.push(("Time ticks per second", per_second.to_string()));
    lines.push(("Capture length", interface.snaplen.to_string()));
    lines.push(("Number of packets", packets.to_string()));
    lines
}

#[test]
fn capinfos_reads_what_was_put_in() {
    // It mixes up the interfaces of several sections.
    let is_compared =
        |case: &Case| case.tshark_refuses.is_none() && case.expected.sections.len() == 1;
    let cases: Vec<Case> = valid().into_iter().filter(is_compared).collect();
    let folder = tempfile::tempdir().unwrap();
    let paths = write(folder.path(), &cases);
    let infos = capinfos(&paths);
    assert_eq!(infos.len(), cases.len());
    let mut wrong = Vec::new();
    for (case, info) in cases.iter().zip(infos) {
        let name = &case.name;
        let secrets = case.expected.count(kind::DSB);
        let told = info.number("Number of decryption secrets in file");
        if told != secrets {
            wrong.push(format!("{name}: {told} secrets, not {secrets}"));
        }
        let interfaces = &case.expected.sections[0].interfaces;
        assert_eq!(info.interfaces.len(), interfaces.len(), "{name}");
        for (number, (interface, shown)) in (0..).zip(interfaces.iter().zip(info.interfaces)) {
            let packets = case.expected.packets.iter();
            let count = packets.filter(|packet| packet.interface == number).count();
            for (key, value) in described(interface, count) {
                let pair = (key.to_owned(), value);
                if !shown.contains(&pair) {
                    wrong.push(format!("{name}: {pair:?} not in {shown:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
