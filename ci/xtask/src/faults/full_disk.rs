//! A disk without space: a small file system in memory, and `/dev/full`.

use std::time::Duration;

use super::Row;
use super::found::{Failure, Found};
use super::packets;
use super::place::Place;
use crate::flood::capture::{count, member};

type Made = Result<Found, Failure>;

/// What the system says.
const NO_SPACE: &str = "No space left on device";
/// The packets in the input: more than the disk holds.
const COUNT: u64 = 20_000;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "full-disk/filter",
        fault: "1 MiB disk: filter",
        make: |place| copy(place, "pcap-filter in.pcap disk/o.pcap"),
    },
    Row {
        name: "full-disk/filter-gzip",
        fault: "64 KiB disk: filter to gzip",
        make: |place| copy_to(place, "64k", "pcap-filter in.pcap disk/o.pcap.gz"),
    },
    Row {
        name: "full-disk/filter-sort",
        fault: "1 MiB disk: temporary files of filter --sort",
        make: |place| {
            copy(
                place,
                "env TMPDIR=disk pcap-filter --sort --sort-memory 64K in.pcap disk/o.pcap",
            )
        },
    },
    Row {
        name: "full-disk/recode",
        fault: "1 MiB disk: recode to pcapng",
        make: |place| copy(place, "pcap-recode in.pcap disk/o.pcapng"),
    },
    Row {
        name: "full-disk/recode-zstd",
        fault: "64 KiB disk: recode to pcapng and zstd",
        make: |place| copy_to(place, "64k", "pcap-recode in.pcap disk/o.pcapng.zst"),
    },
    Row {
        name: "full-disk/merge",
        fault: "1 MiB disk: merge",
        make: |place| copy(place, "pcap-merge in.pcap -w disk/o.pcap"),
    },
    Row {
        name: "full-disk/merge-append",
        fault: "1 MiB disk: merge --append",
        make: |place| copy(place, "pcap-merge --append in.pcap -w disk/o.pcapng"),
    },
    Row {
        name: "full-disk/merge-rounds",
        fault: "1 MiB disk: temporary files of merge",
        make: merge_in_rounds,
    },
    Row {
        name: "full-disk/split",
        fault: "1 MiB disk: split by packets",
        make: |place| split(place, "--packets 1500"),
    },
    Row {
        name: "full-disk/split-flow",
        fault: "1 MiB disk: split by flow",
        make: |place| split(place, "--flow"),
    },
    Row {
        name: "full-disk/read",
        fault: "1 MiB disk: lines of read",
        make: |place| lines(place, "pcap-read in.pcap > disk/o.txt"),
    },
    Row {
        name: "full-disk/stats-report",
        fault: "16 KiB disk: report of stats",
        make: |place| {
            report(
                place,
                "pcap-stats --report disk/o.html in.pcap",
                "disk/o.html",
            )
        },
    },
    Row {
        name: "full-disk/stats-plot",
        fault: "4 KiB disk: plot of stats",
        make: |place| {
            report(
                place,
                "pcap-stats --plot rates=disk/o.svg in.pcap",
                "disk/o.svg",
            )
        },
    },
    Row {
        name: "full-disk/capture",
        fault: "1 MiB disk: capture",
        make: |place| capture(place, "1m", "--json -w disk/o.pcap"),
    },
    Row {
        name: "full-disk/capture-unbuffered",
        fault: "1 MiB disk: capture -U",
        make: |place| capture(place, "1m", "--json -U -w disk/o.pcap"),
    },
    Row {
        name: "full-disk/capture-rotation",
        fault: "1 MiB disk: capture of a file per 300 kB",
        make: |place| capture(place, "1m", "--json -b filesize:300 -w disk/o.pcapng"),
    },
    Row {
        name: "full-disk/capture-ring",
        fault: "1 MiB disk: a ring of 4 files fits",
        make: ring,
    },
    Row {
        name: "full-disk/capture-gzip",
        fault: "64 KiB disk: capture with gzip",
        make: |place| capture_compressed(place, "disk/o.pcap.gz"),
    },
    Row {
        name: "full-disk/capture-zstd",
        fault: "64 KiB disk: capture with zstd",
        make: |place| capture_compressed(place, "disk/o.pcapng.zst"),
    },
    Row {
        name: "full-disk/capture-also",
        fault: "1 MiB disk: only --also is full",
        make: also,
    },
    Row {
        name: "full-disk/capture-status",
        fault: "full disk: status file of capture",
        make: status_file,
    },
    Row {
        name: "full-disk/space-again",
        fault: "1 MiB disk: space again after the error",
        make: space_again,
    },
    Row {
        name: "dev-full/read",
        fault: "/dev/full: lines of read",
        make: |place| lines(place, "pcap-read in.pcap > /dev/full"),
    },
    Row {
        name: "dev-full/info",
        fault: "/dev/full: info, text, JSON and CSV",
        make: |place| all_fail(place, &["pcap-info", "pcap-info --json", "pcap-info --csv"]),
    },
    Row {
        name: "dev-full/stats",
        fault: "/dev/full: stats, text, JSON and CSV",
        make: |place| {
            let csv = "pcap-stats --csv --table conv,udp";
            all_fail(place, &["pcap-stats", "pcap-stats --json", csv])
        },
    },
    Row {
        name: "dev-full/copies",
        fault: "/dev/full: savefile on standard output, of filter, recode and merge",
        make: |place| {
            place.savefile("in.pcap", COUNT)?;
            let mut seen = String::new();
            for command in ["filter in.pcap -", "recode in.pcap -", "merge in.pcap -w -"] {
                let ended = place.run(&format!("exec pcap-{command} > /dev/full"))?;
                ended.expect(1, NO_SPACE)?;
                seen = ended.summary();
            }
            Ok(Found {
                seen,
                before: COUNT,
                after: 0,
                lost: 0,
            })
        },
    },
    Row {
        name: "dev-full/capture",
        fault: "/dev/full: capture -w",
        make: |place| capture(place, "1m", "--json -w /dev/full"),
    },
    Row {
        name: "dev-full/capture-lines",
        fault: "/dev/full: lines of capture",
        make: capture_lines,
    },
    Row {
        name: "dev-full/version",
        fault: "/dev/full: --version and devices",
        make: |place| {
            let ended = place.run("exec pcap-devices > /dev/full")?;
            ended.expect(1, NO_SPACE)?;
            let ended = place.run("exec pcap-info --version > /dev/full")?;
            ended.expect(1, NO_SPACE)?;
            Ok(Found::without_packets(ended.summary()))
        },
    },
];

fn copy(place: &Place, command: &str) -> Made {
    copy_to(place, "1m", command)
}

/// Copies a savefile to a small disk. The whole records on the disk are the first ones of the input.
fn copy_to(place: &Place, size: &str, command: &str) -> Made {
    place.savefile("in.pcap", COUNT)?;
    place.small_disk(size)?;
    let ended = place.run(&format!("exec {command}"))?;
    ended.expect(1, NO_SPACE)?;
    let mut after = 0;
    for path in place.files("disk/o")? {
        let contents = packets::read(&path)?;
        let is_start = (0_u64..).zip(&contents.numbers).all(|(at, &n)| n == at);
        if !is_start {
            return Err(format!("{} is not the start of the input", path.display()).into());
        }
        after += contents.numbers.len() as u64;
    }
    let others = place.files("disk/")?.len() - place.files("disk/o")?.len();
    if others > 0 {
        return Err(format!("{others} temporary files are left").into());
    }
    Ok(Found::new(&ended, COUNT, after, 0))
}

/// Merges in rounds, with temporary files on a full disk.
fn merge_in_rounds(place: &Place) -> Made {
    place.small_disk("1m")?;
    let mut inputs = String::new();
    for number in 0..8 {
        place.savefile(&format!("in{number}.pcap"), 5000)?;
        inputs += &format!(" in{number}.pcap");
    }
    let script = format!("TMPDIR=disk exec pcap-merge --max-open 4 {inputs} -w o.pcap");
    let ended = place.run(&script)?;
    ended.expect(1, NO_SPACE)?;
    if !place.files("disk/")?.is_empty() {
        return Err("temporary files are left".to_owned().into());
    }
    Ok(Found::new(&ended, 40_000, 0, 0))
}

/// Splits to a small disk. The savefiles that are listed are whole.
fn split(place: &Place, option: &str) -> Made {
    place.savefile("in.pcap", COUNT)?;
    place.small_disk("1m")?;
    let ended = place.run(&format!(
        "exec pcap-split -o disk/o {option} --json in.pcap"
    ))?;
    ended.expect(1, NO_SPACE)?;
    let (after, _) = packets::count_once(&place.files("disk/o")?)?;
    for line in ended.listed_files() {
        let path = member(line, "path").unwrap_or_default();
        let contents = packets::read(&place.path(path))?;
        let listed = count(line, "packets")?;
        if !contents.is_whole || contents.numbers.len() as u64 != listed {
            return Err(format!("`{path}` is listed, but not whole").into());
        }
    }
    Ok(Found::new(&ended, COUNT, after, 0))
}

/// Prints a line for each packet.
fn lines(place: &Place, command: &str) -> Made {
    place.savefile("in.pcap", COUNT)?;
    place.small_disk("1m")?;
    let ended = place.run(&format!("exec {command}"))?;
    ended.expect(1, NO_SPACE)?;
    let text = std::fs::read_to_string(place.path("disk/o.txt")).unwrap_or_default();
    Ok(Found::new(
        &ended,
        COUNT,
        text.matches('\n').count() as u64,
        0,
    ))
}

/// Writes a report. A part of it must not look like the whole.
fn report(place: &Place, command: &str, output: &str) -> Made {
    place.savefile("in.pcap", COUNT)?;
    place.small_disk("64k")?;
    // Almost everything is used.
    place.prepare("head -c 60000 /dev/zero > disk/used")?;
    let ended = place.run(&format!("exec {command}"))?;
    ended.expect(1, NO_SPACE)?;
    let left = place.path(output).metadata().map_or(0, |it| it.len());
    Ok(Found::without_packets(format!(
        "{}; {left} bytes are left",
        ended.summary()
    )))
}

fn all_fail(place: &Place, commands: &[&str]) -> Made {
    place.savefile("in.pcap", 100)?;
    let mut seen = String::new();
    for command in commands {
        let ended = place.run(&format!("exec {command} in.pcap > /dev/full"))?;
        ended.expect(1, NO_SPACE)?;
        seen = ended.summary();
    }
    Ok(Found::without_packets(seen))
}

/// Captures until the disk is full. The statistics know exactly what is there.
fn capture(place: &Place, size: &str, options: &str) -> Made {
    let mut packets = place.devices()?;
    place.small_disk(size)?;
    let mut process = place.capture(options)?;
    while !process.has_ended()? && packets.sent < 200_000 {
        packets.send_within(500, Duration::from_millis(10));
    }
    let ended = process.end()?;
    ended.expect(1, NO_SPACE)?;
    Ok(place.account_received(&ended, packets.sent, &place.files("disk/o")?)?)
}

/// A ring that fits loses nothing.
fn ring(place: &Place) -> Made {
    let mut packets = place.devices()?;
    place.small_disk("1m")?;
    let options = "--json --print-files -b filesize:150 -b files:4 -w disk/o.pcapng";
    let process = place.capture(options)?;
    packets.send_within(8000, Duration::from_millis(800));
    process.signal("INT")?;
    let ended = process.end()?;
    ended.expect(0, "")?;
    // Those that the ring removed are in the list.
    let mut listed = 0;
    for line in ended.listed_files() {
        listed += count(line, "packets")?;
    }
    let (kept, _) = packets::count_once(&place.files("disk/o")?)?;
    let dropped = ended.number("dropped")?;
    let found = Found::new(&ended, packets.sent, listed, dropped);
    let seen = format!("{}; {kept} kept, the ring removed the others", found.seen);
    Ok(Found { seen, ..found })
}

/// A compressor may have written more than counts as written, as documented, but never less.
fn capture_compressed(place: &Place, path: &str) -> Made {
    let mut packets = place.devices()?;
    place.small_disk("64k")?;
    let mut process = place.capture(&format!("--json -w {path}"))?;
    while !process.has_ended()? && packets.sent < 200_000 {
        packets.send_within(500, Duration::from_millis(10));
    }
    let ended = process.end()?;
    ended.expect(1, NO_SPACE)?;
    let (written, reported) = (ended.number("packets")?, ended.reported()?);
    let (after, _) = packets::count_once(&place.files("disk/o")?)?;
    if after < written {
        return Err(format!("{written} count as written, but {after} are there").into());
    }
    let received = ended.number("received")?;
    let missing = received.saturating_sub(written + reported);
    let seen = format!("{}; {written} count as written", ended.summary());
    Ok(Found {
        seen,
        before: received,
        after,
        lost: missing,
    })
}

/// A full disk under `--also` does not end the capture.
fn also(place: &Place) -> Made {
    let mut packets = place.devices()?;
    place.small_disk("1m")?;
    let process = place.capture("--json -w o.pcap --also 'udp=disk/also.pcap'")?;
    packets.send_within(8000, Duration::from_millis(800));
    process.signal("INT")?;
    let ended = process.end()?;
    ended.expect(1, NO_SPACE)?;
    let (also, _) = packets::count_once(&place.files("disk/also")?)?;
    let found = place.account(&ended, packets.sent, &place.files("o.pcap")?)?;
    let outputs = ended
        .statistics()
        .and_then(|it| it.split_once("\"outputs\""));
    let outputs = outputs.ok_or("no outputs in the statistics".to_owned())?.1;
    let number = |name| count(outputs, name);
    let (written, not_written) = (number("packets")?, number("not_written")?);
    if written != also || written + not_written != found.after {
        let text = format!("--also: {also} there, {written} counted, {not_written} not written");
        return Err(text.into());
    }
    let seen = format!("{}; --also: {also}, {not_written} not written", found.seen);
    Ok(Found { seen, ..found })
}

/// A status file that cannot be written is a warning.
fn status_file(place: &Place) -> Made {
    let mut packets = place.devices()?;
    place.small_disk("64k")?;
    let process = place.capture("--json --status-file disk/status -w o.pcap")?;
    place.prepare("head -c 64k /dev/zero > disk/used || true")?;
    packets.send_within(2000, Duration::from_millis(1500));
    process.signal("INT")?;
    let ended = process.end()?;
    ended.expect(0, NO_SPACE)?;
    Ok(place.account(&ended, packets.sent, &place.files("o.pcap")?)?)
}

/// After an error, nothing more is written, even if there is space.
fn space_again(place: &Place) -> Made {
    let mut packets = place.devices()?;
    place.small_disk("1m")?;
    place.prepare("head -c 512k /dev/zero > disk/used")?;
    let mut process = place.capture("--json -w disk/o.pcap")?;
    while !process.has_ended()? && packets.sent < 200_000 {
        packets.send_within(500, Duration::from_millis(10));
        if packets.sent == 5000 {
            place.prepare("rm disk/used")?;
        }
    }
    let ended = process.end()?;
    ended.expect(1, NO_SPACE)?;
    Ok(place.account_received(&ended, packets.sent, &place.files("disk/o")?)?)
}

fn capture_lines(place: &Place) -> Made {
    let mut packets = place.devices()?;
    let mut process = place.capture("> /dev/full")?;
    while !process.has_ended()? && packets.sent < 200_000 {
        packets.send_within(500, Duration::from_millis(10));
    }
    let ended = process.end()?;
    ended.expect(1, NO_SPACE)?;
    Ok(Found::new(&ended, packets.sent, 0, 0))
}
