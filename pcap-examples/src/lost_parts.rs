//! What a classic savefile cannot hold of a pcapng savefile.

use indicatif::ProgressBar;
use pcap_core::pcapng::{Block, Interface, PacketBlock};

use crate::counted::Counted;
use crate::stderr;

/// The code of a comment in every block.
const COMMENT: u16 = 1;
const NANOS: u128 = 1_000_000_000;

/// Counts the parts that are lost when packets of a pcapng savefile are written to a classic one.
#[derive(Clone, Debug, Default)]
pub struct LostParts {
    sections: u64,
    interfaces: u64,
    interface_names: u64,
    comments: u64,
    statistics: u64,
    names: u64,
    secrets: u64,
    others: u64,
    options: u64,
    no_times: u64,
    digits: u64,
}

impl LostParts {
    /// Counts a block without a packet.
    pub fn count(&mut self, block: &Block<'_>) {
        self.comments += block.comments().count() as u64;
        match block {
            Block::Section(_) => self.sections += 1,
            Block::Interface(interface) => {
                self.interfaces += 1;
                self.interface_names += u64::from(interface.name().is_some());
            }
            Block::Packet(_) => {}
            Block::Statistics(_) => self.statistics += 1,
            Block::Names(_) => self.names += 1,
            Block::Secrets(_) => self.secrets += 1,
            _ => self.others += 1,
        }
    }

    /// Counts what is lost of a section header or an interface if several savefiles share the header of the classic
    /// one.
    pub fn count_shared(&mut self, block: &Block<'_>) {
        self.comments += block.comments().count() as u64;
        if let Block::Interface(interface) = block {
            self.interface_names += u64::from(interface.name().is_some());
        }
    }

    /// Counts what is lost of a packet.
    #[inline]
    pub fn count_packet(&mut self, packet: &PacketBlock<'_>) {
        let mut has_options = false;
        for option in packet.options() {
            match option.code() {
                COMMENT => self.comments += 1,
                _ => has_options = true,
            }
        }
        self.options += u64::from(has_options);
        self.no_times += u64::from(packet.timestamp().is_none());
        if let Some(ticks) = packet.ticks() {
            self.digits += u64::from(has_finer_digits(packet.interface(), ticks));
        }
    }

    /// Prints a line with what was lost, if anything was.
    pub fn report(&self, program: &str, bar: &ProgressBar) {
        let several = |count: u64| if count > 1 { count } else { 0 };
        let parts = [
            Counted::new(several(self.sections), "section", "sections"),
            Counted::new(several(self.interfaces), "interface", "interfaces"),
            Counted::new(self.interface_names, "interface name", "interface names"),
            Counted::new(self.comments, "comment", "comments"),
            Counted::new(
                self.statistics,
                "block of statistics",
                "blocks of statistics",
            ),
            Counted::new(self.names, "block of names", "blocks of names"),
            Counted::new(self.secrets, "block of secrets", "blocks of secrets"),
            Counted::new(self.others, "other block", "other blocks"),
            Counted::new(self.options, "packet with options", "packets with options"),
            Counted::new(
                self.no_times,
                "packet without a time",
                "packets without a time",
            ),
            Counted::new(
                self.digits,
                "time with digits below the nanosecond",
                "times with digits below the nanosecond",
            ),
        ];
        if let Some(lost) = Counted::join(&parts) {
            let text = format!("classic pcap cannot hold {lost}; write pcapng to keep them");
            bar.suspend(|| stderr::print_message(program, text));
        }
    }
}

/// Returns whether a time has digits below the nanosecond.
#[inline]
fn has_finer_digits(interface: &Interface, ticks: u64) -> bool {
    let resolution = interface.resolution();
    if resolution.value() <= 9 {
        return false;
    }
    resolution.ticks_per_second().is_some_and(|second| {
        !(u128::from(ticks % second) * NANOS).is_multiple_of(u128::from(second))
    })
}
