//! `pcap-recode --chop`, compared with editcap.

use std::fs;

use super::{recoded, records};
use crate::common::{path_arg, run_tool, sample_packets, savefile, write_file};

#[test]
fn bytes_are_removed_as_by_editcap() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let input = write_file(folder.path(), "in.pcap", &bytes);
    let (ours, theirs) = (
        folder.path().join("ours.pcap"),
        folder.path().join("theirs.pcap"),
    );
    // Where packets are truncated, editcap counts from the end of what was captured.
    let whole = folder.path().join("whole.pcap");
    recoded(&["--fix-lengths", "truncate"], &input, &whole);
    for chops in [
        &["4"][..],
        &["12:4"],
        &["-4"],
        &["2:-4"],
        &["14", "-4"],
        &["1000"],
    ] {
        let mut options = Vec::new();
        let mut words = vec!["-F", "pcap", "-L"];
        for chop in chops {
            options.extend(["--chop", chop]);
            words.extend(["-C", if *chop == "2:-4" { "-2:-4" } else { chop }]);
        }
        words.extend([path_arg(&whole), path_arg(&theirs)]);
        run_tool("editcap", &words);
        let (_, copied) = recoded(&options, &whole, &ours);
        let expected = fs::read(&theirs).unwrap();
        assert_eq!(records(&copied), records(&expected), "{chops:?}");
        // Interfaces and blocks change nothing of this.
        let (ng, again) = (
            folder.path().join("a.pcapng"),
            folder.path().join("again.pcap"),
        );
        recoded(&[], &whole, &ng);
        let cut = folder.path().join("b.pcapng");
        recoded(&options, &ng, &cut);
        let (_, copied) = recoded(&["--time-stamp-precision", "micro"], &cut, &again);
        assert_eq!(records(&copied), records(&expected), "{chops:?}");
    }
}
