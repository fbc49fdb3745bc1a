//! The report and the plots.

use std::fs;

use super::datagram;
use crate::common::{path_arg, run_program, savefile, write_file};

#[test]
fn the_report_has_the_numbers_and_needs_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let packets: Vec<_> = (0..12_345)
        .map(|n| datagram(n / 100, 1, 2, 53, 100))
        .collect();
    let path = write_file(
        folder.path(),
        "a<b>.pcap",
        &savefile(false, false, 1, &packets),
    );
    let page = folder.path().join("page.html");
    let ran = run_program("stats", &["--report", path_arg(&page), path_arg(&path)]);
    assert_eq!(ran.success_output(), "");
    let page = fs::read_to_string(page).unwrap();
    for part in [
        "a&lt;b&gt;.pcap",
        "12\u{202f}345",
        "192.0.2.1:9 ↔ 192.0.2.2:53",
        "Bit rate",
        "Protocols",
        "Hosts over time",
        "Packet lengths",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for part in ["<script", "src=", "href=\"http", "url(", "@import"] {
        assert!(!page.contains(part), "{part}");
    }
}

#[test]
fn plots_are_pictures_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let packets: Vec<_> = (0..20).map(|n| datagram(n, 1, 2, 53, 100)).collect();
    let path = write_file(
        folder.path(),
        "a.pcap",
        &savefile(false, false, 1, &packets),
    );
    for (name, label) in [
        ("rates", "Bits per second"),
        ("protocols", "udp"),
        ("conversations", "192.0.2.1:9"),
        ("endpoints", "192.0.2.2"),
        ("lengths", "Length on the wire"),
        ("hosts", "192.0.2.1"),
    ] {
        let picture = folder.path().join(format!("{name}.svg"));
        let plot = format!("{name}={}", path_arg(&picture));
        let ran = run_program("stats", &["--plot", &plot, path_arg(&path)]);
        assert_eq!(ran.success_output(), "");
        let picture = fs::read_to_string(picture).unwrap();
        assert!(
            picture.starts_with("<svg") || picture.starts_with("<?xml"),
            "{picture}"
        );
        assert!(picture.contains(label), "{name}: {picture}");
    }
}

#[test]
fn a_report_remains_if_nothing_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let noise = write_file(
        folder.path(),
        "noise",
        b"no savefile, but longer than a header",
    );
    let page = write_file(folder.path(), "page.html", b"an earlier report");
    let ran = run_program("stats", &["--report", path_arg(&page), path_arg(&noise)]);
    assert_eq!((ran.status, ran.text()), (Some(1), ""));
    assert_eq!(fs::read(&page).unwrap(), b"an earlier report");
}

/// Nothing is read or written if an output is an input, or if two outputs are the same file.
#[test]
fn no_input_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &[datagram(1, 1, 2, 53, 100)]);
    let path = write_file(folder.path(), "a.svg", &bytes);
    let input = path_arg(&path);
    let page = folder.path().join("page.svg");
    let page = path_arg(&page);
    for (outputs, why) in [
        (vec!["--report", input], "it is the input"),
        (vec!["--plot", &format!("rates={input}")], "it is the input"),
        (
            vec!["--report", page, "--plot", &format!("rates={page}")],
            "it is also the file",
        ),
        (vec!["--report", "/none/a.html"], "cannot create"),
    ] {
        let ran = run_program("stats", &[&outputs[..], &[input]].concat());
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    }
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
