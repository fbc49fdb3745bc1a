//! The `pcap` crate.

use std::os::fd::IntoRawFd;
use std::path::Path;

use pcap::{
    Activated, Active, BpfProgram, Capture, Error, Linktype, Offline, Packet, PacketCodec,
    PacketHeader,
};

use super::{Samples, Source, Way, time_of};
use crate::Failure;
use crate::tally::Tally;

/// Copies packets: the crate leaves that to its users.
struct Copies;

impl PacketCodec for Copies {
    type Item = (PacketHeader, Box<[u8]>);

    fn decode(&mut self, packet: Packet<'_>) -> Self::Item {
        (*packet.header, packet.data.into())
    }
}

pub(crate) fn read(source: Source<'_>, way: Way, filter: Option<&str>) -> Result<Tally, Failure> {
    let mut capture: Capture<Offline> = match source {
        Source::Path(path) => Capture::from_file(path)?,
        // SAFETY: an open descriptor without another owner.
        Source::Open(file) => unsafe { Capture::from_raw_fd(file.into_raw_fd()) }?,
        Source::Reader(_) => return Err("the crate has no such source".into()),
    };
    if let Some(filter) = filter {
        capture.filter(filter, true)?;
    }
    let mut tally = Tally::default();
    match way {
        Way::ForEach => capture.for_each(None, |packet| tally.add(packet.data))?,
        Way::Next => next_packets(&mut capture, |packet| {
            tally.add(packet.data);
            true
        })?,
        Way::Owned => {
            for packet in capture.iter(Copies) {
                tally.add(&packet?.1);
            }
        }
        _ => return Err("the crate has no such way to read".into()),
    }
    Ok(tally)
}

/// Reads until the end, or until `see` has seen enough.
fn next_packets<T: Activated>(
    capture: &mut Capture<T>,
    mut see: impl FnMut(Packet<'_>) -> bool,
) -> Result<(), Error> {
    loop {
        match capture.next_packet() {
            Ok(packet) => {
                if !see(packet) {
                    return Ok(());
                }
            }
            Err(Error::NoMorePackets) => return Ok(()),
            Err(Error::TimeoutExpired) => {}
            Err(error) => return Err(error),
        }
    }
}

pub(crate) fn compile(filter: &str) -> Result<BpfProgram, Failure> {
    Ok(Capture::dead(Linktype::ETHERNET)?.compile(filter, true)?)
}

pub(crate) fn matches(program: &BpfProgram, samples: &Samples, rounds: u64) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..rounds {
        for frame in samples.frames() {
            if program.filter(frame) {
                tally.add(frame);
            }
        }
    }
    tally
}

pub(crate) fn write(path: &Path, samples: &Samples, packets: u64) -> Result<(), Failure> {
    let mut savefile = Capture::dead(Linktype::ETHERNET)?.savefile(path)?;
    for (number, frame) in (0..packets).zip(samples.frames().iter().cycle()) {
        let (secs, micros) = time_of(number);
        let header = PacketHeader {
            ts: libc::timeval {
                tv_sec: secs.into(),
                tv_usec: micros.into(),
            },
            caplen: frame.len() as u32,
            len: frame.len() as u32,
        };
        savefile.write(&Packet::new(&header, frame));
    }
    Ok(savefile.flush()?)
}

pub(crate) fn open(device: &str, buffer: Option<usize>) -> Result<Capture<Active>, Failure> {
    let capture = Capture::from_device(device)?.timeout(100).snaplen(262_144);
    let capture = match buffer {
        Some(bytes) => capture.buffer_size(i32::try_from(bytes)?),
        None => capture,
    };
    Ok(capture.open()?)
}

/// Reads until a packet of `mark` bytes arrives.
pub(crate) fn receive(
    capture: &mut Capture<Active>,
    way: Way,
    mark: usize,
) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    if way != Way::ForEach {
        next_packets(capture, |packet| {
            let more = packet.data.len() != mark;
            if more {
                tally.add(packet.data);
            }
            more
        })?;
        return Ok(tally);
    }
    let handle = capture.breakloop_handle();
    let mut over = false;
    let status = capture.for_each(None, |packet| {
        if packet.data.len() == mark {
            over = true;
            handle.breakloop();
        } else {
            tally.add(packet.data);
        }
    });
    // A break is an error here.
    match status {
        Err(error) if !over => Err(error.into()),
        _ => Ok(tally),
    }
}

pub(crate) fn inject(
    capture: &mut Capture<Active>,
    frame: &[u8],
    times: u64,
) -> Result<(), Failure> {
    for _ in 0..times {
        capture.sendpacket(frame)?;
    }
    Ok(())
}
