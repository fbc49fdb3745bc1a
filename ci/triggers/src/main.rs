//! Does through pcap-core what `trigger.c` does in C: `triggers NAME FOLDER PORT`, with the folder of the savefiles and
//! the port of the daemon. `ci/vulnerabilities` runs it.
//!
//! Prints what `Version::vulnerabilities` says of the vulnerability: `reachable`, `avoided` or `not affected`. What the
//! API does not permit is an error or has no call at all; the comments say which.
//!
//! `triggers files FOLDER` writes the savefiles, and `triggers daemon` is the daemon.

mod daemon;
mod files;

use std::env;
use std::error::Error;
use std::fs;
use std::process::ExitCode;

use pcap_core::remote::{Options, Source};
use pcap_core::{Capture, Dlt, Filter, Insn, version};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *arguments {
        ["daemon"] => daemon::run(),
        ["files", folder] => files::write(folder),
        [id, folder, port] => trigger(id, folder, port),
        _ => Err("expected `NAME FOLDER PORT`, `files FOLDER` or `daemon`".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("triggers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn trigger(id: &str, folder: &str, port: &str) -> Result {
    let found = version().vulnerabilities().find(|known| known.id == id);
    println!(
        "{}",
        found.map_or("not affected", |known| if known.reachable {
            "reachable"
        } else {
            "avoided"
        })
    );
    match id {
        // A dead capture has no break handle.
        "breakloop-dead" => drop(Capture::dead(Dlt::EN10MB)?),
        // Only a capture that is not activated can be asked about monitor mode.
        "rfmon-savefile" => read(&format!("{folder}/ethernet.pcap"))?,
        "ring-double-free" => say(Capture::from_device("lo").activate().err()),
        "create-leak" => leak()?,
        // Each activation creates a handle.
        "activate-twice" => {
            let capture = Capture::from_device("none0");
            say(capture.activate().err());
            say(capture.activate().err());
        }
        // Addresses are parsed without libpcap, except by its compiler, which checks the format first.
        "CVE-2025-11961" => say(Filter::compile(Dlt::EN10MB, "ether host 0:0:0:0:0:0:0").err()),
        "CVE-2026-0799" => program(&[Insn::new(0x60, 0, 0, 1 << 28), Insn::new(0x16, 0, 0, 0)])?,
        "CVE-2026-31912" => program(&[Insn::new(0x00, 0, 0, 1)])?,
        "CVE-2026-31911" => program(&[Insn::new(0xffff, 0, 0, 0), Insn::new(0x06, 0, 0, 0)])?,
        "CVE-2026-6244" => program(&[Insn::new(0x34, 0, 0, 0), Insn::new(0x06, 0, 0, 0)])?,
        "CVE-2026-6554" => protochain()?,
        "filter-shift" => program(&[Insn::new(0x64, 0, 0, 32), Insn::new(0x06, 0, 0, 0)])?,
        "filter-memory" => program(&[Insn::new(0x60, 0, 0, 3), Insn::new(0x16, 0, 0, 0)])?,
        "usb-misaligned" => read(&format!("{folder}/usb.pcapng"))?,
        // Only other hosts are sources.
        "CVE-2024-8006" => say("file:///nonexistent".parse::<Source>().err()),
        "CVE-2023-7256" | "CVE-2026-18238" => remote(port)?,
        _ => return Err(format!("no such vulnerability: {id}").into()),
    }
    println!("done");
    Ok(())
}

fn say(error: Option<pcap_core::Error>) {
    match error {
        Some(error) => println!("{error}"),
        None => println!("no error"),
    }
}

/// Creates a filter from instructions, and runs it if that is possible.
fn program(instructions: &[Insn]) -> Result {
    match Filter::from_instructions(Dlt::EN10MB, instructions) {
        Ok(filter) => Err(format!(
            "it is a filter, with the result {}",
            filter.run(&[0; 64], 64)
        )
        .into()),
        Err(error) => {
            println!("{error}");
            Ok(())
        }
    }
}

/// Creates a handle to ask it, and does not activate it.
fn leak() -> Result {
    let open = || fs::read_dir("/proc/self/fd").map(Iterator::count);
    let before = open()?;
    println!("{:?}", Capture::from_device("lo").tstamp_types()?);
    println!("{} descriptors leaked", open()? - before);
    Ok(())
}

fn protochain() -> Result {
    const AUTHENTICATION: u8 = 51;
    let mut packet = [0; 64];
    packet[12..15].copy_from_slice(&[8, 0, 0x45]);
    packet[23] = AUTHENTICATION;
    packet[34..36].copy_from_slice(&[AUTHENTICATION, 3]);
    println!(
        "{}",
        Filter::compile(Dlt::EN10MB, "ip protochain 6")?.matches(&packet)
    );
    Ok(())
}

fn read(path: &str) -> Result {
    let mut capture = Capture::from_file(path)?;
    while let Some(packet) = capture.next_packet()? {
        println!("{} bytes, sum {}", packet.caplen(), sum(packet.data()));
    }
    Ok(())
}

fn remote(port: &str) -> Result {
    let source = Source::remote("127.0.0.1", port.parse::<u16>()?, "lo")?;
    // Without a filter that excludes its own packets, for which the daemon has no answer.
    let mut capture = Options::new(source)
        .own_packets(true)
        .snaplen(daemon::SNAPLEN)
        .open()?;
    for sent in daemon::SENT {
        match capture.next_packet() {
            Ok(Some(packet)) if packet.data() != sent => {
                println!("not the daemon's bytes: {:?}", packet.data());
            }
            Ok(packet) => println!("{:?} bytes", packet.map(|packet| packet.caplen())),
            Err(error) => say(Some(error)),
        }
    }
    Ok(())
}

fn sum(data: &[u8]) -> u32 {
    data.iter().copied().map(u32::from).sum()
}
