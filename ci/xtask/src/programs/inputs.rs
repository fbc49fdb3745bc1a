//! The files that the command lines read.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

use super::frames::{self, Precision, Timed};
use super::traffic::Traffic;
use crate::Result;
use crate::command;

/// 29 November 2025, 08:00 UTC.
const START: u64 = 1_764_403_200_000_000_000;
const MILLISECOND: u64 = 1_000_000;

/// Creates the files in a folder. Only `trace.pcapng` and the compressed file are made by other tools.
pub(crate) fn create(folder: &Path) -> Result<()> {
    command::empty_folder(folder)?;
    let trace: Vec<Timed> = Traffic::new(1, START + 600_000, 100 * MILLISECOND, 10)
        .take(200)
        .collect();
    save(folder, "trace.pcap", Precision::Micro, &trace)?;
    let nano = trace
        .iter()
        .zip(1..)
        .map(|((time, frame), number)| (time + 7 * number, frame.clone()));
    save(
        folder,
        "nano.pcap",
        Precision::Nano,
        &nano.collect::<Vec<_>>(),
    )?;
    let other: Vec<Timed> = Traffic::new(2, START + 900_000, 150 * MILLISECOND, 30)
        .take(120)
        .collect();
    save(folder, "other.pcap", Precision::Micro, &other)?;
    let twice = trace.iter().enumerate().flat_map(|(index, (time, frame))| {
        let again = (index % 10 == 3).then(|| (time + 500_000, frame.clone()));
        [Some((*time, frame.clone())), again].into_iter().flatten()
    });
    save(
        folder,
        "twice.pcap",
        Precision::Micro,
        &twice.collect::<Vec<_>>(),
    )?;
    let mut unsorted = trace.clone();
    for index in (0..unsorted.len() - 4).step_by(9) {
        unsorted.swap(index, index + 3);
    }
    save(folder, "unsorted.pcap", Precision::Micro, &unsorted)?;
    let big: Vec<Timed> = Traffic::new(3, START, MILLISECOND, 10).take(6000).collect();
    save(folder, "big.pcap", Precision::Micro, &big)?;
    command::write(
        &folder.join("web.filter"),
        "# The web.\ntcp port 80 or\ntcp port 443\n",
    )?;
    let path = |name: &str| folder.join(name);
    command::run(
        Command::new("editcap")
            .args(["-F", "pcapng"])
            .args([path("trace.pcap"), path("trace.pcapng")]),
    )?;
    command::run(Command::new("gzip").arg("-k").arg(path("trace.pcap")))
}

fn save(folder: &Path, name: &str, precision: Precision, packets: &[Timed]) -> Result<()> {
    let mut bytes = frames::savefile_header(precision);
    for packet in packets {
        frames::append(&mut bytes, precision, packet);
    }
    let path = folder.join(name);
    fs::write(&path, bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Creates a savefile with this number of packets, 20 microseconds apart on average.
pub(crate) fn create_large(path: &Path, packets: usize) -> Result<()> {
    let cannot = |error| format!("cannot write {}: {error}", path.display());
    let mut file = BufWriter::new(fs::File::create(path).map_err(cannot)?);
    let mut bytes = frames::savefile_header(Precision::Micro);
    for packet in Traffic::new(4, START, 20_000, 10).take(packets) {
        frames::append(&mut bytes, Precision::Micro, &packet);
        file.write_all(&bytes).map_err(cannot)?;
        bytes.clear();
    }
    file.flush().map_err(cannot)
}
