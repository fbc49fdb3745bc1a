//! Changes the times in blocks without a packet.

use pcap_core::pcapng::{BlockBuf, Endian, JournalBlock, StatisticsBlock};

use crate::exit::Outcome;
use crate::value_parsers::TimeShift;

/// The codes of the times when a capture started and ended, in statistics.
const TIMES: [u16; 2] = [2, 3];
/// The field of a journal entry with its time in microseconds.
const JOURNAL_TIME: &[u8] = b"__REALTIME_TIMESTAMP=";

/// Returns a block of statistics with other times. The closure returns the new ticks of a time.
///
/// # Errors
///
/// Returns an error if the block is too short.
pub fn change_statistics(
    statistics: &StatisticsBlock<'_>,
    changed: impl Fn(u64) -> u64,
) -> Outcome<BlockBuf> {
    let raw = statistics.as_raw();
    let mut block = BlockBuf::from(raw);
    if let Some(ticks) = statistics.ticks() {
        block.set_ticks(changed(ticks))?;
    }
    for option in statistics.options() {
        let (code, endian) = (option.code(), raw.endian());
        let Some(ticks) = ticks_of(option.value(), endian) else {
            continue;
        };
        if TIMES.contains(&code) {
            let ticks = changed(ticks);
            let halves = [(ticks >> 32) as u32, ticks as u32];
            block.set_option(code, &halves.map(|half| bytes32(half, endian)).concat())?;
        }
    }
    Ok(block)
}

/// Returns an entry of a journal with a shifted time. Returns `None` if it stays the same.
#[must_use]
pub fn shift_journal(journal: &JournalBlock<'_>, shift: TimeShift) -> Option<BlockBuf> {
    let raw = journal.as_raw();
    let entry = shifted_entry(journal.entry(), shift)?;
    Some(BlockBuf::with_endian(
        raw.block_type(),
        &entry,
        raw.endian(),
    ))
}

/// Returns a time: the upper half comes first, in both byte orders.
fn ticks_of(value: &[u8], endian: Endian) -> Option<u64> {
    let number = |bytes: [u8; 4]| match endian {
        Endian::Little => u32::from_le_bytes(bytes),
        Endian::Big => u32::from_be_bytes(bytes),
    };
    let [a, b, c, d, e, f, g, h] = <[u8; 8]>::try_from(value).ok()?;
    Some(u64::from(number([a, b, c, d])) << 32 | u64::from(number([e, f, g, h])))
}

fn bytes32(number: u32, endian: Endian) -> [u8; 4] {
    match endian {
        Endian::Little => number.to_le_bytes(),
        Endian::Big => number.to_be_bytes(),
    }
}

/// Returns the text of an entry with a shifted time.
fn shifted_entry(entry: &[u8], shift: TimeShift) -> Option<Vec<u8>> {
    let micros = shift.nanos() / 1000;
    if micros == 0 {
        return None;
    }
    let mut lines = entry.split_inclusive(|&byte| byte == b'\n');
    let mut start = 0;
    let line = loop {
        let line = lines.next()?;
        match line.strip_prefix(JOURNAL_TIME) {
            Some(value) => break value,
            None => start += line.len(),
        }
    };
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let time: i128 = std::str::from_utf8(&line[..digits]).ok()?.parse().ok()?;
    let at = start + JOURNAL_TIME.len();
    let shifted = (time + micros).max(0).to_string();
    Some([&entry[..at], shifted.as_bytes(), &entry[at + digits..]].concat())
}
