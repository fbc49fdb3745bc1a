//! How `pcap-read` shows packets, compared with tcpdump on the same savefiles.

mod bytes;
mod colors;
mod damaged;
mod headers;
mod sequences;
mod times;

use std::path::{Path, PathBuf};

use crate::common::frames::{A, B, ethernet, ipv4, udp};
use crate::common::{path_arg, program, run, savefile, tool, write_file};

/// Writes a savefile of packets, and returns its path.
fn file(folder: &Path, linktype: u32, packets: &[Vec<u8>]) -> PathBuf {
    let record = |(index, data): (usize, &Vec<u8>)| {
        let index = index as u32;
        let time = (1_700_000_000 + index, 1_001_001 * index);
        (time.0, time.1, data.clone(), data.len() as u32)
    };
    let records: Vec<_> = packets.iter().enumerate().map(record).collect();
    write_file(
        folder,
        &format!("{linktype}.pcap"),
        &savefile(false, true, linktype, &records),
    )
}

/// Returns the output of tcpdump and of `pcap-read` with the same options in a time zone.
fn both_in(zone: &str, options: &[&str], path: &Path) -> [String; 2] {
    let mut ours = program("read");
    let ours = ours.args(options).args(["-r", path_arg(path)]);
    let mut theirs = tool("tcpdump");
    let theirs = theirs.args(["-n", "-r", path_arg(path)]).args(options);
    [theirs, ours].map(|command| {
        let ran = run(command.env("TZ", zone));
        assert_eq!(ran.status, Some(0), "{command:?}: {}", ran.stderr);
        String::from_utf8_lossy(&ran.stdout).into_owned()
    })
}

fn both(options: &[&str], path: &Path) -> [String; 2] {
    both_in("UTC0", options, path)
}

/// Returns an Ethernet frame with a datagram.
fn datagram(payload: &[u8]) -> Vec<u8> {
    ethernet(0x0800, &ipv4((A, B), 17, 0, 0, &udp(1234, 5678, payload)))
}
