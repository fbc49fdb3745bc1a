//! No packet of the test data and of the fuzz corpus stops the program.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{program, record, run, savefile, write_file};

/// The link types that are decoded, and one that is not.
const LINKTYPES: [u32; 18] = [
    0, 1, 9, 50, 51, 101, 104, 105, 108, 113, 127, 147, 219, 228, 229, 253, 276, 277,
];

/// Writes the savefiles of the fuzz corpus, and one for each link type that has all files of the corpus as packets.
fn savefiles(folder: &Path) -> Vec<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pcap-core/tests/data");
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

#[test]
fn all_packets_are_shown_in_all_views() {
    let folder = tempfile::tempdir().unwrap();
    let paths = savefiles(folder.path());
    assert!(paths.len() > 600, "{}", paths.len());
    let mut lines = Vec::new();
    for options in [
        &["-q"][..],
        &["-e", "-vvv", "-XX", "-#", "--nano", "--time", "utc"],
        &["-A", "-v", "-ttt", "--color", "always"],
        &["-x", "-ev", "-tttt", "-S", "-K"],
        &["-AA", "-vv", "-ttttt"],
        &["--json"],
        &["--raw"],
    ] {
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
