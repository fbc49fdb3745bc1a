//! Signals: requests to end, SIGKILL, and interruptions.

use std::time::{Duration, Instant};

use super::Row;
use super::found::{Failure, Found};
use super::packets;
use super::place::Place;

type Made = Result<Found, Failure>;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "signal/kill",
        fault: "SIGKILL 2 s after 5000 packets",
        make: |place| killed(place, "-w o.pcap"),
    },
    Row {
        name: "signal/kill-gzip",
        fault: "SIGKILL 2 s after 5000 packets, with gzip",
        make: |place| killed(place, "-w o.pcap.gz"),
    },
    Row {
        name: "signal/kill-lz4",
        fault: "SIGKILL 2 s after 5000 packets, with lz4",
        make: |place| killed(place, "-w o.pcapng.lz4"),
    },
    Row {
        name: "signal/kill-zstd",
        fault: "SIGKILL 2 s after 5000 packets, with zstd",
        make: |place| killed(place, "-w o.pcapng.zst"),
    },
    Row {
        name: "signal/once",
        fault: "SIGTERM, SIGINT and SIGHUP, once each",
        make: |place| {
            let mut found = None;
            for name in ["TERM", "INT", "HUP"] {
                found = Some(ended_by(place, &[name], 0)?);
            }
            found.ok_or(Failure::Differs("no signal".to_owned()))
        },
    },
    Row {
        name: "signal/twice",
        fault: "two signals, 2, 20 and 150 ms apart",
        make: |place| {
            let mut found = None;
            for gap in [2, 20, 150] {
                found = Some(ended_by(place, &["TERM", "HUP"], gap)?);
            }
            found.ok_or(Failure::Differs("no signal".to_owned()))
        },
    },
    Row {
        name: "signal/thrice",
        fault: "three signals at once under a flood",
        make: |place| {
            let mut packets = place.devices()?;
            let process = place.capture("--json -w o.pcap")?;
            packets.send(20_000);
            for _ in 0..3 {
                process.signal("INT")?;
            }
            let ended = process.end()?;
            Ok(place.account(&ended, packets.sent, &place.files("o.pcap")?)?)
        },
    },
    Row {
        name: "signal/timeout",
        fault: "timeout(1), which sends two signals, under a flood",
        make: under_timeout,
    },
    Row {
        name: "signal/long-timeout",
        fault: "SIGINT and --duration with --timeout 5000",
        make: long_timeout,
    },
    Row {
        name: "signal/nohup",
        fault: "SIGHUP under nohup(1)",
        make: |place| {
            let mut packets = place.devices()?;
            let mut process = place.capture_with("exec nohup", "--json -w o.pcap")?;
            packets.send(500);
            process.signal("HUP")?;
            std::thread::sleep(Duration::from_millis(300));
            if process.has_ended()? {
                return Err("SIGHUP has ended the program".to_owned().into());
            }
            packets.send(500);
            process.signal("TERM")?;
            let ended = process.end()?;
            ended.expect(0, "")?;
            Ok(place.account(&ended, packets.sent, &place.files("o.pcap")?)?)
        },
    },
    Row {
        name: "signal/usr",
        fault: "SIGUSR1 and SIGUSR2, 400 of them while packets arrive",
        make: |place| {
            let mut packets = place.devices()?;
            let process = place.capture("--json -w o.pcap")?;
            let script = format!(
                "for i in $(seq 200); do kill -USR1 {0}; kill -USR2 {0}; done",
                process.id()
            );
            let storm = place.start(&script)?;
            packets.send_within(20_000, Duration::from_secs(1));
            storm.end()?;
            process.signal("TERM")?;
            let ended = process.end()?;
            ended.expect(0, "")?;
            Ok(place.account(&ended, packets.sent, &place.files("o.pcap")?)?)
        },
    },
    Row {
        name: "signal/stop",
        fault: "SIGSTOP for 1.5 s under a flood, then SIGCONT",
        make: |place| {
            let mut packets = place.devices()?;
            let process = place.capture("--json -w o.pcap")?;
            packets.send(1000);
            process.signal("STOP")?;
            packets.send_within(150_000, Duration::from_millis(1500));
            process.signal("CONT")?;
            packets.send_within(1000, Duration::from_millis(200));
            process.signal("INT")?;
            let ended = process.end()?;
            ended.expect(0, "")?;
            Ok(place.account(&ended, packets.sent, &place.files("o.pcap")?)?)
        },
    },
    Row {
        name: "fifo/open",
        fault: "signal while a FIFO has no other end: capture, filter, recode, merge, read",
        make: waiting_for_fifo,
    },
    Row {
        name: "fifo/full",
        fault: "signal while the reader of a pipe does not read",
        make: reader_sleeps,
    },
];

/// After SIGKILL, everything older than about a second is there.
fn killed(place: &Place, options: &str) -> Made {
    let mut packets = place.devices()?;
    let process = place.capture(options)?;
    packets.send(5000);
    std::thread::sleep(Duration::from_secs(2));
    process.signal("KILL")?;
    let ended = process.end()?;
    if ended.signal() != Some(9) {
        return Err(format!("expected signal 9, found {}", ended.summary()).into());
    }
    let (after, _) = packets::count_once(&place.files("o.")?)?;
    if after != packets.sent {
        let text = format!(
            "{} were sent 2 s before, but {after} are there",
            packets.sent
        );
        return Err(text.into());
    }
    Ok(Found::new(&ended, packets.sent, after, 0))
}

/// Ends a capture, with this many milliseconds between two signals.
fn ended_by(place: &Place, signals: &[&str], gap: u64) -> Made {
    let mut packets = place.devices()?;
    let process = place.capture("--json -w o.pcap")?;
    packets.send(5000);
    process.signal(signals[0])?;
    for name in &signals[1..] {
        std::thread::sleep(Duration::from_millis(gap));
        // The program may have ended already.
        let _ = place.run(&format!("kill -{name} {}", process.id()));
    }
    let ended = process.end()?;
    ended.expect(0, "")?;
    Ok(place.account(&ended, packets.sent, &place.files("o.pcap")?)?)
}

fn under_timeout(place: &Place) -> Made {
    let mut found = None;
    for _ in 0..5 {
        let mut packets = place.devices()?;
        let mut process = place.capture_with("exec timeout 0.6", "--json -w o.pcap")?;
        while !process.has_ended()? {
            packets.send(200);
        }
        let ended = process.end()?;
        // timeout's own status. Packets sent after the end are not captured.
        ended.expect(124, "")?;
        let received = ended.number("received")?;
        // What arrives after the signal counts as received, and is not part of the capture.
        let files = place.files("o.pcap")?;
        let (after, are_whole) = packets::count_once(&files)?;
        let (written, dropped) = (ended.number("packets")?, ended.number("dropped")?);
        if written != after || !are_whole || after == 0 || written + dropped > received {
            return Err(format!("{after} in the file: {}", ended.summary()).into());
        }
        found = Some(Found {
            seen: format!("{}; {dropped} reported", ended.summary()),
            before: written + dropped,
            after,
            lost: 0,
        });
    }
    found.ok_or(Failure::Differs("no round".to_owned()))
}

fn long_timeout(place: &Place) -> Made {
    let mut packets = place.devices()?;
    let process = place.capture("--json --timeout 5000 -w o.pcap")?;
    packets.send(50);
    process.signal("INT")?;
    let ended = process.end()?;
    ended.expect(0, "")?;
    let found = place.account(&ended, packets.sent, &place.files("o.pcap")?)?;
    if found.lost > 0 {
        return Ok(found);
    }
    let mut packets = place.devices()?;
    let process = place.capture("--json --timeout 5000 --duration 0.7 -w o2.pcap")?;
    packets.send(50);
    let ended = process.end()?;
    ended.expect(0, "")?;
    Ok(place.account(&ended, packets.sent, &place.files("o2.pcap")?)?)
}

/// A program that waits for a FIFO ends at the first signal.
fn waiting_for_fifo(place: &Place) -> Made {
    place.savefile("in.pcap", 10)?;
    place.prepare("mkfifo fifo")?;
    place.devices()?;
    let mut longest = Duration::ZERO;
    for command in [
        "capture -i left -w fifo",
        "filter in.pcap fifo",
        "recode in.pcap fifo",
        "merge in.pcap -w fifo",
        "filter fifo o.pcap",
        "merge fifo in.pcap -w o.pcap",
        "read fifo",
        "info fifo",
        "stats fifo",
        "split --packets 1 -o o fifo",
    ] {
        for name in ["TERM", "INT"] {
            let process = place.start(&format!("exec pcap-{command}"))?;
            std::thread::sleep(Duration::from_millis(300));
            process.signal(name)?;
            let start = Instant::now();
            process
                .end_within(Duration::from_secs(5))
                .map_err(|why| format!("{command}, SIG{name}: {why}"))?;
            longest = longest.max(start.elapsed());
        }
    }
    Ok(Found::without_packets(format!(
        "all end, within {} ms",
        longest.as_millis()
    )))
}

/// What a reader does not take within a second after the signal is reported.
fn reader_sleeps(place: &Place) -> Made {
    let mut packets = place.devices()?;
    place.prepare("mkfifo fifo")?;
    let reader = place.start("exec sleep 30 < fifo")?;
    let mut process =
        place.start("exec pcap-capture -i left -f 'udp dst port 9' --json -w - > fifo")?;
    process.wait_until("the capture", |it| it.stderr().contains("listening on"))?;
    packets.send(3000);
    std::thread::sleep(Duration::from_millis(300));
    process.signal("TERM")?;
    let ended = process.end_within(Duration::from_secs(10))?;
    drop(reader);
    ended.expect(1, "not written")?;
    let (written, not_written) = (ended.number("packets")?, ended.number("not_written")?);
    Ok(Found {
        seen: format!("{}; {not_written} reported", ended.summary()),
        before: packets.sent,
        after: written,
        lost: packets.sent.saturating_sub(written + not_written),
    })
}
