//! The text for people, and CSV.

use std::collections::BTreeMap;

use super::files::create;
use super::{describe, values};
use crate::common::{gzip, path_arg, run_program, run_tool, sample_packets, savefile, write_file};
use crate::json::validate;

#[test]
fn lines_are_aligned_and_have_the_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let mut packets = sample_packets();
    packets.swap(3, 6);
    let bytes = gzip(&savefile(false, true, 1, &packets));
    let path = write_file(folder.path(), "a", &bytes);
    let text = run_program("info", &[path_arg(&path)]).success_output();
    let captured: usize = packets.iter().map(|packet| packet.2.len()).sum();
    let on_wire: u32 = packets.iter().map(|packet| packet.3).sum();
    let order = if cfg!(target_endian = "little") {
        "little"
    } else {
        "big"
    };
    let expected = format!(
        "{}
  format       pcap 2.4, nanosecond, {order}-endian
  compression  gzip
  file size    {} bytes
  link type    EN10MB (Ethernet)
  snaplen      65535, 96 inferred from truncated packets
  packets      8
  data size    {on_wire} bytes, captured {captured} bytes
  truncated    1 packet
  packet size  {:.2} bytes on average
  first        2023-11-14 22:13:20.000000000
  last         2023-11-14 22:13:27.000007000
  duration     7.000007000 s
  packet rate  1.143 packets/s
",
        path.display(),
        bytes.len(),
        f64::from(on_wire) / 8.0,
    );
    assert!(text.starts_with(&expected), "{text}\n{expected}");
    let end = "  time order   2 packets earlier than their predecessors
  largest gap  4.000007000 s between packets 3 and 4
";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn all_files_fit_80_columns() {
    let folder = tempfile::tempdir().unwrap();
    let files = create(folder.path());
    let words: Vec<&str> = files.iter().map(|path| path_arg(path)).collect();
    let ran = run_program("info", &[&["--hash"], &words[..]].concat());
    let text = ran.text();
    // Paths may be longer.
    let lines = text.lines().filter(|line| line.starts_with("  "));
    for line in lines {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let part = text.split("blocks.pcapng\n").nth(1).unwrap();
    let part = part.split("\n\n").next().unwrap();
    let blocks = files.iter().find(|path| path.ends_with("blocks.pcapng"));
    let sha1 = run_tool("sha1sum", &[path_arg(blocks.unwrap())]);
    for line in [
        &format!("  SHA-1        {}", &sha1[..40]),
        "  hardware     a machine",
        "  comment      the first\\u{1b}[31m comment",
        "  names        2 IPv4 names",
        "  blocks       1 secret",
        "  dropped      7 packets lost before other packets",
        "  comments     1 of packets",
        "    packet 2   a packet",
        "  interface 0  eth0",
        "    described  the left one",
        "    filter     udp port 53",
        "    speed      1.000 Gbit/s",
        "    packets    2",
        "    statistics 2 blocks",
        "               dropped by the interface 1",
    ] {
        assert!(part.lines().any(|found| found == line), "{line}:\n{part}");
    }
}

#[test]
fn csv_has_the_values_of_json() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = create(folder.path());
    let odd = folder.path().join("a, \"b\".pcap");
    std::fs::copy(&files[0], &odd).unwrap();
    files.insert(0, odd);
    let words: Vec<&str> = files.iter().map(|path| path_arg(path)).collect();
    let ran = run_program("info", &[&["--csv", "--hash"], &words[..]].concat());
    let mut rows = ran.text().lines().map(values);
    let names = rows.next().unwrap();
    let mut compared = 0;
    for (path, row) in files.iter().zip(rows.by_ref()) {
        let ours = describe(path);
        assert_eq!(row.len(), names.len(), "{row:?}");
        let row: BTreeMap<_, _> = names.iter().zip(row).collect();
        for (name, value) in row {
            let member = match (name.as_str(), &ours["largest_gap"]) {
                ("largest_gap", gap) => &gap["duration"],
                ("largest_gap_before", gap) => &gap["before"],
                ("inferred_snaplen_min", _) => &ours["inferred_snaplen"]["min"],
                ("inferred_snaplen_max", _) => &ours["inferred_snaplen"]["max"],
                ("linktypes" | "sections" | "interfaces", _) => continue,
                (name, _) => &ours[name],
            };
            let expected = match member {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Number(number) if number.is_f64() => {
                    format!("{:.6}", number.as_f64().unwrap())
                }
                other => other.to_string(),
            };
            assert_eq!(value, expected, "{name} of {}", path.display());
            compared += 1;
        }
    }
    assert!(compared > 300, "{compared}");
    assert!(rows.next().is_none());
}

#[test]
fn files_that_cannot_be_opened_do_not_hide_others() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let good = write_file(folder.path(), "good.pcap", &bytes);
    let text = write_file(folder.path(), "text.txt", b"no savefile at all, but text");
    let twice = write_file(folder.path(), "twice.gz", &gzip(&gzip(&bytes)));
    let missing = folder.path().join("missing.pcap");
    let wrong = [&missing, &text, &twice].map(|path| path_arg(path));
    let good = path_arg(&good);
    let words = [&wrong[..], &[good]].concat();
    let ran = run_program("info", &words);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert!(
        ran.text().starts_with(&format!("{good}\n")),
        "{}",
        ran.text()
    );
    assert_eq!(ran.stderr.lines().count(), 3, "{}", ran.stderr);
    for (line, path) in ran.stderr.lines().zip(wrong) {
        assert!(
            line.starts_with(&format!("pcap-info: cannot open `{path}`: ")),
            "{line}"
        );
        assert!(!line.contains("-r FILE"), "{line}");
    }
    let end = "unknown file format; it is compressed by gzip: decompress it first\n";
    assert!(ran.stderr.ends_with(end), "{}", ran.stderr);

    let ran = run_program("info", &[&["--csv"], &words[..]].concat());
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let mut rows = ran.text().lines().map(values);
    let names = rows.next().unwrap();
    let error = names.iter().position(|name| name == "error").unwrap();
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows.len(), words.len());
    for ((row, path), line) in rows.iter().zip(&words).zip(ran.stderr.lines()) {
        assert_eq!((&row[0], row.len()), (&(*path).to_owned(), names.len()));
        assert_eq!(line, format!("pcap-info: {}", row[error]));
    }
    assert_eq!(rows[3][error], "");

    let ran = run_program("info", &[&["--json"], &words[..]].concat());
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let lines = ran.lines();
    assert_eq!(lines.len(), words.len(), "{lines:#?}");
    for ((line, path), message) in lines.iter().zip(wrong).zip(ran.stderr.lines()) {
        let failed = validate("error", line).remove(0);
        assert_eq!(failed["path"], path);
        let error = failed["error"].as_str().unwrap();
        assert_eq!(message, format!("pcap-info: {error}"));
    }
    assert_eq!(validate("info", lines[3]).remove(0)["path"], good);

    // Words of a filter are no files.
    let ran = run_program("info", &[good, "udp"]);
    assert!(ran.stderr.contains("`-f EXPR FILE`"), "{}", ran.stderr);
}
