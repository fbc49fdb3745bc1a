//! `pcap-read` with ranges of numbers and times.

use crate::common::{path_arg, run_program, sample_packets, savefile, write_file};

#[test]
fn ranges_continue_from_file_to_file() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, true, 1, &sample_packets());
    let classic = write_file(folder.path(), "a.pcap", &bytes);
    let ng = folder.path().join("b.pcapng");
    let converted = run_program("recode", &["-q", path_arg(&classic), path_arg(&ng)]);
    assert_eq!(converted.status, Some(0), "{}", converted.stderr);
    let damaged = write_file(folder.path(), "c.pcap", &bytes[..100]);
    let [a, b, c] = [&classic, &ng, &damaged].map(|path| path_arg(path));
    let all = run_program("read", &["--raw", a]).success_output();
    let all: Vec<&str> = all.lines().collect();
    let printed = |options: &[&str], files: &[&str]| {
        let words = [&["--raw"], options, files].concat();
        let lines = run_program("read", &words).success_output();
        let number = |line: &str| all.iter().position(|known| *known == line).unwrap() + 1;
        lines.lines().map(number).collect::<Vec<_>>()
    };
    for file in [a, b] {
        assert_eq!(printed(&["--packets", "2,8"], &[file]), [2, 8]);
        assert_eq!(printed(&["--packets", "2-", "-f", "udp"], &[file]), [6, 8]);
        assert_eq!(
            printed(&["--after", "+3s", "--before", "1700000006"], &[file]),
            [4, 5, 6]
        );
        assert_eq!(printed(&["--except", "2-7"], &[file]), [1, 8]);
        assert_eq!(printed(&["--packets", "3-", "-c", "2"], &[file]), [3, 4]);
    }
    assert_eq!(printed(&["--packets", "8", "-f", "tcp"], &[a, c]), [0; 0]);
    assert_eq!(printed(&["--packets", "8", "-f", "tcp"], &[b, c]), [0; 0]);
    // The third file is not read.
    assert_eq!(printed(&["--packets", "8-9,16"], &[a, b, c]), [8, 1, 8]);
    assert_eq!(printed(&["--after", "+7s"], &[a, b]), [8, 8]);
    let ran = run_program("read", &["--count", "--packets", "1-3", "-r", b, "udp"]);
    assert_eq!(ran.success_output(), "1\n");
}
