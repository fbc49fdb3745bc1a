//! Merges inputs with shifted times and truncated packets.

use std::fs;
use std::path::{Path, PathBuf};

use super::{files, merge};
use crate::common::{path_arg, program, run, run_program, run_tool};
use crate::pcapng::two_sections;

/// Changes an input with another program before it is merged.
fn changed(input: &Path, name: &str, tool: &str, options: &[&str]) -> PathBuf {
    let output = input.with_file_name(name);
    let words = [options, &[path_arg(input), path_arg(&output)]].concat();
    match tool {
        "editcap" => _ = run_tool(tool, &words),
        program => assert_eq!(run_program(program, &words).status, Some(0), "{words:?}"),
    }
    output
}

#[test]
fn times_are_shifted_before_merging() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = files(
        folder.path(),
        false,
        &[
            &[1000, 3000, 5000],
            &[90_000, 92_000],
            &[2000, 4000],
            &[7000],
        ],
    );
    let shift = |index: usize, name: &str, by: &str| {
        changed(&inputs[index], name, "editcap", &["-F", "pcap", "-t", by])
    };
    let (second, third) = (shift(1, "second", "-88.5"), shift(2, "third", "0.25"));
    let shifted = [inputs[0].clone(), second, third, inputs[3].clone()];
    for options in [&[][..], &["--append"], &["--max-open", "2"]] {
        let expected = merge(folder.path(), options, &shifted);
        let shifts = ["--shift", "2=-88.5s", "--shift", "3=250ms"];
        let merged = merge(folder.path(), &[&shifts, options].concat(), &inputs);
        assert!(merged == expected, "{options:?}");
    }
}

#[test]
fn a_shift_below_a_microsecond_needs_nanoseconds() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = files(folder.path(), false, &[&[1000], &[1000]]);
    let merged = merge(folder.path(), &["--shift", "2=-1ns"], &inputs);
    let nano = ["--shift=-1ns", "--time-stamp-precision=nano"];
    let shifted = changed(&inputs[1], "second", "recode", &nano);
    let expected = merge(folder.path(), &[], &[inputs[0].clone(), shifted]);
    assert!(merged == expected);
    let ng = changed(&inputs[0], "in.pcapng", "recode", &[]);
    let out = folder.path().join("out.pcapng");
    let ran = run_program(
        "merge",
        &["-w", path_arg(&out), "--shift", "1=1ns", path_arg(&ng)],
    );
    assert_eq!((ran.status, out.exists()), (Some(1), false));
    assert!(
        ran.stderr
            .contains("`pcap-recode --time-stamp-precision nano` changes it"),
        "{}",
        ran.stderr
    );
}

#[test]
fn blocks_of_pcapng_change_as_by_recode() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = two_sections(folder.path());
    let classic = files(folder.path(), false, &[&[5000]]).remove(0);
    let out = folder.path().join("out.pcapng");
    let merged = |options: &[&str], inputs: &[&PathBuf]| {
        let mut command = program("merge");
        command.args(["-q", "-w", path_arg(&out)]).args(options);
        let ran = run(command.args(inputs));
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        fs::read(&out).unwrap()
    };
    let recoded = changed(
        &path,
        "recoded.pcapng",
        "recode",
        &["--shift=-3600.5", "-s25"],
    );
    let short = changed(&classic, "short.pcap", "recode", &["-s25"]);
    for rounds in [&[][..], &["--max-open", "2"], &["--append"]] {
        let expected = merged(rounds, &[&recoded, &short, &short]);
        let options = [&["--shift", "1=-3600.5", "-s", "25"], rounds].concat();
        assert!(
            merged(&options, &[&path, &classic, &classic]) == expected,
            "{rounds:?}"
        );
    }
}

#[test]
fn truncated_inputs_of_different_snaplens_fit_into_a_classic_savefile() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = files(folder.path(), false, &[&[1000], &[2000]]);
    let mut bytes = fs::read(&inputs[1]).unwrap();
    bytes[16..20].copy_from_slice(&2000_u32.to_ne_bytes());
    fs::write(&inputs[1], bytes).unwrap();
    let merged = merge(folder.path(), &["-s", "20"], &inputs);
    assert_eq!(merged[16..20], 20_u32.to_ne_bytes());
    assert_eq!(merged.len(), 24 + 2 * (16 + 20));
    let lengths: [u32; 2] = [20, 40];
    assert_eq!(merged[32..40], lengths.map(u32::to_ne_bytes).concat());
}

#[test]
fn shifts_must_be_for_one_of_the_inputs() {
    for (shifts, text) in [
        (
            &["--shift", "2=1h"][..],
            "cannot shift input 2: the number of inputs is 1",
        ),
        (
            &["--shift=1=1h", "--shift=1=2h"],
            "cannot shift input 1 twice",
        ),
        (&["--shift", "a.pcap=1h"], "expected N=TIME"),
    ] {
        let ran = run_program("merge", &[shifts, &["-w", "out", "a.pcap"]].concat());
        assert_eq!(ran.status, Some(2), "{shifts:?}");
        assert!(ran.stderr.contains(text), "{}", ran.stderr);
    }
}
