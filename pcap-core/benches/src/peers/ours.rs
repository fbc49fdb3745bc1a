//! `pcap-core`.

use std::ops::ControlFlow;
use std::path::Path;

use pcap_core::pcapng::{Block, Interface, PcapngDumper, Reader};
use pcap_core::{
    Active, Capture, Dlt, Filter, Linktype, Next, Offline, Packet, Precision, SendQueue, Timestamp,
};

use super::{Samples, Source, Way, batch, time_of};
use crate::Failure;
use crate::tally::Tally;

pub(crate) fn read(source: Source<'_>, way: Way, filter: Option<&str>) -> Result<Tally, Failure> {
    if way == Way::Blocks {
        return read_blocks(source);
    }
    let mut capture = match source {
        Source::Path(path) => Capture::from_file(path)?,
        Source::Open(file) => Capture::from_open_file(file)?,
        Source::Reader(reader) => Capture::from_reader(reader)?,
    };
    if let Some(filter) = filter {
        capture.set_filter(filter)?;
    }
    read_all(capture, way)
}

fn read_all(mut capture: Capture<Offline>, way: Way) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    match way {
        Way::ForEach => {
            capture.for_each(|packet| tally.add(packet.data()))?;
        }
        Way::Next => {
            while let Some(packet) = capture.next_packet()? {
                tally.add(packet.data());
            }
        }
        Way::Owned => {
            for packet in capture.packets() {
                tally.add(packet?.data());
            }
        }
        Way::TryForEach => {
            let _ = capture.try_for_each(|packet| {
                tally.add(packet.data());
                ControlFlow::<()>::Continue(())
            })?;
        }
        Way::Dispatch => {
            while capture
                .dispatch_up_to(64, |packet| tally.add(packet.data()))?
                .packets()
                > 0
            {}
        }
        Way::Advance => {
            while capture.advance()? {
                if let Some(packet) = capture.packet() {
                    tally.add(packet.data());
                }
            }
        }
        Way::TryNext => {
            while let Next::Packet(packet) = capture.try_next_packet()? {
                tally.add(packet.data());
            }
        }
        Way::PacketsWith => {
            for packet in capture.packets_with(|packet| tally.add(packet.data())) {
                packet?;
            }
        }
        Way::Batch => return batch::read(&mut capture, usize::MAX),
        Way::Channel => return batch::through_a_channel(&mut capture, usize::MAX),
        Way::Tokio | Way::AsyncIo | Way::Tuned | Way::Blocks => {
            return Err("there is no such call".into());
        }
    }
    Ok(tally)
}

fn read_blocks(source: Source<'_>) -> Result<Tally, Failure> {
    let mut reader = match source {
        Source::Path(path) => Reader::open(path)?,
        Source::Open(file) => Reader::from_open_file(file)?,
        Source::Reader(reader) => Reader::from_reader(reader)?,
    };
    let mut tally = Tally::default();
    while let Some(block) = reader.next_block()? {
        if let Block::Packet(packet) = block {
            tally.add(packet.data());
        }
    }
    Ok(tally)
}

pub(crate) fn compile(filter: &str) -> Result<Filter, Failure> {
    Ok(Filter::compile(Dlt::EN10MB, filter)?)
}

pub(crate) fn matches(filter: &Filter, samples: &Samples, rounds: u64) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..rounds {
        for frame in samples.frames() {
            if filter.matches(frame) {
                tally.add(frame);
            }
        }
    }
    tally
}

pub(crate) fn write(path: &Path, samples: &Samples, packets: u64) -> Result<(), Failure> {
    let dead = Capture::dead_with(Dlt::EN10MB, 0, Precision::Micro)?;
    let mut dumper = dead.dump(path)?;
    for (number, frame) in (0..packets).zip(samples.frames().iter().cycle()) {
        let (secs, micros) = time_of(number);
        let time = Timestamp::from_micros(secs.into(), micros.into());
        dumper.write(Packet::whole(time, frame))?;
    }
    Ok(dumper.close()?)
}

pub(crate) fn write_pcapng(path: &Path, samples: &Samples, packets: u64) -> Result<(), Failure> {
    let mut dumper = PcapngDumper::create(path)?;
    let interface = Interface::new(Linktype::ETHERNET).with_precision(Precision::Micro);
    let interface = dumper.add_interface(&interface)?;
    for (number, frame) in (0..packets).zip(samples.frames().iter().cycle()) {
        let (secs, micros) = time_of(number);
        let time = Timestamp::from_micros(secs.into(), micros.into());
        dumper.write(interface, Packet::whole(time, frame))?;
    }
    Ok(dumper.close()?)
}

pub(crate) fn open(device: &str, buffer: Option<usize>) -> Result<Capture<Active>, Failure> {
    let capture = Capture::from_device(device);
    let capture = match buffer {
        Some(bytes) => capture.buffer_size(bytes),
        None => capture,
    };
    capture.activate().map_err(|error| error.to_string().into())
}

/// Reads until a packet of `mark` bytes arrives.
pub(crate) fn receive(
    capture: &mut Capture<Active>,
    way: Way,
    mark: usize,
) -> Result<Tally, Failure> {
    match way {
        Way::Batch => return batch::read(capture, mark),
        Way::Channel => return batch::through_a_channel(capture, mark),
        _ => {}
    }
    let mut tally = Tally::default();
    if way == Way::ForEach {
        let handle = capture.break_handle();
        capture.for_each(|packet| {
            if packet.data().len() == mark {
                handle.breakloop();
            } else {
                tally.add(packet.data());
            }
        })?;
        return Ok(tally);
    }
    while let Some(packet) = capture.next_packet()? {
        if packet.data().len() == mark {
            break;
        }
        tally.add(packet.data());
    }
    Ok(tally)
}

pub(crate) fn inject(capture: &Capture<Active>, frame: &[u8], times: u64) -> Result<(), Failure> {
    for _ in 0..times {
        capture.inject(frame)?;
    }
    Ok(())
}

/// Sends a frame that many times, 256 with one call.
pub(crate) fn inject_queues(
    capture: &Capture<Active>,
    frame: &[u8],
    times: u64,
) -> Result<(), Failure> {
    let mut queue = SendQueue::new();
    while queue.len() < 256 {
        queue.push(frame)?;
    }
    let mut left = times as usize;
    while left > 0 {
        let now = left.min(queue.len());
        capture.inject_queue_range(&queue, ..now)?;
        left -= now;
    }
    Ok(())
}
