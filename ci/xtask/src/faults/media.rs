//! Disks that fail: errors of reading, writing, closing and synchronizing, partial and slow calls.

use std::fs;
use std::time::{Duration, Instant};

use super::Row;
use super::found::{Failure, Found};
use super::own_disk::errno::{EDQUOT, EIO, ENOSPC};
use super::own_disk::{Fault, OwnDisk};
use super::packets;
use super::place::Place;

type Made = Result<Found, Failure>;

const COUNT: u64 = 20_000;
/// The length of a record of `packets::record`.
const RECORD: u64 = 117;
/// The programs that copy savefiles, with an input and an output.
const COPIES: [&str; 5] = [
    "filter disk/in.pcap o.pcap",
    "filter --sort disk/in.pcap o.pcap",
    "recode disk/in.pcap o.pcapng",
    "merge disk/in.pcap -w o.pcap",
    "split --packets 5000 -o o disk/in.pcap",
];
/// The same with an output on the disk.
const WRITERS: [&str; 7] = [
    "filter in.pcap disk/o.pcap",
    "recode in.pcap disk/o.pcapng",
    "recode in.pcap disk/o.pcap.gz",
    "recode in.pcap disk/o.pcap.zst",
    "recode in.pcap disk/o.pcap.lz4",
    "merge in.pcap -w disk/o.pcap",
    "split --packets 15000 -o disk/o in.pcap",
];

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "read-error/offset",
        fault: "EIO at an offset of the input: filter, recode, merge, split, read, info, stats",
        make: read_error,
    },
    Row {
        name: "read-error/each-place",
        fault: "EIO at each of 300 offsets of a short pcap, pcapng and gzip savefile",
        make: read_errors,
    },
    Row {
        name: "read-error/once",
        fault: "EIO once, after which reading would succeed",
        make: read_error_once,
    },
    Row {
        name: "read-error/short",
        fault: "each read(2) returns at most 1, 7 or 1000 bytes",
        make: short_reads,
    },
    Row {
        name: "write-error/offset",
        fault: "EIO at an offset of the output: filter, recode (also compressed), merge, split",
        make: |place| write_error(place, Fault::WriteBeyond(20_000, EIO), "Input/output error"),
    },
    Row {
        name: "write-error/start",
        fault: "EIO at the first byte of the output",
        make: |place| write_error(place, Fault::WriteBeyond(0, EIO), "Input/output error"),
    },
    Row {
        name: "write-error/close",
        fault: "EDQUOT on close(2), as on a network file system",
        make: |place| write_error(place, Fault::Close(EDQUOT), "Disk quota exceeded"),
    },
    Row {
        name: "write-error/close-lines",
        fault: "ENOSPC on close(2) of standard output: read, info, stats",
        make: close_error_of_lines,
    },
    Row {
        name: "write-error/close-report",
        fault: "ENOSPC on close(2): reports, plots and the key of recode --anonymize",
        make: close_error_of_reports,
    },
    Row {
        name: "write-error/short",
        fault: "each write(2) accepts at most 1000 bytes",
        make: short_writes,
    },
    Row {
        name: "write-error/capture",
        fault: "EIO at an offset: capture",
        make: |place| capture(place, Fault::WriteBeyond(500_000, EIO), "-w disk/o.pcap"),
    },
    Row {
        name: "write-error/rotation",
        fault: "EIO at an offset: capture with a file per 300 kB",
        make: |place| {
            let options = "-b filesize:300 -w disk/o.pcap";
            capture(place, Fault::WriteBeyond(200_000, EIO), options)
        },
    },
    Row {
        name: "write-error/capture-close",
        fault: "EDQUOT on close(2): capture",
        make: capture_close_error,
    },
    Row {
        name: "write-error/sync",
        fault: "EIO on fsync(2): capture --sync",
        make: |place| capture(place, Fault::Sync, "--sync 0.2 -w disk/o.pcap"),
    },
    Row {
        name: "slow-disk/capture",
        fault: "each write(2) takes 300 ms, with a short queue, under a flood",
        make: slow,
    },
    Row {
        name: "slow-disk/hangs",
        fault: "a write(2) takes 10 s; SIGTERM meanwhile",
        make: hangs,
    },
];

fn disk_with_input(place: &Place, count: u64) -> Result<OwnDisk, Failure> {
    place.savefile("in.pcap", count)?;
    let disk = OwnDisk::mount(&place.path("disk"))?;
    let bytes = fs::read(place.path("in.pcap"));
    disk.add("in.pcap", bytes.map_err(|e| e.to_string())?);
    Ok(disk)
}

/// What comes before the error is copied, and nothing else.
fn read_error(place: &Place) -> Made {
    let disk = disk_with_input(place, COUNT)?;
    let offset = 24 + RECORD * 12_345 + 50;
    disk.set(Fault::ReadBeyond(offset));
    let mut found = None;
    for command in COPIES {
        let ended = place.run(&format!("rm -f o*; exec pcap-{command}"))?;
        ended.expect(1, "Input/output error")?;
        let (after, are_whole) = packets::count_once(&place.files("o")?)?;
        if after != 12_345 || !are_whole {
            return Err(format!("{command}: {after} packets instead of 12345").into());
        }
        found = Some(Found::new(&ended, COUNT, after, 0));
    }
    let ended = place.run("exec pcap-read disk/in.pcap")?;
    ended.expect(1, "Input/output error")?;
    let lines = ended.stdout.lines().count();
    if lines != 12_345 {
        return Err(format!("read: {lines} lines instead of 12345").into());
    }
    for command in ["info", "stats", "stats --json", "info --csv"] {
        let ended = place.run(&format!("exec pcap-{command} disk/in.pcap"))?;
        ended.expect(1, "Input/output error")?;
    }
    found.ok_or(Failure::Differs("no program".to_owned()))
}

fn read_errors(place: &Place) -> Made {
    let disk = disk_with_input(place, 40)?;
    place.prepare("pcap-recode in.pcap in.pcapng; gzip -k in.pcap")?;
    let mut tried = 0;
    for name in ["in.pcap", "in.pcapng", "in.pcap.gz"] {
        let bytes = fs::read(place.path(name)).map_err(|e| e.to_string())?;
        let length = bytes.len();
        disk.add(&format!("short-{name}"), bytes);
        for step in 0..100 {
            let offset = length * step / 100;
            disk.set(Fault::ReadBeyond(offset as u64));
            let ended = place.run(&format!("rm -f o; exec pcap-filter disk/short-{name} o"))?;
            ended.expect(1, "Input/output error")?;
            let contents = match place.path("o").exists() {
                true => packets::read(&place.path("o"))?.numbers.len(),
                false => 0,
            };
            let is_expected = match name {
                "in.pcap" => contents as u64 == (offset as u64).saturating_sub(24) / RECORD,
                _ => contents <= 40,
            };
            if !is_expected {
                return Err(format!("{name}, offset {offset}: {contents} packets").into());
            }
            tried += 1;
        }
    }
    Ok(Found::without_packets(format!(
        "status 1 and the packets before it, {tried} times"
    )))
}

fn read_error_once(place: &Place) -> Made {
    let disk = disk_with_input(place, COUNT)?;
    let mut found = None;
    for command in COPIES {
        disk.set(Fault::ReadOnceAt(24 + RECORD * 9000));
        let ended = place.run(&format!("rm -f o*; exec pcap-{command}"))?;
        // A reader may try again.
        ended
            .expect(0, "")
            .or(ended.expect(1, "Input/output error"))?;
        let (after, are_whole) = packets::count_once(&place.files("o")?)?;
        found = Some(Found::new(&ended, COUNT, after, 0));
        if !ended.has_failed() && (after != COUNT || !are_whole) {
            return Err(format!("{command}: status 0 and {after} packets").into());
        }
    }
    found.ok_or(Failure::Differs("no program".to_owned()))
}

fn short_reads(place: &Place) -> Made {
    let disk = disk_with_input(place, 1000)?;
    let mut found = None;
    for most in [1, 7, 1000] {
        disk.set(Fault::ShortReads(most));
        for command in COPIES {
            let ended = place.run(&format!("rm -f o*; exec pcap-{command}"))?;
            ended.expect(0, "")?;
            let (after, _) = packets::count_once(&place.files("o")?)?;
            found = Some(Found::new(&ended, 1000, after, 0));
            if after != 1000 {
                return Err(format!("{command}: {after} packets of 1000").into());
            }
        }
    }
    found.ok_or(Failure::Differs("no program".to_owned()))
}

fn write_error(place: &Place, fault: Fault, text: &str) -> Made {
    let disk = disk_with_input(place, COUNT)?;
    disk.set(fault);
    let mut found = None;
    for command in WRITERS {
        let ended = place.run(&format!("rm -f disk/o*; exec pcap-{command}"))?;
        ended
            .expect(1, text)
            .map_err(|why| format!("{command}: {why}"))?;
        let (after, _) = packets::count_once(&place.files("disk/o")?)?;
        found = Some(Found::new(&ended, COUNT, after, 0));
    }
    found.ok_or(Failure::Differs("no program".to_owned()))
}

fn close_error_of_lines(place: &Place) -> Made {
    let disk = disk_with_input(place, 100)?;
    disk.set(Fault::Close(ENOSPC));
    let mut seen = String::new();
    for command in [
        "read",
        "read --json",
        "info",
        "info --json",
        "stats",
        "stats --csv --table conv,udp",
    ] {
        let script = format!("exec pcap-{command} in.pcap > disk/o");
        let ended = place.run(&script)?;
        ended
            .expect(1, "No space left on device")
            .map_err(|why| format!("{command}: {why}"))?;
        seen = ended.summary();
    }
    Ok(Found::without_packets(seen))
}

fn close_error_of_reports(place: &Place) -> Made {
    let disk = disk_with_input(place, 100)?;
    disk.set(Fault::Close(ENOSPC));
    let mut seen = String::new();
    for command in [
        "stats --report disk/o in.pcap",
        "stats --plot rates=disk/o.svg in.pcap",
    ] {
        let ended = place.run(&format!("exec pcap-{command}"))?;
        ended
            .expect(1, "No space left on device")
            .map_err(|why| format!("{command}: {why}"))?;
        seen = ended.summary();
    }
    Ok(Found::without_packets(seen))
}

fn short_writes(place: &Place) -> Made {
    let disk = disk_with_input(place, 2000)?;
    disk.set(Fault::ShortWrites(1000));
    let mut found = None;
    for command in WRITERS {
        let ended = place.run(&format!("rm -f disk/o*; exec pcap-{command}"))?;
        ended.expect(0, "")?;
        let (after, are_whole) = packets::count_once(&place.files("disk/o")?)?;
        if after != 2000 || !are_whole {
            return Err(format!("{command}: {after} packets of 2000").into());
        }
        found = Some(Found::new(&ended, 2000, after, 0));
    }
    found.ok_or(Failure::Differs("no program".to_owned()))
}

fn capture(place: &Place, fault: Fault, options: &str) -> Made {
    let mut packets = place.devices()?;
    let disk = OwnDisk::mount(&place.path("disk"))?;
    disk.set(fault);
    let mut process = place.capture(&format!("--json {options}"))?;
    while !process.has_ended()? && packets.sent < 100_000 {
        packets.send_within(500, Duration::from_millis(20));
    }
    let ended = process.end()?;
    ended.expect(1, "Input/output error")?;
    Ok(place.account_received(&ended, packets.sent, &place.files("disk/o")?)?)
}

fn capture_close_error(place: &Place) -> Made {
    let mut packets = place.devices()?;
    let disk = OwnDisk::mount(&place.path("disk"))?;
    disk.set(Fault::Close(EDQUOT));
    let process = place.capture("--json -w disk/o.pcap")?;
    packets.send(2000);
    process.signal("INT")?;
    let ended = process.end()?;
    ended.expect(1, "Disk quota exceeded")?;
    // The error says that the file may lack some; here it lacks none.
    let (after, _) = packets::count_once(&place.files("disk/o")?)?;
    Ok(Found::new(&ended, packets.sent, after, 0))
}

/// The kernel drops packets while the program waits for the disk, and counts them apart.
fn slow(place: &Place) -> Made {
    let mut packets = place.devices()?;
    let disk = OwnDisk::mount(&place.path("disk"))?;
    disk.set(Fault::Slow(Duration::from_millis(300)));
    let process = place.capture("--json --queue 256K -w disk/o.pcap")?;
    packets.send_within(60_000, Duration::from_secs(2));
    disk.set(Fault::None);
    process.signal("INT")?;
    let ended = process.end()?;
    ended.expect(0, "")?;
    if ended.number("dropped_waiting")? == 0 {
        return Err("nothing was dropped while the program waited"
            .to_owned()
            .into());
    }
    Ok(place.account(&ended, packets.sent, &place.files("disk/o")?)?)
}

fn hangs(place: &Place) -> Made {
    let mut packets = place.devices()?;
    let disk = OwnDisk::mount(&place.path("disk"))?;
    disk.set(Fault::Slow(Duration::from_secs(10)));
    let mut process = place.capture("--json -w disk/o.pcap")?;
    packets.send(2000);
    std::thread::sleep(Duration::from_millis(1500));
    process.signal("TERM")?;
    let start = Instant::now();
    process.wait_until("the error", |it| it.stderr().contains("accepted nothing"))?;
    if start.elapsed() > Duration::from_secs(5) {
        return Err(format!("the error came after {:?}", start.elapsed()).into());
    }
    // The kernel keeps the process until the disk answers.
    let ended = process.end()?;
    ended.expect(1, "accepted nothing")?;
    let (written, reported) = (ended.number("packets")?, ended.reported()?);
    Ok(Found {
        seen: format!("{}; {reported} reported", ended.summary()),
        before: packets.sent,
        after: written,
        lost: packets.sent.saturating_sub(written + reported),
    })
}
