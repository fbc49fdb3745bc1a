//! System calls that signals interrupt all the time: a thousand times per second, in any thread.

use std::time::Duration;

use super::Row;
use super::found::{Failure, Found};
use super::packets;
use super::place::Place;

type Made = Result<Found, Failure>;

const COUNT: u64 = 20_000;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "eintr/copies",
        fault: "EINTR 1000 times per second: filter, recode, merge, split, and pipes between them",
        make: copies,
    },
    Row {
        name: "eintr/capture",
        fault: "EINTR 1000 times per second: capture",
        make: |place| capture(place, "-w o.pcap"),
    },
    Row {
        name: "eintr/capture-files",
        fault: "EINTR 1000 times per second: capture with a compressed file per 20 kB, and --sync",
        make: |place| capture(place, "--sync 0.1 -b filesize:20 -w o.pcapng.gz"),
    },
    Row {
        name: "eintr/capture-threads",
        fault: "EINTR 1000 times per second: capture --threads 3",
        make: |place| capture(place, "--threads 3 -w o.pcap"),
    },
    Row {
        name: "eintr/duration",
        fault: "EINTR 1000 times per second: --duration is not shorter",
        make: |place| {
            let library = place.library("storm", include_str!("storm.c"))?;
            let mut packets = place.devices()?;
            let preload = format!("LD_PRELOAD={library} exec");
            let start = std::time::Instant::now();
            let process = place.capture_with(&preload, "--json --duration 1.5 -w o.pcap")?;
            packets.send_within(1000, Duration::from_millis(500));
            let ended = process.end()?;
            ended.expect(0, "")?;
            if start.elapsed() < Duration::from_millis(1500) {
                return Err(format!("ended after {:?}", start.elapsed()).into());
            }
            Ok(place.account(&ended, packets.sent, &place.files("o")?)?)
        },
    },
];

fn copies(place: &Place) -> Made {
    let library = place.library("storm", include_str!("storm.c"))?;
    place.savefile("in.pcap", COUNT)?;
    let mut found = None;
    for command in [
        "pcap-filter in.pcap o.pcap",
        "pcap-filter --sort --sort-memory 64K in.pcap o.pcap",
        "pcap-recode in.pcap o.pcapng.zst",
        "pcap-merge in.pcap -w o.pcap",
        "pcap-split --packets 5000 -o o in.pcap",
        "pcap-filter in.pcap - | pcap-recode - o.pcap.gz",
        "cat in.pcap | pcap-merge - -w - | pcap-split --packets 3000 -o o -",
    ] {
        let script = format!("rm -f o*; export LD_PRELOAD={library}; {command}");
        let ended = place.run(&script)?;
        ended.expect(0, "")?;
        let (after, are_whole) = packets::count_once(&place.files("o")?)?;
        if after != COUNT || !are_whole {
            return Err(format!("{command}: {after} packets of {COUNT}").into());
        }
        found = Some(Found::new(&ended, COUNT, after, 0));
    }
    found.ok_or(Failure::Differs("no program".to_owned()))
}

fn capture(place: &Place, options: &str) -> Made {
    let library = place.library("storm", include_str!("storm.c"))?;
    let mut packets = place.devices()?;
    let preload = format!("LD_PRELOAD={library} exec");
    let process = place.capture_with(&preload, &format!("--json {options}"))?;
    packets.send_within(20_000, Duration::from_secs(1));
    process.signal("INT")?;
    let ended = process.end()?;
    ended.expect(0, "")?;
    Ok(place.account(&ended, packets.sent, &place.files("o")?)?)
}
