//! A clock that is set forward or back. The times of packets are those of the kernel.

use std::fs;
use std::time::{Duration, Instant};

use super::Row;
use super::found::{Failure, Found};
use super::place::Place;
use super::process::Process;

type Made = Result<Found, Failure>;

const HOUR: i64 = 3600;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "clock/end",
        fault: "clock set back by 10 s before the end, with --timeout 900",
        make: |place| {
            let clock = Clock::new(place)?;
            let mut packets = place.devices()?;
            let process = clock.capture("--timeout 900 -w o.pcap")?;
            clock.set(-10)?;
            packets.send(50);
            process.signal("INT")?;
            let ended = process.end()?;
            ended.expect(0, "")?;
            Ok(place.account(&ended, packets.sent, &place.files("o.")?)?)
        },
    },
    Row {
        name: "clock/duration",
        fault: "clock set by an hour, forward and back, during --duration 2",
        make: duration,
    },
    Row {
        name: "clock/file-time-back",
        fault: "clock set back by an hour during -G 1 with times in the names",
        make: |place| rotation(place, "-G 1 -w o-%H%M%S.pcap", -HOUR),
    },
    Row {
        name: "clock/file-time-forward",
        fault: "clock set forward by an hour during -G 1 with times in the names",
        make: |place| rotation(place, "-G 1 -w o-%H%M%S.pcap", HOUR),
    },
    Row {
        name: "clock/same-names",
        fault: "clock set back by a second, again and again: the names would be the same",
        make: same_names,
    },
    Row {
        name: "clock/interval-back",
        fault: "clock set back by an hour during -b interval:1",
        make: |place| rotation(place, "-b interval:1 -w o.pcapng", -HOUR),
    },
    Row {
        name: "clock/interval-forward",
        fault: "clock set forward by an hour during -b interval:1",
        make: |place| rotation(place, "-b interval:1 -w o.pcapng", HOUR),
    },
    Row {
        name: "clock/sync",
        fault: "clock set back by an hour: written within a second, and the status file goes on",
        make: written_in_time,
    },
    Row {
        name: "clock/replay",
        fault: "clock set back and forward by an hour during a replay of 2 s",
        make: replay,
    },
];

/// A clock that can be set.
struct Clock<'a> {
    place: &'a Place,
    library: String,
}

impl Clock<'_> {
    fn new(place: &Place) -> Result<Clock<'_>, Failure> {
        let clock = Clock {
            place,
            library: place.library("clock", include_str!("clock.c"))?,
        };
        clock.set(0)?;
        Ok(clock)
    }

    /// Sets how many seconds the clock is ahead.
    fn set(&self, seconds: i64) -> Result<(), Failure> {
        use std::io::Write;
        let path = self.place.path("seconds");
        // The file keeps its length, because programs have mapped it.
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path);
        let written = file.and_then(|mut file| file.write_all(&seconds.to_ne_bytes()));
        written.map_err(|e| Failure::Differs(format!("cannot set the clock: {e}")))
    }

    fn preload(&self) -> String {
        // From the folder of the row, whose path may have blanks.
        format!("FAULTS_CLOCK=./seconds LD_PRELOAD={} exec", self.library)
    }

    fn capture(&self, options: &str) -> Result<Process, Failure> {
        Ok(self
            .place
            .capture_with(&self.preload(), &format!("--json {options}"))?)
    }
}

fn duration(place: &Place) -> Made {
    let clock = Clock::new(place)?;
    let mut found = None;
    for step in [-HOUR, HOUR] {
        let mut packets = place.devices()?;
        clock.set(0)?;
        let start = Instant::now();
        let process = clock.capture("--duration 2 -w o.pcap")?;
        packets.send_within(500, Duration::from_millis(500));
        clock.set(step)?;
        packets.send_within(500, Duration::from_millis(500));
        let ended = process.end()?;
        let time = start.elapsed();
        if time < Duration::from_secs(2) || time > Duration::from_secs(20) {
            return Err(format!("the clock was set by {step} s: ended after {time:?}").into());
        }
        ended.expect(0, "")?;
        found = Some(place.account(&ended, packets.sent, &place.files("o.")?)?);
    }
    found.ok_or(Failure::Differs("no step".to_owned()))
}

/// Files go on changing after the clock was set.
fn rotation(place: &Place, options: &str, step: i64) -> Made {
    let clock = Clock::new(place)?;
    let mut packets = place.devices()?;
    let process = clock.capture(options)?;
    packets.send_within(600, Duration::from_millis(1500));
    let before = place.files("o")?.len();
    clock.set(step)?;
    packets.send_within(1400, Duration::from_millis(3500));
    process.signal("INT")?;
    let ended = process.end()?;
    ended.expect(0, "")?;
    let files = place.files("o")?;
    // At least two more seconds have begun.
    if files.len() < before + 2 {
        return Err(format!("{before} files before the step, {} in all", files.len()).into());
    }
    let found = place.account(&ended, packets.sent, &files)?;
    let seen = format!("{}; {} files", found.seen, files.len());
    Ok(Found { seen, ..found })
}

fn same_names(place: &Place) -> Made {
    let clock = Clock::new(place)?;
    let mut packets = place.devices()?;
    let process = clock.capture("-G 1 -w o-%H%M%S.pcap")?;
    for step in 1..=4 {
        packets.send_within(300, Duration::from_millis(1000));
        clock.set(-step)?;
    }
    process.signal("INT")?;
    let ended = process.end()?;
    ended.expect(0, "")?;
    let files = place.files("o")?;
    let found = place.account(&ended, packets.sent, &files)?;
    let seen = format!("{}; {} files", found.seen, files.len());
    Ok(Found { seen, ..found })
}

fn written_in_time(place: &Place) -> Made {
    let clock = Clock::new(place)?;
    let mut packets = place.devices()?;
    let process = clock.capture("--status-file status -w o.pcap")?;
    packets.send(500);
    std::thread::sleep(Duration::from_millis(1500));
    clock.set(-HOUR)?;
    packets.send(500);
    std::thread::sleep(Duration::from_millis(2500));
    process.signal("KILL")?;
    let ended = process.end()?;
    let (after, _) = super::packets::count_once(&place.files("o.")?)?;
    let status = fs::read_to_string(place.path("status")).unwrap_or_default();
    let counted = crate::flood::capture::count(&status, "packets")?;
    if after != packets.sent || counted != after {
        return Err(format!(
            "{} sent, {after} in the file, status: {status}",
            packets.sent
        )
        .into());
    }
    Ok(Found::new(&ended, packets.sent, after, 0))
}

fn replay(place: &Place) -> Made {
    let clock = Clock::new(place)?;
    place.savefile("in.pcap", 200)?;
    place.devices()?;
    let start = Instant::now();
    let script = format!("{} pcap-replay -i left --json in.pcap", clock.preload());
    let process = place.start(&script)?;
    for step in [-HOUR, HOUR, 0] {
        std::thread::sleep(Duration::from_millis(500));
        clock.set(step)?;
    }
    let ended = process.end()?;
    let time = start.elapsed();
    ended.expect(0, "")?;
    if time < Duration::from_millis(1900) || time > Duration::from_secs(20) {
        return Err(format!("a replay of 2 s took {time:?}").into());
    }
    Ok(Found::without_packets(format!(
        "{}, after {:.1} s",
        ended.summary(),
        time.as_secs_f64()
    )))
}
