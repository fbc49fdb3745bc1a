//! Savefiles that grow, or are replaced, overwritten or rewritten.

use std::path::Path;

use pcap_core::ErrorKind;

use super::{
    FAR, Files, PACKETS, Savefile, Way, append, cases, edit, libpcap, ours, same_as_libpcap,
    same_end, truncate,
};
use crate::support::differential;

#[test]
fn a_file_that_grows_is_read_as_by_libpcap() {
    let files = Files::new();
    cases(|savefile, _, way, after, call| {
        let size = savefile.bytes.len();
        let last = savefile.ends[PACKETS - 1];
        // Where it ends when it is opened, and after it grew.
        for (first, second) in [
            (savefile.ends[FAR], size),
            (savefile.ends[FAR], last + 40),
            (savefile.ends[FAR] + 40, size),
            (savefile.ends[FAR] + 5, last + 5),
        ] {
            let call = call();
            let case = format!("{}, {way:?}, call {call}, after {after}", savefile.name);
            let grow = |path: &Path| append(path, &savefile.bytes[first..second]);
            let path = files.ours(way, &savefile.bytes[..first]);
            let mut followed = false;
            let (packets, error, _) = ours(&path, way, call, |n| {
                if n == after {
                    grow(&path);
                }
            });
            let path = files.theirs(&savefile.bytes[..first]);
            let (theirs, text) = libpcap(&path, |n| {
                if n == after {
                    grow(&path);
                }
            });
            followed |= way == Way::Followed && error.is_none();
            assert!(packets == theirs, "{case}");
            if !followed {
                same_end(&case, error, text, &savefile.bytes);
            }
        }
    });
}

/// A file that was opened before stays the same.
#[test]
#[cfg(unix)]
fn a_file_that_is_replaced_or_removed_is_whole() {
    let files = Files::new();
    cases(|savefile, _, way, after, call| {
        for replaced in [true, false] {
            let call = call();
            let case = format!("{}, {way:?}, call {call}, after {after}", savefile.name);
            let path = files.ours(way, &savefile.bytes);
            let (packets, error, _) = ours(&path, way, call, |n| match replaced {
                _ if n != after => {}
                true => {
                    let new = files.theirs(&savefile.bytes[..savefile.ends[1]]);
                    std::fs::rename(new, &path).unwrap();
                }
                false => std::fs::remove_file(&path).unwrap(),
            });
            assert!(packets == savefile.packets, "{case}");
            assert!(error.is_none(), "{case}: {error:?}");
        }
    });
}

/// Each packet is the old or the new one, except the one in which the buffer ended.
#[test]
fn a_file_overwritten_in_place_is_read_on() {
    let files = Files::new();
    let mut others = Vec::new();
    cases(|savefile, build, way, after, call| {
        if others.last().is_none_or(|(name, _)| *name != savefile.name) {
            let other = Savefile::inverted(savefile, build);
            others.push((savefile.name.clone(), other));
        }
        let (_, other) = others.last().unwrap();
        let call = call();
        let case = format!("{}, {way:?}, call {call}, after {after}", savefile.name);
        let path = files.ours(way, &savefile.bytes);
        let (packets, error, given) = ours(&path, way, call, |n| {
            if n == after {
                differential::write_at(&edit(&path), &other.bytes, way.start() as u64);
            }
        });
        let path = files.theirs(&savefile.bytes);
        let (by_libpcap, text) = libpcap(&path, |n| {
            if n == after {
                differential::write_at(&edit(&path), &other.bytes, 0);
            }
        });
        if way == Way::Reader {
            same_as_libpcap(&case, &packets, error, &given);
            return;
        }
        for (who, packets, error) in [
            ("ours", packets, error.map(|e| e.text().to_owned())),
            ("libpcap", by_libpcap, text),
        ] {
            assert_eq!((packets.len(), error), (PACKETS, None), "{case}, {who}");
            let pairs = || packets.iter().zip(&savefile.packets);
            let old = pairs().take_while(|(packet, old)| packet == old).count();
            let pairs = packets.iter().zip(&other.packets).rev();
            let new = pairs.take_while(|(packet, new)| packet == new).count();
            assert!(old >= after, "{case}, {who}");
            assert!(
                old + new + 1 >= PACKETS,
                "{case}, {who}: {old} old, {new} new"
            );
        }
    });
}

/// As with `cp`, and log rotation by copying: the same file, truncated and rewritten.
#[test]
fn a_rewritten_file_ends_or_fails_for_ever() {
    let files = Files::new();
    cases(|savefile, build, way, after, call| {
        for (seed, count) in [(2, PACKETS + 100), (3, PACKETS / 2), (4, 0)] {
            let other = Savefile::new("other", build, seed, count);
            let call = call();
            let case = format!(
                "{}, {way:?}, call {call}, {count} packets after {after}",
                savefile.name
            );
            let path = files.ours(way, &savefile.bytes);
            let (packets, error, given) = ours(&path, way, call, |n| {
                if n == after {
                    truncate(&path, way.start());
                    append(&path, &other.bytes);
                }
            });
            let common = packets.len().min(after);
            assert_eq!(common, after, "{case}");
            assert!(packets[..common] == savefile.packets[..common], "{case}");
            if way == Way::Reader {
                same_as_libpcap(&case, &packets, error, &given);
            } else if other.bytes.len() < savefile.bytes.len() {
                let error = error.unwrap_or_else(|| panic!("{case}: no error"));
                let kinds = [ErrorKind::SavefileTruncated, ErrorKind::SavefileBad];
                assert!(kinds.contains(&error.kind()), "{case}: {error}");
            }
        }
    });
}
