//! Reads one savefile with libpcap, called as in C, and with this crate. The packets, the end and the error texts must
//! be the same.

#![allow(dead_code)] // `pcap-core/fuzz` takes it in, too, and does not use all of it

pub(crate) mod agreement;
mod theirs;

use agreement::agree;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use pcap_core::{Capture, Error, Next, Offline, Packet, Result, Stop};

use super::damage::inflate;
pub(crate) use theirs::{Stream, Theirs, memory, stream, write_at};

/// A packet as raw as both return it.
pub(crate) type Raw = ((i64, i64), u32, u32, Vec<u8>);

/// The result of reading a savefile.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) packets: Vec<Raw>,
    /// The error after the packets, or instead of them.
    pub(crate) error: Option<String>,
    /// The number of rejected filters.
    pub(crate) refused: usize,
}

/// The number of reading calls.
pub(crate) const CALLS: usize = 10;

/// Those of them that never wait, and can read a followed file to its end.
const PROMPT: [usize; 4] = [1, 2, 4, 8];

/// The filters. Not every link type supports each.
const FILTERS: [&str; 8] = [
    "",
    "icmp",
    "not icmp",
    "greater 90",
    "less 60",
    "link[0] & 1 = 0",
    "link[20:4] > 0x30000000",
    "len - link[60] > 40 or udp",
];

/// Where this crate reads the bytes of a savefile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// In a file, after this many other bytes.
    File(usize),
    /// In a reader that returns this many at a time.
    Reader(usize),
    /// In a file that is followed, and initially has this many of them, modulo their number plus one.
    Followed(usize),
}

/// How a savefile is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) way: Way,
    /// The reading calls before and after the filter is changed.
    pub(crate) calls: [usize; 2],
    /// The filter before and after, if one is set.
    pub(crate) filters: [Option<&'static str>; 2],
    /// The number of packets read before the change.
    pub(crate) change: usize,
}

impl Plan {
    /// Returns the plan to read everything with one call, without a filter.
    pub(crate) const fn new(way: Way, call: usize) -> Plan {
        Plan {
            way,
            calls: [call, call],
            filters: [None, None],
            change: usize::MAX,
        }
    }

    /// Returns a plan for any bytes.
    fn from_bytes(bytes: [u8; 6]) -> Plan {
        let [way, calls, filters, change, few, many] = bytes.map(usize::from);
        let number = few | many << 8;
        // The largest numbers mean none.
        let filter = |n: usize| FILTERS.get(n % (FILTERS.len() + 2)).copied();
        Plan {
            way: match way % 4 {
                0 => Way::File(0),
                1 => Way::File(number & 0xfff),
                2 => Way::Reader(number.max(1)),
                _ => Way::Followed(number),
            },
            calls: [calls & 15, calls >> 4].map(|call| call % CALLS),
            filters: [filter(filters & 15), filter(filters >> 4)],
            change: change % 16,
        }
    }

    /// Reads the bytes with this crate.
    pub(crate) fn ours(&self, file: &mut File, bytes: &[u8]) -> Outcome {
        match self.way {
            Way::File(before) => {
                let own = refill(file, &[&vec![0xa1; before], bytes].concat());
                file.seek(SeekFrom::Start(before as u64)).unwrap();
                self.read(Capture::from_open_file(own), None)
            }
            Way::Reader(chunk) => {
                let reader = Chunks(io::Cursor::new(bytes.to_vec()), chunk);
                self.read(Capture::from_reader(reader), None)
            }
            Way::Followed(first) => {
                let (first, rest) = bytes.split_at(first % (bytes.len() + 1));
                let own = refill(file, first);
                if let Ok(mut capture) = Capture::from_open_file(own) {
                    if capture.follow(true).is_ok() {
                        let more = (&*file, first.len() as u64, rest);
                        return self.read(Ok::<_, Error>(capture), Some(more));
                    }
                }
                // It cannot be followed.
                self.read(Capture::from_open_file(refill(file, bytes)), None)
            }
        }
    }

    /// Reads the packets of a capture to its end; a followed file gets the rest of its bytes meanwhile.
    pub(crate) fn read(
        &self,
        capture: Result<Capture<Offline>, impl Into<Error>>,
        mut more: Option<(&File, u64, &[u8])>,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let mut capture = match capture.map_err(Into::into) {
            Ok(capture) => capture,
            Err(error) => {
                // An addition that is not libpcap's.
                let text = error.text().split("; it is compressed by ").next();
                outcome.error = text.map(str::to_owned);
                return outcome;
            }
        };
        let mut stage = 0;
        outcome.error = loop {
            let read = outcome.packets.len();
            while stage == 0 || (stage == 1 && read >= self.change) {
                if let Some(filter) = self.filters[stage] {
                    outcome.refused += usize::from(capture.set_filter(filter).is_err());
                }
                stage += 1;
            }
            let left = match stage {
                1 => self.change - read,
                _ => usize::MAX,
            };
            let mut call = self.calls[stage - 1];
            if capture.is_followed() {
                call = PROMPT[call % PROMPT.len()];
            }
            match take(&mut capture, call, left, &mut outcome.packets) {
                Ok(Halt::Count) => {}
                Ok(Halt::Nothing) => match more.take() {
                    Some((file, at, rest)) => write_at(file, rest, at),
                    None => capture.follow(false).unwrap(),
                },
                Ok(Halt::End) => break None,
                Err(error) => break Some(error.text().to_owned()),
            }
        };
        // The end and an error repeat.
        let again = capture.next_packet();
        let again = again.map(|packet| assert!(packet.is_none()));
        assert_eq!(again.err().map(|e| e.text().to_owned()), outcome.error);
        outcome
    }

    /// Reads these bytes with libpcap.
    pub(crate) fn libpcap(&self, bytes: &mut [u8]) -> Outcome {
        self.libpcap_stream(memory(bytes))
    }

    /// Reads this file with libpcap.
    pub(crate) fn libpcap_path(&self, path: &Path) -> Outcome {
        self.libpcap_stream(stream(path))
    }

    /// Reads an open stream with libpcap, and closes it.
    pub(crate) fn libpcap_stream(&self, stream: Stream) -> Outcome {
        let mut outcome = Outcome::default();
        let theirs = match Theirs::open(stream) {
            Ok(theirs) => theirs,
            Err(error) => {
                outcome.error = Some(error);
                return outcome;
            }
        };
        let mut stage = 0;
        outcome.error = loop {
            while stage == 0 || (stage == 1 && outcome.packets.len() >= self.change) {
                if let Some(filter) = self.filters[stage] {
                    outcome.refused += usize::from(!theirs.set_filter(filter));
                }
                stage += 1;
            }
            match theirs.next() {
                Ok(Some(packet)) => outcome.packets.push(packet),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        outcome
    }
}

/// The length of the plan at the beginning of an input, before the savefile.
pub(crate) const PLAN: usize = 8;

/// Checks one input of the fuzzer, which may be any bytes: a plan and a savefile.
pub(crate) fn check(input: &[u8], file: &mut File) -> Outcome {
    let mut head = [0; PLAN];
    let length = input.len().min(PLAN);
    head[..length].copy_from_slice(&input[..length]);
    let [way, calls, filters, change, few, many, long, _] = head;
    let mut bytes = input[length..].to_vec();
    if long & 1 == 1 {
        bytes = inflate(&bytes);
    }
    let plan = Plan::from_bytes([way, calls, filters, change, few, many]);
    let theirs = plan.libpcap(&mut bytes);
    let ours = plan.ours(file, &bytes);
    if !agree(&ours, &theirs, &bytes) {
        difference(&plan, &ours, &theirs);
    }
    theirs
}

/// Panics with the difference of two outcomes, which may be long.
fn difference(plan: &Plan, ours: &Outcome, theirs: &Outcome) -> ! {
    let packets = ours.packets.iter().zip(&theirs.packets);
    let same = packets.take_while(|(ours, theirs)| ours == theirs).count();
    let rest = |outcome: &Outcome| {
        let next = outcome.packets.get(same);
        let next = next.map(|(time, caplen, len, data)| {
            let start = &data[..data.len().min(64)];
            format!("{time:?}, caplen {caplen}, len {len}, {start:02x?}")
        });
        let (count, error) = (outcome.packets.len(), &outcome.error);
        let refused = outcome.refused;
        format!("{count} packets, {error:?}, {refused} filters refused; {next:02x?}")
    };
    let (ours, theirs) = (rest(ours), rest(theirs));
    panic!("{plan:?}, after {same} equal packets\n   ours: {ours}\nlibpcap: {theirs}")
}

/// Why no more packets were read.
enum Halt {
    Count,
    /// No more packets for now.
    Nothing,
    End,
}

/// Reads at most `most` packets with a call.
fn take(
    capture: &mut Capture<Offline>,
    call: usize,
    left: usize,
    packets: &mut Vec<Raw>,
) -> Result<Halt> {
    let end = packets.len().saturating_add(left);
    let mut keep = |packet: Packet<'_>| {
        assert_eq!(packet.data().len(), packet.caplen() as usize);
        let _ = packet.timestamp();
        let mut time = (packet.header().raw_secs(), packet.header().raw_nanos());
        if size_of::<pcap_sys::timeval>() == 8 {
            // libpcap truncates a damaged file's value to the field; here it is unchanged.
            time.1 = i64::from(time.1 as i32);
        }
        packets.push((
            time,
            packet.caplen(),
            packet.wire_len(),
            packet.data().to_vec(),
        ));
        packets.len() >= end
    };
    loop {
        let full = match call {
            0 => match capture.next_packet()? {
                Some(packet) => keep(packet),
                None => return Ok(Halt::End),
            },
            1 | 2 => {
                let next = match call {
                    1 => capture.try_next_packet()?,
                    _ => capture.next_packet_timeout(Duration::ZERO)?,
                };
                match next {
                    Next::Packet(packet) => keep(packet),
                    Next::Timeout => return Ok(Halt::Nothing),
                    _ => return Ok(Halt::End),
                }
            }
            3 if left == usize::MAX => {
                capture.for_each(|packet| {
                    keep(packet);
                })?;
                return Ok(Halt::End);
            }
            4 | 8 => {
                let most = if call == 4 { left.min(3) } else { left };
                match capture
                    .dispatch_up_to(most as u64, |packet| {
                        keep(packet);
                    })?
                    .stop()
                {
                    Stop::Count => return Ok(Halt::Count),
                    Stop::Empty => return Ok(Halt::Nothing),
                    _ => return Ok(Halt::End),
                }
            }
            5 => {
                let flow = capture.try_for_each(|packet| ControlFlow::Break(keep(packet)))?;
                match flow {
                    ControlFlow::Break(full) => full,
                    ControlFlow::Continue(_) => return Ok(Halt::End),
                }
            }
            6 if capture.packet().is_none() || left < 2 => {
                if !capture.advance()? {
                    return Ok(Halt::End);
                }
                keep(capture.packet().unwrap())
            }
            3 | 6 => {
                // For the sixth, `advance` has read one.
                let most = if call == 6 { (left - 1).min(2) } else { left };
                let each = |packet: Packet<'_>| {
                    keep(packet);
                };
                match capture.for_each_up_to(most as u64, each)?.stop() {
                    Stop::Count => return Ok(Halt::Count),
                    _ => return Ok(Halt::End),
                }
            }
            7 => match capture.packets().next() {
                Some(packet) => keep(packet?.as_packet()),
                None => return Ok(Halt::End),
            },
            _ => {
                for full in capture.packets_with(&mut keep) {
                    if full? {
                        return Ok(Halt::Count);
                    }
                }
                return Ok(Halt::End);
            }
        };
        if full {
            return Ok(Halt::Count);
        }
    }
}

/// A reader that returns at most this many bytes at a time.
struct Chunks(io::Cursor<Vec<u8>>, usize);

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

/// Replaces the content of a file, and returns it open at its start; the file itself is positioned at its end.
pub(crate) fn refill(file: &mut File, bytes: &[u8]) -> File {
    file.set_len(0).unwrap();
    file.rewind().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file.try_clone().unwrap()
}
