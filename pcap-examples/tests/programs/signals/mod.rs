//! Tests of signals: which of them end a program, and that no packets are lost unnoticed.

mod blocked_outputs;
mod ignored_at_start;
mod immediate_end;
mod no_packet_lost;
mod reports_on_sigusr1;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::common::live::PORT;
use crate::common::process::whole_packets;
use crate::common::{path_arg, program, record, savefile};

/// Returns the command for a program, whose name is the first word, with arguments.
fn command(words: &[&str]) -> Command {
    let mut command = program(words[0]);
    command.args(&words[1..]);
    command
}

/// Returns `pcap-capture` for the datagrams that the tests send, with these options.
fn capture(options: &[&str]) -> Command {
    let mut command = command(&["capture", "-i", "lo"]);
    command
        .args(options)
        .args(["udp", "port"])
        .arg(PORT.to_string());
    command
}

/// Returns the number before these words in the output of a program.
fn said(stderr: &str, words: &str) -> u64 {
    let number = |line: &str| line.split_once(words)?.0.rsplit(' ').next()?.parse().ok();
    let found = stderr.lines().find_map(number);
    found.unwrap_or_else(|| panic!("{words}: {stderr}"))
}

fn packets_in(path: &Path) -> u64 {
    whole_packets(&fs::read(path).unwrap_or_default()).0
}

/// Returns a savefile with this many packets of 60 bytes.
fn long(count: u32) -> Vec<u8> {
    let packets: Vec<_> = (0..count)
        .map(|n| record(n, 0, vec![n as u8; 60]))
        .collect();
    savefile(false, false, 1, &packets)
}

/// Returns programs that read a savefile from standard input, and write a savefile to a directory or print packets.
fn copying(folder: &Path) -> Vec<Vec<String>> {
    let out = folder.join("out-00000.pcap");
    let (out, prefix) = (path_arg(&out), folder.join("out"));
    [
        &["filter", "-", out][..],
        &["recode", "-", out],
        &["merge", "-", "-w", out],
        &["merge", "--append", "-", "-w", out],
        &["split", "-", "--packets", "100000", "-o", path_arg(&prefix)],
        &["read", "--raw", "-"],
    ]
    .iter()
    .map(|words| words.iter().map(ToString::to_string).collect())
    .collect()
}

fn words(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

/// Reads the output of a program slowly, to its end or until `is_enough` returns `true` for the number of bytes.
fn slowly(mut from: impl Read, mut is_enough: impl FnMut(usize) -> bool) -> Vec<u8> {
    let mut all = Vec::new();
    let mut some = [0; 16 * 1024];
    loop {
        match from.read(&mut some).unwrap() {
            0 => return all,
            length => all.extend(&some[..length]),
        }
        if is_enough(all.len()) {
            return all;
        }
        thread::sleep(Duration::from_millis(100));
    }
}
