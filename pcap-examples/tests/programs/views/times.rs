//! The times before the lines.

use super::{both, both_in, datagram, file};
use crate::common::{path_arg, program, run, run_program, savefile, write_file};

/// The rule of New York, in the form of POSIX. Summer time ended on 2023-11-05 at 6:00 UTC.
const NEW_YORK: &str = "EST5EDT,M3.2.0,M11.1.0";

/// Returns what is before the packet in each line.
fn times(lines: &str) -> Vec<&str> {
    let end = |line: &str| {
        line.find("IP 192")
            .or(line.find("192.0"))
            .expect("an address")
    };
    lines.lines().map(|line| &line[..end(line)]).collect()
}

#[test]
fn each_form_is_that_of_tcpdump() {
    let folder = tempfile::tempdir().unwrap();
    let change = 1_699_164_000;
    let records: Vec<_> = [
        (change - 1, 999_999_999),
        (change, 0),
        (change + 3_661, 1_999),
        (change + 3_661, 1_000),
        (change - 7_000, 0),
        // tcpdump takes the remainder of differences above a day.
        (5, 123_456_789),
        (u32::MAX >> 1, 1),
    ]
    .map(|(secs, nanos)| (secs, nanos, datagram(b"a"), 60))
    .into();
    let write = |name, records| write_file(folder.path(), name, &savefile(false, true, 1, records));
    let (all, near) = (write("a.pcap", &records), write("b.pcap", &records[..5]));
    for zone in ["UTC0", NEW_YORK, "<+0545>-5:45"] {
        for form in ["-n", "-t", "-tt", "-ttt", "-tttt", "-ttttt"] {
            let path = if matches!(form, "-ttt" | "-ttttt") {
                &near
            } else {
                &all
            };
            for options in [&[form][..], &[form, "--nano"]] {
                let [theirs, ours] = both_in(zone, options, path);
                assert_eq!(times(&ours), times(&theirs), "{zone} {options:?}");
            }
        }
    }
}

#[test]
fn long_forms_are_those_of_the_letters() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), 1, &[datagram(b"a"), datagram(b"b")]);
    let lines = |options: &[&str]| {
        let mut command = program("read");
        let command = command.args(options).arg(path_arg(&path));
        run(command.env("TZ", NEW_YORK)).success_output()
    };
    for (letters, form) in [
        ("-n", "local"),
        ("-t", "none"),
        ("-tt", "epoch"),
        ("-ttt", "delta"),
        ("-tttt", "date"),
        ("-ttttt", "since-first"),
    ] {
        assert_eq!(lines(&[letters]), lines(&["--time", form]));
    }
    let utc = lines(&["--time", "utc"]);
    assert!(utc.starts_with("2023-11-14T22:13:20.000000Z 192"), "{utc}");
    for words in [&["-tttttt"][..], &["-t", "--time", "utc"], &["--time", "x"]] {
        let ran = run_program("read", &[words, &[path_arg(&path)]].concat());
        assert_eq!((ran.status, ran.text()), (Some(2), ""), "{words:?}");
    }
}

/// Several savefiles are one sequence of packets, as in tcpdump.
#[test]
fn numbers_and_differences_continue_in_the_next_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), 1, &[datagram(b"a"), datagram(b"b")]);
    let [theirs, ours] = both(&["-#"], &path);
    assert_eq!(times(&ours), times(&theirs));
    let options = ["--number", "-ttttt", path_arg(&path), path_arg(&path)];
    let lines = run_program("read", &options).success_output();
    let second = " 00:00:01.001001 ";
    let zero = " 00:00:00.000000 ";
    assert_eq!(
        times(&lines),
        [
            format!("    1  {zero}"),
            format!("    2  {second}"),
            format!("    3  {zero}"),
            format!("    4  {second}")
        ]
    );
}
