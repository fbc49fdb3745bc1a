//! No packet of the test data and of the fuzz corpus stops the program.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::frames::{all_prefixes, fields, tunnels};
use crate::common::{Record, program, record, run, savefile, write_file};

/// The link types that are decoded, and one that is not.
const LINKTYPES: [u32; 18] = [
    0, 1, 9, 50, 51, 101, 104, 105, 108, 113, 127, 147, 219, 228, 229, 253, 276, 277,
];

/// The options of all views.
const VIEWS: [&[&str]; 7] = [
    &["-q"],
    &["-e", "-vvv", "-XX", "-#", "--nano", "--time", "utc"],
    &["-A", "-v", "-ttt", "--color", "always"],
    &["-x", "-ev", "-tttt", "-S", "-K"],
    &["-AA", "-vv", "-ttttt"],
    &["--json"],
    &["--raw"],
];

/// Writes the savefiles of the fuzz corpus, and one for each link type that has all files of the corpus as packets.
fn savefiles(folder: &Path, data: &Path) -> Vec<PathBuf> {
    let (mut paths, mut packets) = (Vec::new(), Vec::new());
    // Each savefile follows bytes that tell the fuzzer how to read it.
    for (name, start) in [("savefiles", 8), ("pcapng-read", 1)] {
        for entry in fs::read_dir(data.join(name)).expect("the corpus") {
            let bytes = fs::read(entry.expect("an entry").path()).expect("a file");
            let bytes = bytes.get(start..).unwrap_or_default();
            let path = format!("{name}-{}", paths.len());
            paths.push(write_file(folder, &path, bytes));
            packets.push(record(0, 0, bytes[..bytes.len().min(1500)].to_vec()));
        }
    }
    for linktype in LINKTYPES {
        let bytes = savefile(false, false, linktype, &packets);
        paths.push(write_file(folder, &format!("{linktype}.pcap"), &bytes));
    }
    paths
}

/// Returns packets with headers of all kinds, each truncated at every byte, and with every byte changed.
fn damaged_headers() -> Vec<Record> {
    let frames = fields().into_iter().map(|(data, _)| data);
    let frames = frames.chain(tunnels().into_iter().map(|(_, data)| data));
    let mut packets = Vec::new();
    for frame in frames {
        packets.extend(all_prefixes(&frame));
        for at in 0..frame.len() {
            for change in [0xff, 0x0f, 0x20, 0x01] {
                let mut changed = frame.clone();
                changed[at] ^= change;
                packets.push(record(0, 0, changed));
            }
        }
    }
    packets
}

#[test]
fn damaged_headers_are_shown_in_all_views() {
    let folder = tempfile::tempdir().unwrap();
    let packets = damaged_headers();
    assert!(packets.len() > 7000, "{}", packets.len());
    let bytes = savefile(false, false, 1, &packets);
    let path = write_file(folder.path(), "a.pcap", &bytes);
    for options in VIEWS {
        let ran = run(program("read").args(options).arg(&path));
        assert_eq!(
            (ran.status, ran.stderr.as_str()),
            (Some(0), ""),
            "{options:?}"
        );
    }
}

#[test]
fn all_packets_are_shown_in_all_views() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pcap-core/tests/data");
    if !data.parent().is_some_and(Path::exists) {
        println!("skipped: the corpus is in the repository, but not in the package");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let paths = savefiles(folder.path(), &data);
    assert!(paths.len() > 600, "{}", paths.len());
    let mut lines = Vec::new();
    for options in VIEWS {
        let ran = run(program("read").args(options).args(&paths));
        // Some savefiles are damaged.
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        if options.len() == 1 {
            // After the packets, JSON has an object that says why the program failed.
            let is_packet = |line: &&&str| !line.contains("\"type\":\"error\"");
            lines.push(ran.lines().iter().filter(is_packet).count());
        }
    }
    let number = lines[0];
    assert!(number > 600 * LINKTYPES.len(), "{lines:?}");
    assert_eq!(lines, [number; 3]);
}
