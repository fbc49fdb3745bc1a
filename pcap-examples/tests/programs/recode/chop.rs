//! `pcap-recode --chop`, compared with editcap.

use super::{recoded, records};
use crate::common::{path_arg, read_tool_savefile, run_tool, sample_packets, savefile, write_file};

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
        let expected = read_tool_savefile(&theirs);
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

/// Packets without their last bytes no longer end with a frame check sequence.
#[test]
fn without_the_ends_of_packets_no_frame_check_sequence_is_declared() {
    let folder = tempfile::tempdir().unwrap();
    // The upper bits declare four bytes, in units of two.
    let linktype: u32 = 0x2400_0001;
    let bytes = savefile(false, false, linktype, &sample_packets());
    let classic = write_file(folder.path(), "a.pcap", &bytes);
    let ng = folder.path().join("a.pcapng");
    recoded(&[], &classic, &ng);
    // The option `if_fcslen` with four bytes.
    let option = [
        &13_u16.to_ne_bytes()[..],
        &1_u16.to_ne_bytes(),
        &[4, 0, 0, 0],
    ]
    .concat();
    let has_option = |bytes: &[u8]| bytes.windows(option.len()).any(|part| part == option);
    for (chop, declared) in [("4", true), ("-4", false)] {
        let chop = &["--chop", chop][..];
        let (_, copied) = recoded(chop, &classic, &folder.path().join("b.pcap"));
        let found = copied[20..24] == linktype.to_ne_bytes();
        assert_eq!(found, declared, "{chop:?}");
        for input in [&classic, &ng] {
            let (_, copied) = recoded(chop, input, &folder.path().join("b.pcapng"));
            assert_eq!(has_option(&copied), declared, "{chop:?} {input:?}");
        }
    }
}
