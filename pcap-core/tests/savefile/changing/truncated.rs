//! Savefiles that are truncated, for good or for a while.

use std::fs::File;
use std::io::Write;

use pcap_core::{Capture, ErrorKind};

use super::{
    CALLS, FAR, Files, PACKETS, Savefile, Way, append, cases, drain, formats, libpcap, ours,
    same_as_libpcap, truncate,
};

/// Returns the lengths to truncate a savefile to after some packets: within what was read, at its end, within what is
/// buffered, and beyond.
fn cuts(savefile: &Savefile, after: usize) -> Vec<usize> {
    let end = |n: usize| savefile.ends[n];
    vec![
        0,
        10,
        end(0),
        end(0) + 9,
        end(after),
        end(after) + 5,
        end(after) + 50,
        end(after + 1),
        end(after + 60),
        end(after + 60) + 20,
        end(FAR),
        end(FAR) + 7,
        end(FAR) + 50,
        end(PACKETS) - 1,
    ]
}

// Shows: libpcap/savefile-becomes-shorter-read
#[test]
fn a_file_truncated_meanwhile_is_an_error() {
    let files = Files::new();
    cases(|savefile, _, way, after, call| {
        for length in cuts(savefile, after) {
            let call = call();
            let case = format!(
                "{}, {way:?}, call {call}, {length} bytes after {after}",
                savefile.name
            );
            let path = files.ours(way, &savefile.bytes);
            let (packets, error, read) = ours(&path, way, call, |n| {
                if n == after {
                    truncate(&path, way.start() + length);
                }
            });
            let path = files.theirs(&savefile.bytes);
            let (by_libpcap, text) = libpcap(&path, |n| {
                if n == after {
                    truncate(&path, length);
                }
            });
            assert!(packets == savefile.packets[..packets.len()], "{case}");
            assert!(packets.len() >= after.max(savefile.whole(length)), "{case}");
            if way == Way::Reader {
                same_as_libpcap(&case, &packets, error, &read);
                continue;
            }
            let error =
                error.unwrap_or_else(|| panic!("{case}: {} packets, no error", packets.len()));
            assert_eq!(
                error.kind(),
                ErrorKind::SavefileTruncated,
                "{case}: {error}"
            );
            if length > savefile.ends[FAR - 1] && way != Way::Followed {
                // All that was there when it was truncated has been read, by libpcap as well.
                assert!(packets == by_libpcap, "{case}");
                if let (Some(text), false) = (text, savefile.name.starts_with("pcapng")) {
                    assert_eq!(error.text(), text, "{case}");
                } else {
                    assert!(error.text().contains("shrank"), "{case}: {error}");
                }
            }
        }
    });
}

/// The length is the same at the beginning and at the end, but more had been read.
// Shows: libpcap/savefile-becomes-shorter-read
#[test]
fn a_file_that_grew_and_is_cut_is_an_error() {
    let files = Files::new();
    cases(|savefile, _, way, after, call| {
        let call = call();
        let case = format!("{}, {way:?}, call {call}, after {after}", savefile.name);
        let small = PACKETS - 150;
        let (first, rest) = savefile.bytes.split_at(savefile.ends[small]);
        let path = files.ours(way, first);
        let (packets, error, given) = ours(&path, way, call, |n| {
            if n == after {
                append(&path, rest);
            }
            if n == small + 10 {
                truncate(&path, way.start() + first.len());
            }
        });
        assert!(packets == savefile.packets[..packets.len()], "{case}");
        assert!(packets.len() >= small + 10, "{case}");
        match way {
            Way::Reader => same_as_libpcap(&case, &packets, error, &given),
            _ => {
                let error = error.expect(&case);
                assert_eq!(error.kind(), ErrorKind::SavefileTruncated, "{case}");
            }
        }
    });
}

#[test]
fn a_file_that_is_restored_in_time_is_whole() {
    let files = Files::new();
    cases(|savefile, _, way, after, call| {
        let call = call();
        let case = format!("{}, {way:?}, call {call}, after {after}", savefile.name);
        let path = files.ours(way, &savefile.bytes);
        let (packets, error, _) = ours(&path, way, call, |n| {
            if n == after {
                truncate(&path, way.start() + savefile.ends[after]);
                append(&path, &savefile.bytes[savefile.ends[after]..]);
            }
        });
        assert!(packets == savefile.packets, "{case}");
        assert!(error.is_none(), "{case}: {error:?}");
    });
}

/// Only a regular file has a length; a stream's end is recognized by its last record.
#[test]
#[cfg(unix)]
fn a_stream_that_ends_in_a_record_is_an_error() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    let mut turn = 0;
    for (name, build) in formats() {
        let savefile = Savefile::new(name, &build, 1, PACKETS);
        for length in cuts(&savefile, 100)
            .into_iter()
            .filter(|&n| n >= savefile.ends[0])
        {
            turn += 1;
            let call = turn % CALLS;
            let case = format!("{name}, call {call}, {length} bytes");
            let bytes = savefile.bytes[..length].to_vec();
            let (reader, mut writer) = UnixStream::pair().unwrap();
            let written = bytes.clone();
            let thread = std::thread::spawn(move || writer.write_all(&written).unwrap());
            let capture = match turn % 2 {
                0 => Capture::from_open_file(File::from(OwnedFd::from(reader))).unwrap(),
                _ => Capture::from_reader(reader).unwrap(),
            };
            let mut packets = Vec::new();
            // These may find no packet yet, and the tenth needs a runtime.
            let call = match call {
                2 | 6 => 3,
                10 => 11,
                other => other,
            };
            let result = drain(capture, call, |packet| {
                let time = (packet.header().raw_secs(), packet.header().raw_nanos());
                packets.push((
                    time,
                    packet.caplen(),
                    packet.wire_len(),
                    packet.data().to_vec(),
                ));
            });
            thread.join().unwrap();
            same_as_libpcap(&case, &packets, result.err(), &bytes);
        }
    }
}
