//! Pipes whose reader ends, and outputs that cannot be created.

use std::time::Duration;

use super::Row;
use super::found::{Failure, Found};
use super::place::Place;

type Made = Result<Found, Failure>;

const COUNT: u64 = 100_000;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "closed-pipe/lines",
        fault: "`read | head -n 1`, also with JSON: the user wants no more",
        make: |place| {
            place.savefile("in.pcap", COUNT)?;
            let mut seen = String::new();
            for options in ["", "--json", "-x"] {
                let script = format!("{{ pcap-read in.pcap {options}; echo $? >&2; }} | head -n 1");
                let ended = place.run(&script)?;
                seen = ended.stderr.trim().to_owned();
                if seen != "0" {
                    return Err(format!("expected status 0, found {seen}").into());
                }
            }
            Ok(Found::without_packets(format!("status {seen}")))
        },
    },
    Row {
        name: "closed-pipe/savefile",
        fault: "the reader of a savefile ends: filter, recode, merge",
        make: |place| {
            place.savefile("in.pcap", COUNT)?;
            let mut seen = String::new();
            for command in ["filter in.pcap -", "recode in.pcap -", "merge in.pcap -w -"] {
                let script = format!("{{ pcap-{command}; echo status $? >&2; }} | head -c 1");
                let ended = place.run(&script)?;
                if !ended.stderr.contains("status 1") || !ended.stderr.contains("Broken pipe") {
                    return Err(format!("{command}: {}", ended.stderr).into());
                }
                seen = ended.stderr.trim().replace('\n', "; ");
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
        name: "closed-pipe/capture",
        fault: "`capture -w - | head`: the reader ends",
        make: |place| {
            let mut packets = place.devices()?;
            let script = "{ pcap-capture -i left -f 'udp dst port 9' --json -w -; echo status $? >&2; } \
                          | head -c 100000 > o.pcap";
            let mut process = place.start(script)?;
            process.wait_until("the capture", |it| it.stderr().contains("listening on"))?;
            while !process.has_ended()? && packets.sent < 200_000 {
                packets.send_within(500, Duration::from_millis(10));
            }
            let ended = process.end()?;
            ended.expect(0, "status 1")?;
            if ended.statistics().is_none() {
                return Err(format!("no statistics: {}", ended.stderr).into());
            }
            Ok(Found {
                seen: format!("status 1; {}", ended.summary()),
                before: packets.sent,
                after: 0,
                lost: 0,
            })
        },
    },
    Row {
        name: "closed-pipe/split",
        fault: "Ctrl-C on `capture -w - | split -`",
        make: capture_and_split,
    },
    Row {
        name: "no-folder/outputs",
        fault: "missing folder, a folder as output, or a file as folder",
        make: |place| {
            place.savefile("in.pcap", 10)?;
            place.devices()?;
            place.prepare("mkdir folder")?;
            let mut seen = String::new();
            for output in ["missing/o.pcap", "folder", "in.pcap/o.pcap"] {
                for command in ["filter in.pcap", "recode in.pcap", "merge in.pcap -w"] {
                    let ended = place.run(&format!("exec pcap-{command} {output}"))?;
                    ended.expect(1, output)?;
                    seen = ended.summary();
                }
                let ended = place.run(&format!("exec pcap-stats --report {output} in.pcap"))?;
                ended.expect(1, output)?;
                let ended = place.run(&format!("exec pcap-capture -i left -w {output}"))?;
                ended.expect(1, output)?;
            }
            Ok(Found::without_packets(seen))
        },
    },
    Row {
        name: "no-folder/read-only",
        fault: "file system mounted read-only",
        make: |place| {
            place.savefile("in.pcap", 10)?;
            place.devices()?;
            place.small_disk("1m")?;
            place.prepare("mount -o remount,ro disk")?;
            let mut seen = String::new();
            for command in [
                "filter in.pcap disk/o",
                "recode in.pcap disk/o",
                "merge in.pcap -w disk/o",
                "split --packets 1 -o disk/o in.pcap",
                "stats --report disk/o in.pcap",
                "capture -i left -w disk/o",
                "capture -i left -b files:2 -b filesize:100 -w disk/o",
                "capture -i left --status-file disk/o",
            ] {
                let ended = place.run(&format!("exec pcap-{command}"))?;
                ended.expect(1, "Read-only file system")?;
                seen = ended.summary();
            }
            Ok(Found::without_packets(seen))
        },
    },
    Row {
        name: "no-folder/becomes-read-only",
        fault: "file system becomes read-only between two files of a rotation",
        make: |place| {
            let mut packets = place.devices()?;
            place.small_disk("4m")?;
            let mut process =
                place.capture("--json --print-files -b duration:0.5 -w disk/o.pcapng")?;
            packets.send(1000);
            process.wait_until("the first file", |it| it.stdout().contains("\"file\""))?;
            place.prepare("mount -o remount,ro disk")?;
            packets.send(1000);
            let ended = process.end()?;
            ended.expect(1, "Read-only file system")?;
            Ok(place.account_received(&ended, packets.sent, &place.files("disk/o")?)?)
        },
    },
    Row {
        name: "links/input",
        fault: "the output is the input, also by a hard or a symbolic link",
        make: |place| {
            place.savefile("in.pcap", 100)?;
            place.prepare("ln in.pcap hard; ln -s in.pcap soft")?;
            let mut seen = String::new();
            for output in ["in.pcap", "hard", "soft", "./in.pcap"] {
                for command in ["filter in.pcap", "recode in.pcap", "merge in.pcap -w"] {
                    let ended = place.run(&format!("exec pcap-{command} {output}"))?;
                    ended.expect(1, output)?;
                    seen = ended.summary();
                }
            }
            let (after, _) = super::packets::count_once(&[place.path("in.pcap")])?;
            Ok(Found {
                seen,
                before: 100,
                after,
                lost: 100 - after,
            })
        },
    },
];

/// Interrupts both programs at once, as a terminal does. What is in the pipe then is lost, and both statuses are 1, or
/// nothing is lost.
fn capture_and_split(place: &Place) -> Made {
    let mut packets = place.devices()?;
    let script = "exec setsid sh -c 'trap : INT; pcap-capture -i left -f \"udp dst port 9\" --json -w - \
                  | pcap-split - -o part --packets 2000'";
    let mut process = place.start(script)?;
    process.wait_until("the capture", |it| it.stderr().contains("listening on"))?;
    packets.send_within(10_000, Duration::from_millis(500));
    // The group of the session.
    place.prepare(&format!("kill -INT -{}", process.id()))?;
    let ended = process.end()?;
    let (after, _) = super::packets::count_once(&place.files("part")?)?;
    if ended.number("packets")? < after {
        return Err(format!("{after} in the files: {}", ended.summary()).into());
    }
    Ok(Found::new(&ended, packets.sent, after, 0))
}
