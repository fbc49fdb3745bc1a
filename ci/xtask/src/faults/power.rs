//! Loss of power: what is on the disk afterwards. The disk is one of our own, with a cache of which only a random part
//! is written.

use std::collections::VecDeque;
use std::fs;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Row;
use super::found::{Failure, Found};
use super::own_disk::OwnDisk;
use super::packets;
use super::place::Place;
use crate::flood::capture::{count, member};
use crate::flood::savefile;

type Made = Result<Found, Failure>;

/// The size of the disk.
const SIZE: usize = 32 << 20;
/// Packets that were sent this long before are on the disk: the time of `--sync`, and what `--help` promises.
const MAX_AGE: Duration = Duration::from_millis(200 + 2000);
/// How often the power is cut.
const ROUNDS: u64 = 4;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "power/sync",
        fault: "loss of power at 4 moments, on ext4: capture --sync 0.2",
        make: |place| rounds(place, "--sync 0.2 -w ext4/o.pcap"),
    },
    Row {
        name: "power/sync-zstd",
        fault: "loss of power at 4 moments, on ext4: capture --sync 0.2 with zstd",
        make: |place| rounds(place, "--sync 0.2 -w ext4/o.pcapng.zst"),
    },
    Row {
        name: "power/sync-rotation",
        fault: "loss of power at 4 moments, on ext4: capture --sync 0.2 with a file per 0.5 s",
        make: |place| {
            rounds(
                place,
                "--print-files --sync 0.2 -b duration:0.5 -w ext4/o.pcapng",
            )
        },
    },
    Row {
        name: "power/sync-file",
        fault: "loss of power at 4 moments, on ext4: listed files of capture --sync file",
        make: listed_files,
    },
    Row {
        name: "power/without-sync",
        fault: "loss of power at 4 moments, on ext4: capture without --sync",
        make: without_sync,
    },
    Row {
        name: "power/names",
        fault: "loss of power on a disk that forgets names unless their folder is synchronized",
        make: names,
    },
];

/// A disk with ext4, mounted on `ext4`.
struct Disk<'a> {
    place: &'a Place,
    own: OwnDisk,
    random: u64,
}

impl Disk<'_> {
    fn new(place: &Place) -> Result<Disk<'_>, Failure> {
        let own = OwnDisk::mount(&place.path("disk"))?;
        own.add("image", vec![0; SIZE]);
        place.prepare(
            "mkfs.ext4 -q -J size=4 disk/image && mkdir -p ext4 && mount -o loop disk/image ext4",
        )?;
        own.keep_cache();
        let clock = SystemTime::now().duration_since(UNIX_EPOCH);
        Ok(Disk {
            place,
            own,
            random: clock.map_or(1, |time| time.subsec_nanos().into()),
        })
    }

    fn random(&mut self) -> u64 {
        next(&mut self.random)
    }

    /// Ends the power. Mounts what is left on `after`, as a system does that starts again.
    fn cut_power(mut self) -> Result<(), Failure> {
        let left = self.own.cut_power("image", || next(&mut self.random));
        let left = left.ok_or(Failure::Differs("the image has no name".to_owned()))?;
        fs::write(self.place.path("left"), left).map_err(|e| e.to_string())?;
        let mounted = self
            .place
            .run("umount -l ext4 disk; mkdir -p after && mount -o loop left after")?;
        // What ext4 cannot repair is a fault of this disk, not of the programs.
        match mounted.has_failed() {
            true => Err(Failure::CannotBeMade(mounted.summary())),
            false => Ok(()),
        }
    }
}

/// Returns the next random number: xorshift.
fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}

fn rounds(place: &Place, options: &str) -> Made {
    let (mut before, mut after, mut promised, mut lost) = (0, 0, 0, 0);
    let mut seen = String::new();
    for _ in 0..ROUNDS {
        let mut disk = Disk::new(place)?;
        let mut packets = place.devices()?;
        let process = place.capture(&format!("--json {options}"))?;
        let time = Duration::from_millis(2500 + disk.random() % 1500);
        let start = Instant::now();
        let mut history = VecDeque::new();
        while start.elapsed() < time {
            packets.send(20);
            history.push_back((Instant::now(), packets.sent));
            thread::sleep(Duration::from_millis(10));
        }
        let end = Instant::now();
        disk.cut_power()?;
        let old = history
            .iter()
            .rfind(|(at, _)| end.duration_since(*at) >= MAX_AGE);
        let expected = old.map_or(0, |(_, sent)| *sent);
        process.signal("KILL")?;
        seen = process.end()?.summary();
        let (found, _) = packets::count_once(&place.files("after/o")?)?;
        place.prepare("umount after")?;
        promised += expected;
        lost += expected.saturating_sub(found);
        before += packets.sent;
        after += found;
    }
    Ok(Found {
        seen: format!("after a start: {promised} arrived {MAX_AGE:?} before ({seen})"),
        before,
        after,
        lost,
    })
}

/// Without `--sync`, the system writes when it likes.
fn without_sync(place: &Place) -> Made {
    let found = rounds(place, "-w ext4/o.pcap")?;
    if found.lost == 0 {
        return Err("nothing was lost: the disk does not lose its cache"
            .to_owned()
            .into());
    }
    let seen = format!("{}; nothing is promised", found.seen);
    Ok(Found {
        seen,
        lost: 0,
        ..found
    })
}

/// Each file that was listed is complete.
fn listed_files(place: &Place) -> Made {
    let (mut before, mut after) = (0, 0);
    for _ in 0..ROUNDS {
        let mut disk = Disk::new(place)?;
        let mut packets = place.devices()?;
        let options = "--json --print-files --sync file -b packets:200 -w ext4/o.pcapng";
        let process = place.capture(options)?;
        packets.send_within(4000, Duration::from_millis(800 + disk.random() % 400));
        let listed = process.stdout();
        disk.cut_power()?;
        process.signal("KILL")?;
        process.end()?;
        for line in listed.lines() {
            let Some((_, name)) = member(line, "path").and_then(|path| path.split_once('/')) else {
                continue;
            };
            let path = place.path("after").join(name);
            let contents = packets::read(&path)?;
            let expected = count(line, "packets")?;
            if !contents.is_whole || contents.numbers.len() as u64 != expected {
                let text = format!("{name} was listed with {expected} packets, but is not whole");
                return Err(text.into());
            }
            before += expected;
            after += contents.numbers.len() as u64;
        }
        place.prepare("umount after")?;
    }
    if before == 0 {
        return Err("no file was listed".to_owned().into());
    }
    Ok(Found {
        seen: "after a start: each listed file is whole".to_owned(),
        before,
        after,
        lost: 0,
    })
}

/// The name of a file is synchronized with its first data.
fn names(place: &Place) -> Made {
    let own = OwnDisk::mount(&place.path("disk"))?;
    own.keep_cache();
    let mut packets = place.devices()?;
    let process = place.capture("--json --sync 0.2 -w disk/o.pcap")?;
    packets.send(1000);
    thread::sleep(MAX_AGE);
    let left = own.cut_power("o.pcap", || 0);
    process.signal("KILL")?;
    let ended = process.end()?;
    let left = left.ok_or(Failure::Differs("the file has no name".to_owned()))?;
    let after = savefile::parse(&left).numbers.len() as u64;
    if after < packets.sent {
        return Err(format!("{} were sent, but {after} are there", packets.sent).into());
    }
    Ok(Found::new(&ended, packets.sent, after, 0))
}
