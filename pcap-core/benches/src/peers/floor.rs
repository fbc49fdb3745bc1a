//! The bare system calls: no reader or writer can be faster, unless it does less.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use super::{Samples, Source, time_of};
use crate::Failure;
use crate::layout::Layout;
use crate::tally::Tally;

const BUFFER: usize = 256 * 1024;

/// The end of a record, and the position and length of its packet, if it has one.
struct Record {
    end: usize,
    data: Option<(usize, usize)>,
}

impl Record {
    fn classic(length: usize) -> Record {
        Record {
            end: 16 + length,
            data: Some((16, length)),
        }
    }
}

/// Reads large blocks, and jumps from header to header.
pub(crate) fn read(source: Source<'_>, layout: Layout) -> Result<Tally, Failure> {
    let reader = source.reader()?;
    let u32_at = |bytes: &[u8], at: usize| {
        let number = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
        number.map(|four| u32::from_ne_bytes(four) as usize)
    };
    match layout {
        Layout::Classic => hop(reader, 24, |bytes| Some(Record::classic(u32_at(bytes, 8)?))),
        Layout::Swapped => hop(reader, 24, |bytes| {
            let length = u32_at(bytes, 8)? as u32;
            Some(Record::classic(length.swap_bytes() as usize))
        }),
        Layout::Pcapng | Layout::Commented => hop(reader, 0, |bytes| {
            let end = u32_at(bytes, 4)?;
            let data = match u32_at(bytes, 0)? {
                6 => Some((28, u32_at(bytes, 20)?)),
                _ => None,
            };
            Some(Record { end, data })
        }),
    }
}

fn hop(
    mut reader: impl Read,
    header: usize,
    record: impl Fn(&[u8]) -> Option<Record>,
) -> Result<Tally, Failure> {
    reader.read_exact(&mut [0; 24][..header])?;
    let mut buffer = vec![0; BUFFER];
    let mut left = 0;
    let mut tally = Tally::default();
    loop {
        let read = reader.read(&mut buffer[left..])?;
        if read == 0 {
            return if left == 0 {
                Ok(tally)
            } else {
                Err("the file ends in a record".into())
            };
        }
        let filled = left + read;
        let mut at = 0;
        while let Some(Record { end, data }) = record(&buffer[at..filled]) {
            let Some(bytes) = buffer[at..filled].get(..end) else {
                break;
            };
            if let Some((start, length)) = data {
                tally.add(&bytes[start..start + length]);
            }
            at += end;
        }
        buffer.copy_within(at..filled, 0);
        left = filled - at;
    }
}

/// Copies records into large blocks, and writes them.
pub(crate) fn write(
    path: &Path,
    layout: Layout,
    samples: &Samples,
    packets: u64,
) -> Result<(), Failure> {
    let mut file = File::create(path)?;
    let mut buffer = Vec::with_capacity(BUFFER);
    layout.header(&mut buffer)?;
    for (number, frame) in (0..packets).zip(samples.frames().iter().cycle()) {
        if buffer.len() + 48 + frame.len() > BUFFER {
            file.write_all(&buffer)?;
            buffer.clear();
        }
        if layout == Layout::Pcapng {
            block(&mut buffer, number, frame);
            continue;
        }
        let (secs, micros) = time_of(number);
        let length = frame.len() as u32;
        for number in [secs, micros, length, length] {
            buffer.extend_from_slice(&number.to_ne_bytes());
        }
        buffer.extend_from_slice(frame);
    }
    Ok(file.write_all(&buffer)?)
}

/// Copies a packet into an enhanced packet block.
fn block(buffer: &mut Vec<u8>, number: u64, frame: &[u8]) {
    let time = 1_700_000_000_000_000 + number;
    let (length, padded) = (frame.len() as u32, frame.len().next_multiple_of(4));
    let whole = padded as u32 + 32;
    let time = [(time >> 32) as u32, time as u32];
    for number in [6, whole, 0, time[0], time[1], length, length] {
        buffer.extend_from_slice(&number.to_ne_bytes());
    }
    buffer.extend_from_slice(frame);
    buffer.extend_from_slice(&[0; 3][..padded - frame.len()]);
    buffer.extend_from_slice(&whole.to_ne_bytes());
}
