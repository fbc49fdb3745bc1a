//! Compares the processor time of counting traffic with that of only reading the packets.
//!
//! `cargo bench -p pcap-examples --bench traffic` generates savefiles with 1000 and 100 000 flows. It reads each in
//! processes of their own, in turns, and prints the medians and their ratios. Linux only.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use pcap_core::{Capture, Dlt};
use pcap_examples::traffic::{Layer, Traffic, TrafficLimits};

/// The number of packets in each file.
const PACKETS: u32 = 1_000_000;
/// The number of flows in each file, and the maximum ratio.
const FILES: [(u32, f64); 2] = [(1000, 3.0), (100_000, 8.0)];
/// How often each file is read in each way.
const ROUNDS: usize = 7;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    if let [way @ ("read" | "count"), path] = [0, 1].map(|n| args.get(n).map_or("", String::as_str))
    {
        return measured(way == "count", Path::new(path));
    }
    let folder = tempfile::tempdir()?;
    println!("{PACKETS} packets of 64 to 1500 bytes, medians of {ROUNDS} rounds in turns\n");
    println!(
        "{:>8} {:>12} {:>12} {:>7} {:>7}",
        "flows", "read", "count", "ratio", "limit"
    );
    let mut is_slow = false;
    for (flows, limit) in FILES {
        let path = folder.path().join(format!("{flows}.pcap"));
        generate(&path, flows)?;
        let mut times = [Vec::new(), Vec::new()];
        let mut elapsed = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (at, way) in ["read", "count"].into_iter().enumerate() {
                let began = Instant::now();
                let output = Command::new(std::env::current_exe()?)
                    .arg(way)
                    .arg(&path)
                    .output()?;
                elapsed[at].push(began.elapsed().as_secs_f64());
                let text = String::from_utf8(output.stdout)?;
                let nanos: f64 = text.trim().parse()?;
                times[at].push(nanos / f64::from(PACKETS));
            }
        }
        let [read, count] = times.map(median);
        let ratio = count / read;
        is_slow |= ratio > limit;
        println!("{flows:>8} {read:>9.1} ns {count:>9.1} ns {ratio:>7.2} {limit:>7.1}");
        let [read, count] = elapsed.map(median);
        println!(
            "{:>8} {read:>10.3} s {count:>10.3} s {:>7.2}  by the clock",
            "",
            count / read
        );
    }
    match is_slow {
        true => Err("counting takes too long".into()),
        false => Ok(()),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Reads a file, and prints the processor time of this process in nanoseconds.
fn measured(is_counting: bool, path: &Path) -> Result<()> {
    let mut capture = Capture::from_file(path)?;
    let linktype = Dlt::from(capture.linktype());
    let mut packets = 0_u32;
    if is_counting {
        let mut traffic = Traffic::new(TrafficLimits::default());
        capture.for_each(|packet| traffic.count(linktype, packet))?;
        packets += traffic.totals().packets as u32;
        // What a summary shows.
        let lists = Layer::ALL.map(|layer| traffic.conversations(layer).len());
        let rows = traffic.protocols().len() + traffic.hosts_over_time().hosts.len();
        std::hint::black_box((
            lists,
            rows,
            traffic.rates(),
            traffic.tcp(),
            traffic.omitted(),
        ));
        // As programs do when they end.
        std::mem::forget(traffic);
    } else {
        capture.for_each(|_| packets += 1)?;
    }
    if packets != PACKETS {
        return Err(format!("expected {PACKETS} packets, found {packets}").into());
    }
    // The first number is the time on a processor.
    let times = fs::read_to_string("/proc/self/schedstat")?;
    println!("{}", times.split_whitespace().next().ok_or("no times")?);
    Ok(())
}

/// Writes a savefile of packets between hosts that take turns at random. Both directions are equally frequent.
fn generate(path: &Path, flows: u32) -> io::Result<()> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 1] {
        file.write_all(&u32::to_le_bytes(word))?;
    }
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut sent = vec![[1_u32; 2]; flows as usize];
    let payload = [0x55; 1500];
    for number in 0..PACKETS {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let flow = (random >> 32) as u32 % flows;
        let direction = (random >> 20 & 1) as usize;
        let length = 64 + (random >> 8 & 0xfff) as u32 % 1437;
        for word in [
            1_700_000_000 + number / 100_000,
            number % 100_000 * 10,
            length,
            length,
        ] {
            file.write_all(&word.to_le_bytes())?;
        }
        // A quarter of the flows is UDP.
        let is_udp = flow % 4 == 3;
        let ends = [
            [10, (flow >> 16) as u8, (flow >> 8) as u8, flow as u8],
            [192, 168, 0, (flow % 200) as u8],
        ];
        let macs = [[2, 0, 0, 0, 0, (flow % 50) as u8], [2, 0, 0, 0, 1, 1]];
        let ports = [(20_000 + flow % 40_000) as u16, 443].map(u16::to_be_bytes);
        let (from, to) = (direction, 1 - direction);
        file.write_all(&[macs[to], macs[from]].concat())?;
        file.write_all(&[8, 0, 0x45, 0])?;
        file.write_all(&(length as u16 - 14).to_be_bytes())?;
        file.write_all(&[0, 0, 0x40, 0, 64, if is_udp { 17 } else { 6 }, 0, 0])?;
        file.write_all(&[ends[from], ends[to]].concat())?;
        file.write_all(&[ports[from], ports[to]].concat())?;
        let header = if is_udp {
            file.write_all(&(length as u16 - 34).to_be_bytes())?;
            file.write_all(&[0, 0])?;
            42
        } else {
            let [mine, other] = [sent[flow as usize][from], sent[flow as usize][to]];
            file.write_all(&[mine.to_be_bytes(), other.to_be_bytes()].concat())?;
            file.write_all(&[0x50, 0x10, 0x10, 0, 0, 0, 0, 0])?;
            sent[flow as usize][from] = mine.wrapping_add(length - 54);
            54
        };
        file.write_all(&payload[..length as usize - header])?;
    }
    file.flush()
}
