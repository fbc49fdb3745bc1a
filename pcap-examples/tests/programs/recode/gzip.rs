//! Reading and writing gzip with `pcap-recode`.

use std::fs;

use super::{recode, recoded};
use crate::common::{
    gunzip, gzip, path_arg, program, record, run_program, run_with_stdin, sample_packets_nano,
    savefile, write_file,
};

#[test]
fn gzip_is_read_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(false, true, 1, &sample_packets_nano());
    let plain = write_file(folder.path(), "in.pcap", &whole);
    // Compression is detected from the content, not from the name. The data may have several members.
    let (start, rest) = whole.split_at(100);
    let packed = write_file(folder.path(), "in", &[gzip(start), gzip(rest)].concat());
    let [gz, out] = ["out.pcap.gz", "out.pcap"].map(|name| folder.path().join(name));
    for input in [&plain, &packed] {
        assert_eq!(gunzip(&recoded(&[], input, &gz).1), whole);
        assert_eq!(
            gunzip(&recoded(&["--compress", "gzip"], input, &out).1),
            whole
        );
        assert_eq!(recoded(&[], input, &out).1, whole);
        let bytes = fs::read(input).unwrap();
        let piped = run_with_stdin(
            program("recode").args(["--compress", "gzip", "-", "-"]),
            &bytes,
        );
        assert_eq!(
            (piped.status, gunzip(&piped.stdout)),
            (Some(0), whole.clone())
        );
    }
    // Any link type can be declared, even one that libpcap has no DLT for.
    let mut other = whole;
    other[20..24].copy_from_slice(&5000_u32.to_ne_bytes());
    let relabelled = recoded(&["-y", "5000", "--relabel"], &plain, &gz);
    assert_eq!(gunzip(&relabelled.1), other);
}

#[test]
fn a_damaged_gzip_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    // Use incompressible data, so that half of the file still contains many packets.
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let many: Vec<_> = (0..500)
        .map(|n| record(n, 0, (0..1000).map(|_| random()).collect()))
        .collect();
    let packed = gzip(&savefile(false, false, 1, &many));
    let mut wrong_sum = packed.clone();
    let end = packed.len();
    wrong_sum[end - 8] ^= 1;
    let output = folder.path().join("out.pcap");
    for (bytes, least, most) in [(&packed[..end / 2], 100, 250), (&wrong_sum, 500, 500)] {
        let input = write_file(folder.path(), "in.pcap.gz", bytes);
        let ran = recode(&[], &input, &output);
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        let error = ran.stderr.lines().last().unwrap();
        let start = format!("pcap-recode: cannot read `{}`: ", path_arg(&input));
        assert!(error.starts_with(&start), "{error}");
        let count = run_program("read", &["--count", path_arg(&output)]).success_output();
        let count: u32 = count.trim().parse().unwrap();
        assert!((least..=most).contains(&count), "{count}");
        assert!(
            ran.stderr
                .starts_with(&format!("{count} of {count} packets\n"))
        );
    }
}
