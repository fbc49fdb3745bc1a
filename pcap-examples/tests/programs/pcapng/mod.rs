//! The programs on pcapng savefiles, which they read and write block by block.

mod anonymize;
pub(crate) mod bytes;
mod comments;
mod filter;
mod read;
mod recode;
mod split;

use std::path::{Path, PathBuf};

use crate::common::{path_arg, run_program, run_tool, write_file};
use bytes::{Ng, Order};

/// The data of a packet with an IPv4 header, of the given protocol.
fn ip(protocol: u8) -> Vec<u8> {
    let mut data = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, protocol, 0, 0];
    data.extend([192, 0, 2, 1, 192, 0, 2, 2, 0, 9, 0, 53, 0, 8, 0, 0]);
    data
}

/// The same in an Ethernet frame.
pub(crate) fn ethernet(protocol: u8) -> Vec<u8> {
    [&[4; 6][..], &[2; 6], &[8, 0], &ip(protocol)].concat()
}

pub(crate) const UDP: u8 = 17;
const TCP: u8 = 6;
pub(crate) const SECOND: u64 = 1_700_000_000_000_000;

/// Returns a section with blocks of every kind, and packets of Ethernet (interface 0, microseconds) and raw IP
/// (interface 1, nanoseconds). Of the packets 1 to 7, those with odd numbers are UDP.
pub(crate) fn section(order: Order) -> Ng {
    let mut ng = Ng::new(order);
    let nano = |micros: u64| micros * 1000;
    ng.section(
        -1,
        &[(2, b"hardware"), (1, b"of the section"), (4, b"tests")],
    );
    ng.interface(1, 0, &[(2, b"eth0"), (11, b"\0not port 22"), (99, b"?")]);
    ng.secrets(b"CLIENT_RANDOM 00 00\n");
    ng.interface(101, 0, &[(2, b"tun0"), (9, &[9]), (1, b"of the interface")]);
    ng.names(&[192, 0, 2, 1], "left");
    ng.packet(0, SECOND, &ethernet(UDP), &[]);
    let (dropped, flags) = (ng.u64(5), ng.u32(2));
    ng.packet(
        0,
        SECOND + 1,
        &ethernet(TCP),
        &[(4, &dropped), (1, b"lost some")],
    );
    ng.custom(true, b"copyable");
    ng.packet(1, nano(SECOND + 2), &ip(UDP), &[(2, &flags)]);
    ng.packet(1, nano(SECOND + 3) + 1, &ip(TCP), &[(4, &dropped)]);
    ng.packet(0, SECOND + 4, &ethernet(UDP), &[(1, b"one"), (1, b"two\n")]);
    ng.block(0x8000_4000, b"a local block");
    ng.names(&[192, 0, 2, 2], "right");
    ng.packet(1, nano(SECOND + 5), &ip(TCP), &[]);
    let id = ng.u64(77);
    ng.packet(1, nano(SECOND + 6), &ip(UDP), &[(5, &id), (4, &dropped)]);
    let received = ng.u64(1000);
    ng.statistics(0, SECOND + 7, &[(4, &received)]);
    ng.statistics(1, nano(SECOND + 7), &[(1, b"of statistics")]);
    ng
}

/// Creates a savefile with a section in each byte order. The Ethernet and the raw packets are interleaved.
pub(crate) fn two_sections(folder: &Path) -> (PathBuf, Vec<u8>) {
    let bytes = [section(Order::Little).bytes, section(Order::Big).bytes].concat();
    (write_file(folder, "two.pcapng", &bytes), bytes)
}

/// Returns the given fields of all packets, as tshark decodes them, one line for each packet.
pub(crate) fn fields(path: &Path, names: &[&str]) -> Vec<String> {
    // tshark also lists custom blocks, which have no link type.
    let mut arguments = vec!["-n", "-r", path_arg(path), "-T", "fields"];
    arguments.extend(["-Y", "frame.encap_type"]);
    names.iter().for_each(|name| arguments.extend(["-e", name]));
    let text = run_tool("tshark", &arguments);
    text.lines().map(str::to_owned).collect()
}

/// Returns a line of capinfos about a savefile.
fn capinfos(path: &Path, label: &str) -> String {
    let text = run_tool("capinfos", &["-T", "-r", "-m", label, path_arg(path)]);
    text.trim().to_owned()
}

/// Runs a program that must succeed, and returns its standard error.
fn succeed(name: &str, arguments: &[&str]) -> String {
    let ran = run_program(name, arguments);
    assert_eq!(ran.status, Some(0), "{arguments:?}: {}", ran.stderr);
    ran.stderr
}

#[test]
fn tshark_reads_the_savefiles_of_these_tests() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = two_sections(folder.path());
    let lines = fields(
        &path,
        &["frame.section_number", "frame.encap_type", "ip.proto"],
    );
    assert_eq!(lines.len(), 14, "{lines:?}");
    assert_eq!(
        (lines[0].as_str(), lines[3].as_str()),
        ("1\t1\t17", "1\t7\t6")
    );
}
