//! Damaged savefiles that arrive through a pipe in pieces, read by this crate, and from memory by libpcap: the
//! packets, the end and the error texts are the same. The files are the same in every run.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use crate::support::damage::{damage, seeds};
use crate::support::differential::agreement::agree;
use crate::support::differential::{CALLS, Plan, Way};
use crate::support::random::Random;
use pcap_core::Capture;

#[test]
fn damage_in_parts_is_read_as_by_libpcap() {
    let count = std::env::var("SAVEFILE_FUZZ_COUNT");
    let count = count.map_or(2_000, |count| count.parse().expect("a number"));
    let seeds = seeds();
    let mut random = Random::new(0x919e);
    let filters = [
        None,
        Some("icmp"),
        Some("greater 90"),
        Some("link[0] & 1 = 0"),
    ];
    let mut errors = 0;
    for turn in 0..count {
        let mut bytes = seeds[turn % seeds.len()].clone();
        if turn >= seeds.len() {
            damage(&mut random, &mut bytes);
        }
        let plan = Plan {
            way: Way::Reader(0),
            calls: [random.below(CALLS), random.below(CALLS)],
            filters: [filters[random.below(4)], filters[random.below(4)]],
            change: random.below(8),
        };
        let theirs = plan.libpcap(&mut bytes);
        let most = [1, 7, 50, 300, 5000][random.below(5)];
        let (reader, mut writer) = UnixStream::pair().unwrap();
        let writer = thread::spawn({
            let mut random = Random::new(turn as u64);
            let bytes = bytes.clone();
            move || {
                let mut rest = &bytes[..];
                while !rest.is_empty() {
                    let (part, behind) = rest.split_at((1 + random.below(most)).min(rest.len()));
                    // The capture may have ended already.
                    if writer.write_all(part).is_err() {
                        break;
                    }
                    rest = behind;
                    if random.below(100) == 0 {
                        thread::sleep(Duration::from_micros(50));
                    }
                }
            }
        });
        let reader = File::from(OwnedFd::from(reader));
        let ours = plan.read(Capture::from_open_file(reader), None);
        assert!(
            agree(&ours, &theirs, &bytes),
            "turn {turn}, {plan:?}, {most}: {bytes:02x?}\n{ours:?}\n{theirs:?}"
        );
        errors += usize::from(theirs.error.is_some());
        writer.join().unwrap();
    }
    assert!(errors > count / 4 && errors < count, "{errors}");
}
