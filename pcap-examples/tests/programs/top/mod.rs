//! Tests of `pcap-top`. ci/check-top checks its screens in a terminal that answers.

#[cfg(all(target_os = "linux", not(emulated)))]
mod endings;
mod json;
#[cfg(all(target_os = "linux", not(emulated)))]
mod live;
#[cfg(all(target_os = "linux", not(emulated)))]
mod screen;

use crate::common::{program, run};

#[test]
fn without_a_terminal_the_error_names_other_programs() {
    let ran = run(program("top").args(["-r", "/none"]));
    // A savefile that does not exist is the lesser mistake.
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
    assert!(
        ran.stderr
            .starts_with("error: expected a terminal on standard output"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("pcap-stats") && ran.stderr.contains("--json"));
    let ran = run(program("top").args(["--json", "-r", "/none"]));
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("cannot open `/none`"), "{}", ran.stderr);
}

#[test]
fn options_must_suit_the_source() {
    for option in [
        "-s 9",
        "-y EN10MB",
        "-B 5",
        "-p",
        "-I",
        "--immediate-mode",
        "--timeout 5",
        "-j host",
        "--time-stamp-precision nano",
        "--micro",
        "-Q in",
    ] {
        let words = option.split(' ');
        let ran = run(program("top").args(["--json", "-r", "/none"]).args(words));
        assert_eq!(ran.status, Some(2), "{}", ran.stderr);
        let name = option.split(' ').next().unwrap();
        let expected =
            format!("error: {name} cannot be used with -r: it is an option of captures\n");
        assert!(ran.stderr.starts_with(&expected), "{}", ran.stderr);
    }
    // The device does not exist, so nothing is captured even without the check.
    for arguments in [&["--follow", "-i", "none"][..], &["-i", "none", "--follow"]] {
        let ran = run(program("top").arg("--json").args(arguments));
        assert_eq!(ran.status, Some(2), "{}", ran.stderr);
        assert!(
            ran.stderr.starts_with("error: --follow requires -r"),
            "{}",
            ran.stderr
        );
    }
}
