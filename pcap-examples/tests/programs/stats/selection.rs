//! Which packets count, and how reading ends.

use super::{datagram, rows, tables};
use crate::common::{
    gzip, path_arg, program, run_program, run_with_stdin, sample_packets, savefile, write_file,
};
use crate::pcapng::two_sections;

#[test]
fn only_selected_packets_count() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let path = write_file(folder.path(), "a.pcap", &bytes);
    let (sections, _) = two_sections(folder.path());
    for (path, options) in [
        (&path, &["-f", "tcp"][..]),
        (&path, &["-c", "3"]),
        (&path, &["--packets", "2-3,12"]),
        (&path, &["--except", "1"]),
        (&path, &["--after", "+3s", "--before", "+6s"]),
        (&sections, &["-f", "udp"]),
        (&sections, &["-c", "2", "-f", "udp"]),
    ] {
        let files = [path_arg(path); 2];
        let summary = rows(&[&["--table", "summary"], options, &files].concat());
        let count = run_program("read", &[&["--count"], options, &files].concat());
        assert_eq!(
            format!("{}\n", summary[0]["packets"]),
            count.success_output(),
            "{options:?}"
        );
    }
}

/// The files are read at the same time, but the result is that of one after the other.
#[test]
fn the_order_of_reading_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..8)
        .map(|file| {
            let packets: Vec<_> = (0..500)
                .map(|n| datagram(file * 100 + n / 5, n as u8 % 7, 200, n as u16 % 11, 100))
                .collect();
            let name = format!("{file}.pcap");
            write_file(folder.path(), &name, &savefile(false, false, 1, &packets))
        })
        .collect();
    let names: Vec<&str> = paths.iter().map(|path| path_arg(path)).collect();
    let all = [
        "--top",
        "0",
        "--table",
        "conv",
        "--table",
        "endpoints",
        "--table",
        "rates,1s",
    ];
    let together = tables(&[&all[..], &names].concat());
    let merged = folder.path().join("all.pcap");
    run_program(
        "merge",
        &[&names[..], &["-q", "-w", path_arg(&merged)]].concat(),
    )
    .success_output();
    assert_eq!(together, tables(&[&all[..], &[path_arg(&merged)]].concat()));
}

#[test]
fn compressed_savefiles_and_standard_input_are_read() {
    let bytes = gzip(&savefile(true, true, 1, &sample_packets()));
    let mut command = program("stats");
    let ran = run_with_stdin(command.args(["--table", "summary", "--csv", "-"]), &bytes);
    assert!(
        ran.success_output()
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("8,")
    );
}

/// The packets before the damage and those of the other files count.
#[test]
fn damage_ends_only_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(
        false,
        false,
        1,
        &[datagram(1, 1, 2, 3, 100), datagram(2, 1, 2, 3, 100)],
    );
    let broken = write_file(folder.path(), "broken.pcap", &bytes[..bytes.len() - 1]);
    let whole = write_file(folder.path(), "whole.pcap", &bytes);
    let files = [path_arg(&broken), path_arg(&whole)];
    for options in [&[][..], &["-c", "100"]] {
        let ran = run_program(
            "stats",
            &[&["--csv", "--table", "summary"], options, &files].concat(),
        );
        assert_eq!(ran.status, Some(1));
        assert!(ran.text().contains("\n3,"), "{}", ran.text());
        assert!(ran.stderr.contains("broken.pcap"), "{}", ran.stderr);
    }
    let page = folder.path().join("page.html");
    let ran = run_program("stats", &["--report", path_arg(&page), files[0]]);
    assert_eq!(ran.status, Some(1));
    assert!(
        std::fs::read_to_string(page)
            .unwrap()
            .contains("Packets are missing")
    );
}

#[test]
fn mistakes_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let path = write_file(folder.path(), "a.pcap", &bytes);
    let file = path_arg(&path);
    for (words, status, why) in [
        (vec![], 2, "required"),
        (
            vec!["--table", "foo", file],
            2,
            "expected summary, protocols",
        ),
        (vec!["--table", "conv,foo", file], 2, "expected the layer"),
        (vec!["--csv", file], 2, "--table"),
        (
            vec!["--csv", "--table", "dns", "--table", "tcp", file],
            2,
            "a single --table",
        ),
        (
            vec!["--csv", "--table", "conv", file],
            2,
            "requires a layer",
        ),
        (
            vec!["--table", "rates,1s", "--table", "rates,2s", file],
            2,
            "a single interval",
        ),
        (
            vec!["--report", "-", "--json", file],
            2,
            "to standard output together",
        ),
        (vec!["-r", file, "--duration", "3"], 2, "requires a device"),
        (vec!["-r", file, "-Q", "in"], 2, "requires a device"),
        (
            vec!["--plot", "rates=a.gif", file],
            2,
            "expected a file with the extension",
        ),
        (vec!["-s", "10", file], 2, "--interface"),
        (vec!["-f", "tcp and", file], 1, "cannot filter"),
        (vec!["/none.pcap"], 1, "cannot open `/none.pcap`"),
    ] {
        let ran = run_program("stats", &words);
        assert_eq!(ran.status, Some(status), "{words:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(why), "{words:?}: {}", ran.stderr);
    }
}
