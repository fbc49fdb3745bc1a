//! How the packets of an interface change.

use pcap_core::Precision;
use pcap_core::pcapng::{BlockBuf, Endian, Interface, Resolution};
use pcap_examples::exit::{Failure, Outcome};

use crate::args::Args;
use crate::recoder::Recoder;

/// The code of the length of the frame check sequence (`if_fcslen`).
const FCS_LEN: u16 = 13;
/// The code of the resolution of times (`if_tsresol`).
const RESOLUTION: u16 = 9;
const NANOS: i128 = 1_000_000_000;
/// The offset of the snaplen in the body of an interface description.
const SNAPLEN: usize = 4;

/// An interface, with the changes of its packets.
pub(crate) struct RecodedInterface {
    /// The new description.
    pub(crate) block: BlockBuf,
    /// The new snaplen; `u32::MAX` if there is no limit.
    pub(crate) snaplen: u32,
    /// Whether packets get another link header.
    pub(crate) is_converted: bool,
    clock: Option<Clock>,
}

/// How times change.
struct Clock {
    /// The ticks of a second before and after.
    from: u64,
    to: u64,
    /// The number of new ticks to add.
    shift: i128,
}

impl RecodedInterface {
    /// # Errors
    ///
    /// Returns an error if the link type cannot be converted, or if the interface's times cannot be shifted exactly.
    pub(crate) fn new(
        args: &Args,
        recoder: &mut Recoder<'_>,
        interface: &Interface,
        number: usize,
    ) -> Outcome<RecodedInterface> {
        let raw = interface.as_raw();
        let from = interface.linktype();
        let to = recoder.add_linktype(from)?;
        let is_converted = recoder.converts(from);
        let mut body = raw.body().to_vec();
        let stated = interface.snaplen();
        let snaplen = match stated {
            // The packets of an interface without a limit may have any length.
            0 => args.snaplen.unwrap_or(0),
            stated => recoder
                .snaplen(from, stated)
                .min(match is_converted || recoder.rewrites() {
                    true => u32::MAX,
                    false => stated,
                }),
        };
        body[..2].copy_from_slice(&bytes16(to.value() as u16, raw.endian()));
        body[SNAPLEN..][..4].copy_from_slice(&bytes32(snaplen, raw.endian()));
        let mut block = BlockBuf::with_endian(raw.block_type(), &body, raw.endian());
        if is_converted || !args.keeps_ends() {
            block.remove_options(FCS_LEN);
        }
        let resolution = match args.precision() {
            Some(Precision::Micro) => Resolution::MICRO,
            Some(Precision::Nano) => Resolution::NANO,
            None => interface.resolution(),
        };
        if resolution != interface.resolution() {
            block.set_option(RESOLUTION, &[resolution.value()])?;
        }
        let clock = clock(args, interface.resolution(), resolution, number)?;
        let snaplen = match snaplen {
            0 => u32::MAX,
            snaplen => snaplen,
        };
        Ok(RecodedInterface {
            block,
            snaplen,
            is_converted,
            clock,
        })
    }

    /// Returns whether the times change.
    pub(crate) fn changes_times(&self) -> bool {
        self.clock.is_some()
    }

    /// Returns the new ticks of a time, with digits below the resolution cut off. Returns `None` if no ticks count it.
    pub(crate) fn ticks(&self, ticks: u64) -> Option<u64> {
        let Some(clock) = &self.clock else {
            return Some(ticks);
        };
        let ticks = u128::from(ticks) * u128::from(clock.to) / u128::from(clock.from);
        u64::try_from(i128::try_from(ticks).ok()? + clock.shift).ok()
    }
}

/// Returns how times change, or `None` if they do not.
fn clock(args: &Args, from: Resolution, to: Resolution, number: usize) -> Outcome<Option<Clock>> {
    let nanos = args.shift.unwrap_or_default().nanos();
    if from == to && nanos == 0 {
        return Ok(None);
    }
    let cannot = |why: String| {
        Err(Failure::Text(format!(
            "cannot change the times of interface {number}: {why}"
        )))
    };
    let (Some(before), Some(after)) = (from.ticks_per_second(), to.ticks_per_second()) else {
        return cannot(format!("its resolution of {from} is not supported"));
    };
    let Some(ticks) = nanos.checked_mul(i128::from(after)) else {
        return cannot("the shift is too large".to_owned());
    };
    if ticks % NANOS != 0 {
        return cannot(format!(
            "the shift has a fraction of its resolution of {to}; use --time-stamp-precision nano"
        ));
    }
    Ok(Some(Clock {
        from: before,
        to: after,
        shift: ticks / NANOS,
    }))
}

/// Returns the bytes of a number.
pub(crate) fn bytes32(number: u32, endian: Endian) -> [u8; 4] {
    match endian {
        Endian::Little => number.to_le_bytes(),
        Endian::Big => number.to_be_bytes(),
    }
}

fn bytes16(number: u16, endian: Endian) -> [u8; 2] {
    match endian {
        Endian::Little => number.to_le_bytes(),
        Endian::Big => number.to_be_bytes(),
    }
}
