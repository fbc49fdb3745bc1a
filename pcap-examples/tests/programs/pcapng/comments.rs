//! The options `--capture-comment` and `--comment`.

use std::fs;

use super::bytes::{Ng, Order};
use super::{SECOND, TCP, UDP, capinfos, ethernet, fields, section, succeed};
use crate::common::{path_arg, run_program, sample_packets, savefile, write_file};

const OPTIONS: [&str; 8] = [
    "--capture-comment",
    "of the file",
    "--capture-comment",
    "and more",
    "--comment",
    "2:look: here",
    "--comment",
    "2:twice",
];

#[test]
fn comments_are_added_to_copies() {
    let folder = tempfile::tempdir().unwrap();
    let packets = savefile(false, false, 1, &sample_packets());
    let classic = write_file(folder.path(), "in.pcap", &packets);
    let output = folder.path().join("out.pcapng");
    for order in [Order::Little, Order::Big] {
        let mut ng = Ng::new(order);
        ng.section(200, &[]);
        ng.interface(1, 0, &[]);
        ng.packet(0, SECOND, &ethernet(UDP), &[]);
        ng.packet(0, SECOND, &ethernet(TCP), &[(1, b"before")]);
        ng.packet(0, SECOND, &ethernet(UDP), &[]);
        let input = write_file(folder.path(), "in.pcapng", &ng.bytes);
        for program in ["filter", "recode"] {
            let words = [&OPTIONS[..], &[path_arg(&input), path_arg(&output)]].concat();
            succeed(program, &words);
            let comments = fields(&output, &["frame.comment"]);
            assert_eq!(comments, ["", "before,look: here,twice", ""], "{program}");
            assert!(
                capinfos(&output, "-k").ends_with("of the file,and more"),
                "{program}"
            );
            assert_eq!(fs::read(&output).unwrap()[16..24], [0xff; 8], "{program}");
            let words = [&OPTIONS[..], &[path_arg(&classic), path_arg(&output)]].concat();
            succeed(program, &words);
            let comments = fields(&output, &["frame.comment"]);
            assert_eq!(comments[..3], ["", "look: here,twice", ""], "{program}");
            assert!(
                capinfos(&output, "-k").ends_with("of the file,and more"),
                "{program}"
            );
        }
    }
}

#[test]
fn comments_are_added_to_parts() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("part");
    let classic = savefile(false, false, 1, &sample_packets());
    for (name, bytes) in [("a.pcapng", section(Order::Big).bytes), ("a.pcap", classic)] {
        let input = write_file(folder.path(), name, &bytes);
        let more = [
            "--format",
            "pcapng",
            "--force",
            "--packets",
            "1",
            "-o",
            path_arg(&prefix),
        ];
        let words = [&OPTIONS[..], &more, &[path_arg(&input)]].concat();
        succeed("split", &words);
        for number in 0..3 {
            let part = folder.path().join(format!("part-0000{number}.pcapng"));
            let comment = &fields(&part, &["frame.comment"])[0];
            assert_eq!(
                comment.contains("look: here,twice"),
                number == 1,
                "{comment}"
            );
            assert!(capinfos(&part, "-k").contains("of the file"), "{name}");
        }
    }
}

#[test]
fn comments_that_cannot_be_written_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(folder.path(), "in.pcapng", &section(Order::Little).bytes);
    let output = write_file(folder.path(), "out.pcap", b"precious");
    let prefix = folder.path().join("part.pcap");
    for words in [
        &["filter", path_arg(&input), path_arg(&output)][..],
        &["recode", path_arg(&input), path_arg(&output)],
        &[
            "split",
            "--packets",
            "2",
            "-o",
            path_arg(&prefix),
            path_arg(&input),
        ],
    ] {
        for comment in [["--comment", "1:text"], ["--capture-comment", "text"]] {
            let ran = run_program(words[0], &[&comment[..], &words[1..]].concat());
            assert_eq!(ran.status, Some(1), "{words:?}");
            let text = "classic savefiles have none; name the output `.pcapng`";
            assert!(ran.stderr.contains(text), "{}", ran.stderr);
        }
    }
    assert_eq!(fs::read(&output).unwrap(), b"precious");
    let output = folder.path().join("out.pcapng");
    for program in ["filter", "recode"] {
        for wrong in ["text", "0:text", "1:", "x:text"] {
            let words = ["--comment", wrong, path_arg(&input), path_arg(&output)];
            assert_eq!(run_program(program, &words).status, Some(2), "{wrong}");
        }
        let words = ["--comment", "99:text", path_arg(&input), path_arg(&output)];
        let ran = run_program(program, &words);
        assert_eq!(ran.status, Some(1), "{program}");
        let text = "cannot add the comment to packet 99: the output does not have it";
        assert!(ran.stderr.contains(text), "{}", ran.stderr);
        assert_eq!(
            run_program("read", &["--count", path_arg(&output)]).success_output(),
            "7\n"
        );
    }
    let mut ng = Ng::new(Order::Little);
    ng.section(-1, &[]);
    ng.interface(1, 0, &[]);
    ng.simple_packet(42, &ethernet(UDP));
    ng.packet(0, SECOND, &ethernet(UDP), &[]);
    let input = write_file(folder.path(), "simple.pcapng", &ng.bytes);
    for program in ["filter", "recode"] {
        let words = ["--comment", "1:text", path_arg(&input), path_arg(&output)];
        let ran = run_program(program, &words);
        assert_eq!(ran.status, Some(1), "{program}");
        assert!(ran.stderr.contains("simple packet block"), "{}", ran.stderr);
        // Everything is copied.
        assert_eq!(fs::read(&output).unwrap(), ng.bytes, "{program}");
    }
}
