//! Savefiles that grow, shrink, are replaced or removed while they are read, with and without following: the packets are
//! those of the file, each once and in order, and a file that became shorter is an error. An input is decisions.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use pcap_core::{Capture, End, Error, ErrorKind, Next, Offline, Packet, Stop};

use crate::support::choices::Choices;
use crate::support::differential::write_at;
use crate::support::files::{MICRO, NANO, Order, Pcap, Pcapng};

thread_local! {
    static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a temporary directory");
}

/// A savefile on disk, of which a beginning exists.
struct Changing {
    path: PathBuf,
    /// The file, also after it was replaced or removed.
    file: File,
    bytes: Vec<u8>,
    /// The end of the header, and of each packet.
    ends: Vec<usize>,
    packets: Vec<Vec<u8>>,
    length: usize,
}

impl Changing {
    fn new(choices: &mut Choices<'_>) -> Changing {
        let order = choices.pick(&Order::BOTH);
        let format = choices.below(3);
        let count = 1 + choices.below(30);
        let long = choices.one_in(4);
        let packets: Vec<Vec<u8>> = (0..count)
            .map(|n| {
                let length = choices.below(100) * if long { 90 } else { 1 };
                vec![n as u8; length]
            })
            .collect();
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for n in 0..=count {
            let before = &packets[..n];
            bytes = if format == 2 {
                let file = Pcapng::new(order).interface(1, 0, &[]);
                let add = |file: Pcapng, data: &Vec<u8>| file.packet(0, 0, data.len() as u32, data);
                before.iter().fold(file, add).bytes()
            } else {
                let file = Pcap::new(order, [MICRO, NANO][format]);
                let add = |file: Pcap, data: &Vec<u8>| file.packet(0, 0, data);
                before.iter().fold(file, add).bytes()
            };
            ends.push(bytes.len());
        }
        let path = FOLDER.with(|folder| folder.path().join("file"));
        let length = ends[0];
        fs::write(&path, &bytes[..length]).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        Changing {
            path,
            file,
            bytes,
            ends,
            packets,
            length,
        }
    }

    /// Returns a length at, before or after the end of a packet.
    fn pick(&self, choices: &mut Choices<'_>) -> usize {
        let end = self.ends[choices.below(self.ends.len())];
        let near = end + choices.below(16);
        let length = match choices.below(4) {
            0 => near.saturating_sub(16),
            1 => near,
            _ => end,
        };
        length.min(self.bytes.len())
    }

    /// Makes the file longer or shorter.
    fn resize(&mut self, length: usize) {
        if length > self.length {
            write_at(
                &self.file,
                &self.bytes[self.length..length],
                self.length as u64,
            );
        } else {
            self.file.set_len(length as u64).unwrap();
        }
        self.length = length;
    }

    /// Returns how many packets the file now contains completely.
    fn whole(&self) -> usize {
        self.ends[1..]
            .iter()
            .filter(|&&end| end <= self.length)
            .count()
    }
}

/// What one call found.
enum Found {
    Packets,
    /// Nothing for now.
    Nothing,
    End,
}

/// Reads up to `most` packets.
fn read(
    capture: &mut Capture<Offline>,
    call: usize,
    most: usize,
    mut each: impl FnMut(Packet<'_>),
) -> Result<Found, Error> {
    let one = match call {
        0 => capture.try_next_packet(),
        1 => capture.next_packet_timeout(Duration::ZERO),
        2 if !capture.is_followed() => capture.next_packet().map(|packet| match packet {
            Some(packet) => Next::Packet(packet),
            None => Next::End(End::Eof),
        }),
        _ => {
            let stop = capture.dispatch_up_to(most as u64, each)?.stop();
            return Ok(match stop {
                Stop::Count => Found::Packets,
                Stop::Empty => Found::Nothing,
                Stop::End(end) => {
                    assert_eq!(end, End::Eof);
                    Found::End
                }
            });
        }
    };
    Ok(match one? {
        Next::Packet(packet) => {
            each(packet);
            Found::Packets
        }
        Next::Timeout => Found::Nothing,
        Next::End(end) => {
            assert_eq!(end, End::Eof);
            Found::End
        }
    })
}

/// Checks an input.
pub fn check(input: &[u8]) {
    let mut choices = Choices(input);
    let mut file = Changing::new(&mut choices);
    let first = file.pick(&mut choices).max(file.ends[0]);
    file.resize(first);
    let mut capture = Capture::from_file(&file.path).unwrap();
    let followed = choices.is_so();
    if followed {
        capture.follow(true).unwrap();
    }
    // The longest length that the capture may know, and the number of packets that it returned.
    let (mut known, mut count) = (first, 0);
    for _ in 0..60 {
        if choices.is_empty() {
            break;
        }
        match choices.below(8) {
            0 => {
                let length = file.pick(&mut choices);
                file.resize(length);
            }
            1 => {
                let length = file.pick(&mut choices).max(file.length);
                file.resize(length);
            }
            2 => drop(fs::remove_file(&file.path)),
            3 => {
                // Another file takes over the path.
                let other = file.path.with_extension("new");
                fs::write(&other, &file.bytes[..file.ends[0]]).unwrap();
                fs::rename(&other, &file.path).unwrap();
            }
            _ => {
                if file.length < known {
                    break;
                }
                known = file.length;
                let (call, most) = (choices.below(6), 1 + choices.below(9));
                let before = count;
                let found = read(&mut capture, call, most, |packet| {
                    assert_eq!(packet.data(), file.packets[count], "packet {count}");
                    count += 1;
                });
                let expected = file.whole();
                assert!(count <= expected, "{count} packets of {expected}");
                match found {
                    Ok(Found::Packets) => assert!(count > before),
                    Ok(Found::Nothing) => {
                        assert!(followed);
                        assert_eq!(count, expected, "packets are missing");
                    }
                    Ok(Found::End) => {
                        assert!(!followed);
                        assert_eq!((count, file.ends[count]), (expected, file.length));
                        return;
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::SavefileTruncated, "{error}");
                        assert!(!followed && file.ends[count] < file.length, "{error}");
                        assert_eq!(count, expected, "packets are missing");
                        return;
                    }
                }
            }
        }
    }
    finish(&file, capture, first, known, count);
}

/// Reads the rest of a file that may be shorter than it was.
fn finish(
    file: &Changing,
    mut capture: Capture<Offline>,
    first: usize,
    known: usize,
    before: usize,
) {
    let mut count = before;
    let end = loop {
        let found = read(&mut capture, 3, 7, |packet| {
            assert_eq!(packet.data(), file.packets[count], "packet {count}");
            count += 1;
        });
        match found {
            Ok(Found::Packets) => {}
            Ok(_) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    assert!(count >= file.whole(), "{count} packets of {}", file.whole());
    // All before that was read is gone, or the file is shorter than when it was opened.
    let shorter = file.length < first.max(file.ends[before]);
    let truncated = !file.ends.contains(&file.length);
    match end {
        Ok(()) => {
            assert!(!shorter, "no error, although the file is shorter");
            assert!(
                count == file.whole() || file.length < known,
                "{count} packets"
            );
            assert!(
                capture.is_followed() || !truncated || file.length < known,
                "no error"
            );
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::SavefileTruncated, "{error}");
            let excuse = file.length < known || (truncated && !capture.is_followed());
            assert!(excuse, "{error}");
            let again = capture.try_next_packet().unwrap_err();
            assert_eq!(
                again.to_string(),
                error.to_string(),
                "the error does not repeat"
            );
        }
    }
}
