//! Limits of the system: on open files, memory, the size of files, and quotas.

use std::time::Duration;

use super::Row;
use super::found::{Failure, Found};
use super::packets;
use super::place::Place;

type Made = Result<Found, Failure>;

const COUNT: u64 = 20_000;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "limit-files/copies",
        fault: "RLIMIT_NOFILE from 3 to 20: filter, recode, merge, split, read, info, stats",
        make: open_files,
    },
    Row {
        name: "limit-files/capture",
        fault: "RLIMIT_NOFILE from 3 to 24: capture with rotation and --also",
        make: open_files_of_capture,
    },
    Row {
        name: "limit-memory/copies",
        fault: "RLIMIT_AS from 4 to 300 MB: filter, filter --sort, recode, merge, stats",
        make: memory,
    },
    Row {
        name: "limit-size/copies",
        fault: "RLIMIT_FSIZE of 512 KiB: filter, recode, merge, split, stats --report",
        make: file_size,
    },
    Row {
        name: "limit-size/capture",
        fault: "RLIMIT_FSIZE of 512 KiB: capture",
        make: |place| file_size_of_capture(place, "-w o.pcap"),
    },
    Row {
        name: "limit-size/capture-gzip",
        fault: "RLIMIT_FSIZE of 512 KiB: capture with gzip",
        make: |place| file_size_of_capture(place, "-w o.pcap.gz"),
    },
    Row {
        name: "limit-size/rotation",
        fault: "RLIMIT_FSIZE of 512 KiB: files of a rotation are shorter",
        make: shorter_files,
    },
    Row {
        name: "quota/copies",
        fault: "a quota of 4 MiB, on btrfs: filter, recode, merge, split",
        make: quota_of_copies,
    },
    Row {
        name: "quota/capture",
        fault: "a quota of 4 MiB, on btrfs: capture",
        make: |place| quota_of_capture(place, "-w disk/v/o.pcap"),
    },
    Row {
        name: "quota/rotation",
        fault: "a quota of 4 MiB, on btrfs: capture with a file per MB",
        make: |place| quota_of_capture(place, "-C 1 -w disk/v/o.pcap"),
    },
    Row {
        name: "limit-size/lines",
        fault: "RLIMIT_FSIZE of 512 KiB: lines of read, and JSON",
        make: |place| {
            place.savefile("in.pcap", COUNT)?;
            place.prepare("touch o.txt")?;
            let ended = place.run("ulimit -f 1024; exec pcap-read --json in.pcap > o.txt")?;
            ended.expect(1, "File too large")?;
            let text = std::fs::read_to_string(place.path("o.txt")).unwrap_or_default();
            Ok(Found::new(
                &ended,
                COUNT,
                text.matches("}\n").count() as u64,
                0,
            ))
        },
    },
];

/// With few descriptors, a program either succeeds or says why not.
fn open_files(place: &Place) -> Made {
    place.savefile("in.pcap", 500)?;
    place.savefile("in2.pcap", 0)?;
    let mut failed = 0;
    let mut seen = String::new();
    for limit in 3..=20 {
        for command in [
            "filter in.pcap o",
            "recode in.pcap o",
            "merge in.pcap in2.pcap -w o",
            "split --packets 100 -o o in.pcap",
            "read -q in.pcap",
            "info in.pcap",
            "stats in.pcap",
        ] {
            let ended = place.run(&format!("rm -f o*; ulimit -n {limit}; exec pcap-{command}"))?;
            if ended.has_failed() {
                // The loader of programs needs a descriptor for each library, and says so itself.
                if !ended.stderr.contains("cannot open shared object")
                    && !ended.stderr.contains("Too many open files")
                {
                    let text = format!("{command}, {limit} files: {}", ended.summary());
                    return Err(text.into());
                }
                failed += 1;
                seen = ended.summary();
            } else if command.contains(" o") {
                let (after, are_whole) = packets::count_once(&place.files("o")?)?;
                if after != 500 || !are_whole {
                    let text = format!("{command}, {limit} files: status 0, {after} of 500");
                    return Err(text.into());
                }
            }
        }
    }
    Ok(Found::without_packets(format!(
        "{failed} of 126 fail: {seen}"
    )))
}

fn open_files_of_capture(place: &Place) -> Made {
    let mut packets = place.devices()?;
    let (mut before, mut after, mut failed, mut seen) = (0, 0, 0, String::new());
    for limit in (3..=24).step_by(3) {
        let script = format!(
            "rm -f o_*; ulimit -n {limit}; exec pcap-capture -i left -f 'udp dst port 9' --json \
             -b packets:20 --also 'udp=also.o' -w o.pcap"
        );
        let mut process = place.start(&script)?;
        while !process.has_ended()? && !process.stderr().contains("listening on") {
            std::thread::sleep(Duration::from_millis(5));
        }
        if process.has_ended()? {
            let ended = process.end()?;
            if !ended.has_failed() {
                return Err(format!("{limit} files: status 0").into());
            }
            failed += 1;
            seen = ended.summary();
            continue;
        }
        let first = packets.sent;
        packets.send_within(200, Duration::from_millis(200));
        if !process.has_ended()? {
            process.signal("INT")?;
        }
        let ended = process.end()?;
        let sent = packets.sent - first;
        let found = place.account_received(&ended, sent, &place.files("o_")?)?;
        if found.lost > 0 {
            return Ok(found);
        }
        before += found.before;
        after += found.after;
    }
    Ok(Found {
        seen: format!("{failed} of 8 fail: {seen}"),
        before,
        after,
        lost: 0,
    })
}

/// With little memory, a program succeeds, says why not, or Rust aborts it. It never says that a part is the whole.
fn memory(place: &Place) -> Made {
    place.savefile("in.pcap", COUNT)?;
    let (mut failed, mut all) = (0, 0);
    let mut seen = String::new();
    for kilobytes in [
        4000, 8000, 12_000, 16_000, 24_000, 40_000, 80_000, 150_000, 300_000,
    ] {
        for command in [
            "filter in.pcap o",
            "filter --sort in.pcap o",
            "recode in.pcap o.pcapng",
            "merge in.pcap -w o",
            "stats in.pcap",
        ] {
            let script = format!("rm -f o*; ulimit -v {kilobytes}; exec pcap-{command}");
            let ended = place.run(&script)?;
            all += 1;
            if ended.has_failed() {
                failed += 1;
                seen = ended.summary();
            } else if command.contains(" o") {
                let (after, are_whole) = packets::count_once(&place.files("o")?)?;
                if after != COUNT || !are_whole {
                    let text = format!("{command}, {kilobytes} KiB: status 0, {after} packets");
                    return Err(text.into());
                }
            }
        }
    }
    Ok(Found::without_packets(format!(
        "{failed} of {all} fail: {seen}"
    )))
}

fn file_size(place: &Place) -> Made {
    place.savefile("in.pcap", COUNT)?;
    let mut found = Found::without_packets(String::new());
    for command in [
        "filter in.pcap o.pcap",
        "recode in.pcap o.pcapng",
        "merge in.pcap -w o.pcap",
        "split --packets 15000 -o o in.pcap",
        "filter --sort --sort-memory 64K in.pcap o.pcap",
    ] {
        let script = format!("rm -f o*; ulimit -f 1024; TMPDIR=. exec pcap-{command}");
        let ended = place.run(&script)?;
        ended.expect(1, "File too large")?;
        let (after, _) = packets::count_once(&place.files("o")?)?;
        found = Found::new(&ended, COUNT, after, 0);
    }
    let ended = place.run("ulimit -f 8; exec pcap-stats --report o.html in.pcap")?;
    ended.expect(1, "File too large")?;
    Ok(found)
}

fn file_size_of_capture(place: &Place, options: &str) -> Made {
    let mut packets = place.devices()?;
    // The limit is for this program alone, and its standard output is short.
    let mut process = place.capture_with("ulimit -f 1024; exec", &format!("--json {options}"))?;
    while !process.has_ended()? && packets.sent < 200_000 {
        packets.send_within(500, Duration::from_millis(10));
    }
    let ended = process.end()?;
    ended.expect(1, "File too large")?;
    let (written, reported) = (ended.number("packets")?, ended.reported()?);
    let received = ended.number("received")?;
    let (after, _) = packets::count_once(&place.files("o.")?)?;
    let is_compressed = options.ends_with("gz");
    if after < written || (after > written && !is_compressed) {
        return Err(format!("{written} count as written, but {after} are there").into());
    }
    Ok(Found {
        seen: ended.summary(),
        before: received,
        after,
        lost: received.saturating_sub(written + reported),
    })
}

fn shorter_files(place: &Place) -> Made {
    let mut packets = place.devices()?;
    let options = "--json -b filesize:400 -w o.pcap";
    let process = place.capture_with("ulimit -f 1024; exec", options)?;
    packets.send_within(8000, Duration::from_millis(800));
    process.signal("INT")?;
    let ended = process.end()?;
    ended.expect(0, "")?;
    Ok(place.account(&ended, packets.sent, &place.files("o_")?)?)
}

/// Mounts a file system whose folder `disk/v` has a quota.
fn quota(place: &Place) -> Result<(), Failure> {
    place.prepare(
        "truncate -s 256M image && mkfs.btrfs -q image && mkdir -p disk && mount -o loop image disk",
    )?;
    place.prepare(
        "btrfs quota enable disk && btrfs subvolume create disk/v && btrfs qgroup limit 4M disk/v",
    )
}

fn quota_of_copies(place: &Place) -> Made {
    const MANY: u64 = 80_000;
    place.savefile("in.pcap", MANY)?;
    quota(place)?;
    let mut found = None;
    for command in [
        "filter in.pcap disk/v/o.pcap",
        "recode in.pcap disk/v/o.pcapng",
        "merge in.pcap -w disk/v/o.pcap",
        "split --packets 20000 -o disk/v/o in.pcap",
    ] {
        let script = format!("rm -f disk/v/o*; sync -f disk; exec pcap-{command}");
        let ended = place.run(&script)?;
        ended.expect(1, "Disk quota exceeded")?;
        let (after, _) = packets::count_once(&place.files("disk/v/o")?)?;
        found = Some(Found::new(&ended, MANY, after, 0));
    }
    found.ok_or(Failure::Differs("no program".to_owned()))
}

fn quota_of_capture(place: &Place, options: &str) -> Made {
    let mut packets = place.devices()?;
    quota(place)?;
    let mut process = place.capture(&format!("--json {options}"))?;
    while !process.has_ended()? && packets.sent < 200_000 {
        packets.send_within(500, Duration::from_millis(10));
    }
    let ended = process.end()?;
    ended.expect(1, "Disk quota exceeded")?;
    Ok(place.account_received(&ended, packets.sent, &place.files("disk/v/o")?)?)
}
