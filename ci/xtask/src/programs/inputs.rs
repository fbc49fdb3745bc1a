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
    damaged(folder, &trace)?;
    // tcprewrite counts the padding of short frames as payload.
    let web = |packet: &&Timed| is_tcp_port_80(&packet.1) && packet.1.len() > 60;
    let web: Vec<Timed> = trace.iter().filter(web).cloned().collect();
    save(folder, "web.pcap", Precision::Micro, &web)?;
    let mut wrong = web.clone();
    for (_, frame) in wrong.iter_mut().step_by(2) {
        // The checksums of IPv4 and of TCP.
        frame[24] ^= 0x55;
        frame[50] ^= 0xaa;
    }
    save(folder, "wrong.pcap", Precision::Micro, &wrong)?;
    let is_tagged = |packet: &&Timed| packet.1[12..14] == [0x81, 0];
    let tagged: Vec<Timed> = trace.iter().filter(is_tagged).cloned().collect();
    save(folder, "vlan.pcap", Precision::Micro, &tagged)?;
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
    command::run(
        Command::new("editcap")
            .args(["-F", "pcap", "-s", "100"])
            .args([path("web.pcap"), path("short.pcap")]),
    )?;
    command::run(Command::new("gzip").arg("-k").arg(path("trace.pcap")))?;
    command::run(Command::new("zstd").arg("-q").arg(path("trace.pcap")))?;
    command::run(
        Command::new("lz4")
            .arg("-q")
            .args([path("trace.pcap"), path("trace.pcap.lz4")]),
    )
}

/// Returns whether a frame belongs to a web connection.
fn is_tcp_port_80(frame: &[u8]) -> bool {
    frame[12..14] == [8, 0]
        && frame[23] == 6
        && (frame[34..36] == [0, 80] || frame[36..38] == [0, 80])
}

/// Creates a file that ends in the middle of a packet.
fn damaged(folder: &Path, packets: &[Timed]) -> Result<()> {
    save(folder, "cut.pcap", Precision::Micro, packets)?;
    let path = folder.join("cut.pcap");
    let cannot = |error| format!("cannot write {}: {error}", path.display());
    let file = fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .map_err(cannot)?;
    let length = file.metadata().map_err(cannot)?.len();
    file.set_len(length - 10).map_err(cannot)
}

/// Creates a savefile.
fn save(folder: &Path, name: &str, precision: Precision, packets: &[Timed]) -> Result<()> {
    let mut bytes = frames::savefile_header(precision);
    for packet in packets {
        frames::append(&mut bytes, precision, packet);
    }
    let path = folder.join(name);
    fs::write(&path, bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Creates `large.pcap` with this number of packets, 20 microseconds apart on average. Every other packet is also in
/// `even.pcap`, and the rest in `odd.pcap`.
pub(crate) fn create_large(folder: &Path, packets: usize) -> Result<()> {
    let create = |name| {
        let path = folder.join(name);
        let file = fs::File::create(&path);
        let file = file.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok::<_, String>(BufWriter::new(file))
    };
    let mut files = [
        create("even.pcap")?,
        create("odd.pcap")?,
        create("large.pcap")?,
    ];
    let cannot = |error| format!("cannot write in {}: {error}", folder.display());
    let header = frames::savefile_header(Precision::Micro);
    for file in &mut files {
        file.write_all(&header).map_err(cannot)?;
    }
    let mut bytes = Vec::new();
    for (index, packet) in Traffic::new(4, START, 20_000, 10).take(packets).enumerate() {
        bytes.clear();
        frames::append(&mut bytes, Precision::Micro, &packet);
        files[index % 2].write_all(&bytes).map_err(cannot)?;
        files[2].write_all(&bytes).map_err(cannot)?;
    }
    files
        .iter_mut()
        .try_for_each(|file| file.flush().map_err(cannot))
}
