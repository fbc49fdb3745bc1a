//! Generates shell completions, which know the devices, the link types and the sources of packet times.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command};
use clap_complete::Shell;
use pcap_core::Dlt;

/// Stands for the command that lists the devices. The scripts contain the command instead.
const DEVICES: &str = "DEVICES_OF_THIS_SYSTEM";
/// Prints the names of the devices, and nothing if it is not installed.
const LIST_DEVICES: &str = "$(pcap-devices --names 2>/dev/null)";
/// The sources of packet times, see pcap-tstamp(7).
const TIME_STAMP_TYPES: [&str; 7] = [
    "host",
    "host_lowprec",
    "host_hiprec",
    "host_xprec",
    "host_hiprec_unsynced",
    "adapter",
    "adapter_unsynced",
];
/// The numbers of link types are below this one.
const MAX_LINKTYPE: i32 = 512;

/// Returns the completions of a program for a shell.
pub(crate) fn script(command: Command, name: &str, shell: Shell) -> String {
    let mut command = command.mut_args(with_values);
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    let script = String::from_utf8_lossy(&script);
    match shell {
        // In fish, each value is followed by its description, which is empty here, and `#` begins a comment.
        Shell::Fish => script
            .replace(
                &format!("\"{DEVICES}\\t''\""),
                "\"(pcap-devices --names 2>/dev/null)\"",
            )
            .replace(" -s # ", " -s '#' "),
        _ => script.replace(DEVICES, LIST_DEVICES),
    }
}

/// Gives an option the values that the completions offer. The programs accept others as well.
fn with_values(arg: Arg) -> Arg {
    match arg.get_long() {
        Some("interface" | "peer") => arg.value_parser(PossibleValuesParser::new([DEVICES])),
        Some("linktype") => arg.value_parser(PossibleValuesParser::new(link_types())),
        Some("time-stamp-type") => arg.value_parser(PossibleValuesParser::new(TIME_STAMP_TYPES)),
        Some("compress") => {
            arg.value_parser(PossibleValuesParser::new(["none", "gzip", "zstd", "lz4"]))
        }
        _ => arg,
    }
}

/// Returns the names of the link types that libpcap knows.
fn link_types() -> Vec<String> {
    let names = (0..MAX_LINKTYPE).filter_map(|number| Dlt::new(number).name());
    names.collect()
}
