//! Savefiles that are cut, damaged or changed while they are read.

use std::fs;

use super::Row;
use super::found::{Failure, Found};
use super::own_disk::{Fault, OwnDisk};
use super::packets;
use super::place::Place;

type Made = Result<Found, Failure>;

const COUNT: u64 = 20_000;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "cut/each-byte",
        fault: "a savefile that ends at each of its bytes, pcap and pcapng",
        make: each_byte,
    },
    Row {
        name: "cut/while-read",
        fault: "a file that becomes 24 bytes long while it is read: filter, recode, merge, split, read",
        make: |place| while_read(place, 24),
    },
    Row {
        name: "cut/while-read-ahead",
        fault: "a file that is cut after the place that is read",
        make: |place| while_read(place, 1_500_000),
    },
    Row {
        name: "cut/compressed",
        fault: "a gzip, zstd and lz4 savefile that ends at each of 60 places",
        make: compressed,
    },
    Row {
        name: "damaged/checksum",
        fault: "a gzip savefile with a wrong checksum, and with zeros behind it",
        make: checksum,
    },
    Row {
        name: "changed/replaced",
        fault: "a file that is replaced or grows while it is read from a slow pipe",
        make: replaced,
    },
    Row {
        name: "no-savefile/kinds",
        fault: "a folder, /proc/self/mem, /dev/zero, /dev/null, an empty file, text",
        make: no_savefile,
    },
];

fn each_byte(place: &Place) -> Made {
    place.savefile("in.pcap", 3)?;
    place.prepare("pcap-recode in.pcap in.pcapng")?;
    let mut tried = 0;
    for name in ["in.pcap", "in.pcapng"] {
        let bytes = fs::read(place.path(name)).map_err(|e| e.to_string())?;
        for length in 0..bytes.len() {
            let cut = &bytes[..length];
            fs::write(place.path("cut"), cut).map_err(|e| e.to_string())?;
            let ended = place.run("rm -f o; exec pcap-filter cut o")?;
            let contents = crate::flood::savefile::parse(cut);
            // What has a whole header and only whole records looks complete.
            let is_complete = contents.is_whole && length >= 24;
            let after = match place.path("o").exists() {
                true => packets::read(&place.path("o"))?.numbers.len(),
                false => 0,
            };
            if ended.has_failed() == is_complete || after != contents.numbers.len() {
                return Err(format!("{name}, {length} bytes: {}", ended.summary()).into());
            }
            tried += 1;
        }
    }
    Ok(Found::without_packets(format!(
        "{tried} cuts: status 1 and all whole packets, unless whole"
    )))
}

fn while_read(place: &Place, length: u64) -> Made {
    place.savefile("in.pcap", COUNT)?;
    place.prepare("pcap-recode in.pcap in.pcapng")?;
    let disk = OwnDisk::mount(&place.path("disk"))?;
    let mut found = None;
    for name in ["in.pcap", "in.pcapng"] {
        for command in [
            "filter disk/cut o.pcap",
            "recode disk/cut o.pcapng",
            "merge disk/cut -w o.pcap",
            "split --packets 5000 -o o disk/cut",
            "read disk/cut > o.txt",
        ] {
            let bytes = fs::read(place.path(name)).map_err(|e| e.to_string())?;
            place.prepare("rm -f o* disk/cut")?;
            disk.add("cut", bytes);
            disk.set(Fault::CutAfter {
                offset: 900_000,
                length,
            });
            let ended = place.run(&format!("exec pcap-{command}"))?;
            let after = match command.contains("o.txt") {
                true => {
                    let text = fs::read_to_string(place.path("o.txt"));
                    text.map_err(|e| e.to_string())?.lines().count() as u64
                }
                false => packets::count_once(&place.files("o")?)?.0,
            };
            if !ended.has_failed() || !(5000..COUNT).contains(&after) {
                let text = format!("{name}, {command}: {after} packets, {}", ended.summary());
                return Err(text.into());
            }
            found = Some(Found::new(&ended, COUNT, after, 0));
        }
    }
    found.ok_or(Failure::Differs("no program".to_owned()))
}

fn compressed(place: &Place) -> Made {
    place.savefile("in.pcap", 2000)?;
    place.prepare("gzip -k in.pcap && zstd -q in.pcap && lz4 -q in.pcap in.pcap.lz4")?;
    let mut found = None;
    for name in ["in.pcap.gz", "in.pcap.zst", "in.pcap.lz4"] {
        let bytes = fs::read(place.path(name)).map_err(|e| e.to_string())?;
        for step in 0..20 {
            let length = bytes.len() * step / 20;
            fs::write(place.path("cut"), &bytes[..length]).map_err(|e| e.to_string())?;
            let ended = place.run("rm -f o; exec pcap-filter cut o")?;
            ended
                .expect(1, "cannot ")
                .map_err(|why| format!("{name}, {length} bytes: {why}"))?;
            if place.path("o").exists() {
                let (after, are_whole) = packets::count_once(&[place.path("o")])?;
                if !are_whole {
                    return Err(format!("{name}, {length} bytes: the output is cut").into());
                }
                found = Some(Found::new(&ended, 2000, after, 0));
            }
        }
    }
    found.ok_or(Failure::Differs("nothing could be read".to_owned()))
}

fn checksum(place: &Place) -> Made {
    place.savefile("in.pcap", 2000)?;
    place.prepare("gzip -k in.pcap")?;
    let mut bytes = fs::read(place.path("in.pcap.gz")).map_err(|e| e.to_string())?;
    bytes.extend([0; 512]);
    fs::write(place.path("padded.gz"), &bytes).map_err(|e| e.to_string())?;
    let ended = place.run("exec pcap-filter padded.gz o")?;
    ended.expect(0, "")?;
    let (after, _) = packets::count_once(&[place.path("o")])?;
    if after != 2000 {
        return Err(format!("with padding: {after} packets").into());
    }
    let at = bytes.len() - 512 - 8;
    bytes[at] ^= 1;
    fs::write(place.path("damaged.gz"), &bytes).map_err(|e| e.to_string())?;
    let ended = place.run("rm o; exec pcap-filter damaged.gz o")?;
    ended.expect(1, "cannot read")?;
    let (after, _) = packets::count_once(&[place.path("o")])?;
    Ok(Found::new(&ended, 2000, after, 0))
}

/// A reader has all of the file that it opened, and what was added before its end.
fn replaced(place: &Place) -> Made {
    place.savefile("in.pcap", COUNT)?;
    place.savefile("other.pcap", 10)?;
    place.prepare("mkfifo fifo")?;
    // The reader of the lines waits, so the program has not read the whole file.
    let reader = place.start("exec sh -c 'sleep 0.7; exec cat > lines' < fifo")?;
    let program = place.start("exec pcap-read in.pcap > fifo")?;
    std::thread::sleep(std::time::Duration::from_millis(300));
    let mut more = Vec::new();
    for number in COUNT..COUNT + 1000 {
        more.extend(packets::record(number));
    }
    use std::io::Write;
    let file = fs::OpenOptions::new()
        .append(true)
        .open(place.path("in.pcap"));
    file.and_then(|mut file| file.write_all(&more))
        .map_err(|e| e.to_string())?;
    place.prepare("mv other.pcap in.pcap")?;
    let ended = program.end()?;
    ended.expect(0, "")?;
    reader.end()?;
    let text = fs::read_to_string(place.path("lines")).map_err(|e| e.to_string())?;
    Ok(Found::new(
        &ended,
        COUNT + 1000,
        text.lines().count() as u64,
        0,
    ))
}

fn no_savefile(place: &Place) -> Made {
    place.prepare("mkdir folder; : > empty; seq 1000 > text")?;
    let mut seen = String::new();
    for input in [
        "folder",
        "/proc/self/mem",
        "/dev/zero",
        "/dev/null",
        "empty",
        "text",
    ] {
        for command in [
            "filter IN o",
            "recode IN o",
            "merge IN -w o",
            "split --packets 1 -o o IN",
            "read IN",
            "info IN",
            "stats IN",
        ] {
            let command = command.replace("IN", input);
            let ended = place.run(&format!("exec pcap-{command}"))?;
            ended
                .expect(1, input)
                .map_err(|why| format!("{command}: {why}"))?;
            seen = ended.summary();
        }
    }
    if !place.files("o")?.is_empty() {
        return Err("an output was created".to_owned().into());
    }
    Ok(Found::without_packets(seen))
}
