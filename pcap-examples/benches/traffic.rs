//! Compares the time of `pcap-stats` with that of `pcap-read --count`, which only reads the packets.
//!
//! `cargo bench -p pcap-examples --bench traffic` generates savefiles with 1000 and 100 000 flows. Both programs read each
//! of them in turns. It prints the medians of their processor time, with that of the kernel, and their ratios. It fails
//! if a ratio is above its limit. Unix only.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The number of packets in each file.
const PACKETS: u32 = 1_000_000;
/// How often each program reads each file.
const ROUNDS: usize = 7;

/// A savefile to generate.
struct Input {
    flows: u32,
    /// The lengths of packets: from 64 bytes to this number, but not this number.
    lengths: u32,
    /// The maximum ratio.
    limit: Option<f64>,
}

const INPUTS: [Input; 4] = [
    Input {
        flows: 1000,
        lengths: 1501,
        limit: Some(3.0),
    },
    Input {
        flows: 100_000,
        lengths: 1501,
        limit: Some(8.0),
    },
    Input {
        flows: 1000,
        lengths: 65,
        limit: None,
    },
    Input {
        flows: 100_000,
        lengths: 65,
        limit: None,
    },
];

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    println!("{PACKETS} packets, medians of {ROUNDS} rounds in turns, processor time per packet\n");
    println!(
        "{:>8} {:>12} {:>12} {:>12} {:>7} {:>7}",
        "flows", "bytes", "pcap-read", "pcap-stats", "ratio", "limit"
    );
    let mut is_slow = false;
    for input in INPUTS {
        let path = folder.path().join("traffic.pcap");
        generate(&path, &input)?;
        let mut read = Command::new(env!("CARGO_BIN_EXE_pcap-read"));
        let mut count = Command::new(env!("CARGO_BIN_EXE_pcap-stats"));
        read.arg("--count").arg(&path).stdout(Stdio::null());
        count.arg(&path).stdout(Stdio::null());
        let mut nanos = [Vec::new(), Vec::new()];
        // The first round brings the file into memory.
        for round in 0..=ROUNDS {
            for (nanos, program) in nanos.iter_mut().zip([&mut read, &mut count]) {
                let time = processor_time(program)?;
                if round > 0 {
                    nanos.push(time.as_nanos() as f64 / f64::from(PACKETS));
                }
            }
        }
        let [read, count] = nanos.map(median);
        let ratio = count / read;
        let limit = match input.limit {
            Some(limit) => format!("{limit:.1}"),
            None => "none".to_owned(),
        };
        is_slow |= input.limit.is_some_and(|limit| ratio > limit);
        println!(
            "{:>8} {:>12} {read:>9.1} ns {count:>9.1} ns {ratio:>7.2} {limit:>7}",
            input.flows,
            match input.lengths {
                65 => "64".to_owned(),
                end => format!("64 to {}", end - 1),
            },
        );
    }
    match is_slow {
        true => Err("counting takes too long".into()),
        false => Ok(()),
    }
}

/// Runs a program. Returns its processor time.
fn processor_time(program: &mut Command) -> Result<Duration> {
    let before = used_by_children()?;
    let status = program.status()?;
    if !status.success() {
        return Err(format!("{program:?}: {status}").into());
    }
    Ok(used_by_children()? - before)
}

/// Returns the processor time of all programs that have ended.
#[cfg(unix)]
fn used_by_children() -> Result<Duration> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let both = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(both.num_microseconds().try_into()?))
}

#[cfg(not(unix))]
fn used_by_children() -> Result<Duration> {
    Err("this system does not say how much time other programs use".into())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Writes a savefile of packets between hosts that take turns at random. Both directions are equally frequent.
fn generate(path: &Path, input: &Input) -> io::Result<()> {
    let flows = input.flows;
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
        let length = 64 + (random >> 8 & 0xfff) as u32 % (input.lengths - 64);
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
