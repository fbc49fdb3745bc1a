//! The tables, in all forms.

use super::{datagram, rows, tables};
use crate::common::{
    path_arg, program, record, run, run_program, sample_packets, savefile, write_file,
};

#[test]
fn an_overview_has_what_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let packets = [
        datagram(1, 1, 2, 53, 100),
        datagram(3, 1, 2, 53, 100),
        datagram(11, 3, 2, 99, 600),
    ];
    let path = write_file(
        folder.path(),
        "a.pcap",
        &savefile(false, false, 1, &packets),
    );
    let mut command = program("stats");
    command.args(["--color", "never", path_arg(&path)]);
    let text = run(command.env("LC_ALL", "C.UTF-8").env("COLUMNS", "80")).success_output();
    for part in [
        "packets              3\nbytes                926\n",
        "duration in seconds  10.000000\n",
        "protocol   packets  bytes  % bytes\neth              3    926   100.00  ██████████████████████████████\n  ip             3    926   100.00",
        "\nUDP conversations\nA <-> B                       packets  bytes  % bytes\n192.0.2.3:9 <-> 192.0.2.2:99        1    642    69.33  ",
        "\nIPv4 endpoints\naddress    packets  bytes  bytes sent  % bytes\n192.0.2.2        3    926           0   100.00  ",
        "\nbytes     packets  sum of bytes  % packets\n80–159          2           284      66.67  ",
        "640–1279        1           642      33.33  ███████████████\n",
        "\n1970-01-01 00:00:01        1    142",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("Ethernet"), "{text}");
    assert!(!text.contains("TCP"), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    // Without UTF-8, bars are ASCII.
    let mut command = program("stats");
    let text = run(command.arg(path_arg(&path)).env("LC_ALL", "C")).success_output();
    assert!(text.contains(" ####") && !text.contains('█'), "{text}");
}

#[test]
fn all_tables_match_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(
        folder.path(),
        "a.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    let names = [
        "summary",
        "protocols",
        "conversations",
        "endpoints",
        "lengths",
        "rates",
        "tcp",
        "dns",
        "hosts",
    ];
    for name in names {
        let tables = tables(&["--table", name, path_arg(&path)]);
        assert!(!tables.is_empty(), "{name}");
        assert!(
            tables.iter().all(|table| table["table"] == name),
            "{tables:?}"
        );
    }
    // Without packets, too.
    let empty = write_file(folder.path(), "b.pcap", &savefile(false, false, 1, &[]));
    for name in names {
        tables(&["--table", name, path_arg(&empty)]);
    }
    let ran = run_program("stats", &[path_arg(&empty)]);
    assert!(ran.success_output().contains("packets              0\n"));
}

/// CSV has the values of JSON.
#[test]
fn csv_has_the_columns_of_json() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(
        folder.path(),
        "a.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    for name in [
        "summary",
        "protocols",
        "conv,tcp",
        "endpoints,ip",
        "lengths",
        "rates",
        "dns",
    ] {
        let rows = rows(&["--table", name, path_arg(&path)]);
        let csv = run_program("stats", &["--csv", "--table", name, path_arg(&path)]);
        let text = csv.success_output();
        let mut lines = text.split("\r\n");
        let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
        for (row, line) in rows.iter().zip(&mut lines) {
            for (column, value) in columns.iter().zip(line.split(',')) {
                let expected = match &row[column] {
                    serde_json::Value::Null => String::new(),
                    serde_json::Value::String(text) => text.clone(),
                    number => number.to_string(),
                };
                let is_same = value == expected || value.parse() == expected.parse::<f64>();
                assert!(is_same, "{name} {column}: {value} {expected}");
            }
        }
        assert_eq!(lines.next(), Some(""), "{name}");
    }
}

/// A name in a message must not become a formula of a spreadsheet, or control the terminal.
#[test]
fn hostile_names_are_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let mut message = [7, 0x0100, 1, 0, 0, 0_u16].map(u16::to_be_bytes).concat();
    let label = b"=1+\"\x1b[31m,\n";
    message.push(label.len() as u8);
    message.extend(label);
    message.extend([0, 0, 1, 0, 1]);
    let (secs, nanos, mut frame, _) = datagram(1, 1, 2, 53, message.len());
    let start = frame.len() - message.len();
    frame[start..].copy_from_slice(&message);
    let path = write_file(
        folder.path(),
        "a.pcap",
        &savefile(false, false, 1, &[record(secs, nanos, frame)]),
    );
    let csv = run_program("stats", &["--csv", "--table", "dns", path_arg(&path)]).success_output();
    assert!(csv.contains("\"'=1+"), "{csv:?}");
    assert!(!csv.contains('\u{1b}'), "{csv:?}");
    let text = run_program("stats", &[path_arg(&path)]).success_output();
    assert!(text.contains("=1+") && !text.contains('\u{1b}'), "{text:?}");
}

/// Neither JSON nor CSV is empty, and CSV says on standard error what it lacks.
#[test]
fn nothing_is_missing_silently() {
    let folder = tempfile::tempdir().unwrap();
    let empty = write_file(folder.path(), "empty.pcap", &savefile(false, false, 1, &[]));
    assert!(rows(&["--table", "conv", path_arg(&empty)]).is_empty());
    let packets: Vec<_> = (0..30).map(|n| datagram(n, 1, 2, n as u16, 10)).collect();
    let path = write_file(
        folder.path(),
        "a.pcap",
        &savefile(false, false, 1, &packets),
    );
    for (table, missing) in [
        ("conv,udp", "20 more rows; --top 0 prints all"),
        (
            "rates,1us",
            "intervals of 32 µs instead of 1 µs: at most 1048576 fit",
        ),
    ] {
        let ran = run_program("stats", &["--csv", "--table", table, path_arg(&path)]);
        assert_eq!(ran.status, Some(0));
        assert!(ran.stderr.contains(missing), "{}", ran.stderr);
    }
    let mut command = program("stats");
    let text = run(command.arg(path_arg(&path)).env("LC_ALL", "C")).success_output();
    assert!(text.is_ascii(), "{text}");
}

#[test]
fn rows_are_ordered_and_limited() {
    let folder = tempfile::tempdir().unwrap();
    // Host 1: many packets; host 2: many bytes; host 3: a long time; host 4: the first packet.
    let mut packets = vec![datagram(1, 4, 9, 1, 10)];
    packets.extend((2..12).map(|_| datagram(5, 1, 9, 1, 10)));
    packets.extend([datagram(6, 2, 9, 1, 900), datagram(7, 2, 9, 1, 900)]);
    packets.extend([datagram(8, 3, 9, 1, 10), datagram(90, 3, 9, 1, 10)]);
    let path = write_file(
        folder.path(),
        "a.pcap",
        &savefile(false, false, 1, &packets),
    );
    for (order, first) in [("bytes", 2), ("packets", 1), ("duration", 3), ("start", 4)] {
        let words = [
            "--table",
            "conv,ip",
            "--top",
            "1",
            "--order",
            order,
            path_arg(&path),
        ];
        let table = &tables(&words)[0];
        assert_eq!(table["rows"].as_array().unwrap().len(), 1);
        assert_eq!(table["rows"][0]["a"], format!("192.0.2.{first}"), "{order}");
        assert_eq!(table["rows_left_out"], 3);
    }
    let all = rows(&["--table", "conv,ip", "--top", "0", path_arg(&path)]);
    assert_eq!(all.len(), 4);
    let rates = rows(&["--table", "rates,10s", path_arg(&path)]);
    assert_eq!(rates.len(), 10);
    assert_eq!(rates[0]["packets"], 14);
    assert_eq!(
        (&rates[9]["start"], &rates[9]["packets"]),
        (&"90.000000000".into(), &1.into())
    );
}
