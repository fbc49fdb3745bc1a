//! Tests of `pcap-top`. ci/check-top checks its screens in a terminal that answers.

mod json;
#[cfg(all(target_os = "linux", not(emulated)))]
mod live;

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
