//! Runs a program with kernel extensions for VLAN tags as the Linux kernel runs it.

use crate::filter::Filter;
use crate::filter::program::insn::{Insn, op};
use crate::filter::program::interpret::interpret;

/// The offsets at which a program asks for the outer VLAN tag, and for its presence (`SKF_AD_VLAN_TAG` and
/// `SKF_AD_VLAN_TAG_PRESENT` of `linux/filter.h`).
const TAG: u32 = 0xffff_f02c;
const PRESENT: u32 = 0xffff_f030;

/// A program whose only kernel extensions ask for VLAN tags.
#[derive(Debug)]
pub(crate) struct AsksForTags {
    /// The program, with constants instead of the extensions.
    program: Vec<Insn>,
    /// The instructions that ask for the tag, and for its presence.
    tags: Vec<usize>,
    presences: Vec<usize>,
}

impl AsksForTags {
    /// Returns `None` if the filter has no kernel extensions, or has other ones.
    pub(crate) fn new(filter: &Filter) -> Option<AsksForTags> {
        let mut asks = AsksForTags {
            program: filter.on_capture().to_vec(),
            tags: Vec::new(),
            presences: Vec::new(),
        };
        for (index, insn) in asks.program.iter_mut().enumerate() {
            if !insn.is_kernel_extension() {
                continue;
            }
            let loads = insn.code & 0x07 == op::LD && insn.code & 0xe0 == op::ABS;
            match insn.k {
                TAG if loads => asks.tags.push(index),
                PRESENT if loads => asks.presences.push(index),
                _ => return None,
            }
            *insn = Insn::new(op::LD | op::IMM, 0, 0, 0);
        }
        (!asks.tags.is_empty() || !asks.presences.is_empty()).then_some(asks)
    }

    /// Runs the program on a packet whose outer tag has been removed and is passed as `tag`. Returns the program's
    /// result.
    pub(crate) fn run(&mut self, data: &[u8], wire_len: u32, tag: Option<u16>) -> u32 {
        for index in &self.tags {
            self.program[*index].k = tag.unwrap_or(0).into();
        }
        for index in &self.presences {
            self.program[*index].k = tag.is_some().into();
        }
        // The program is that of a filter, which passed the check; constants instead of other loads do not change that.
        interpret(&self.program, data, wire_len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::CompileOptions;
    use crate::linktype::Dlt;

    #[test]
    fn the_answers_stand_in_the_place_of_the_questions() {
        // ldb [VLAN tag present]; jeq #1; ldb [VLAN tag]; and #0xfff; jeq #5
        let program = [
            Insn::new(0x30, 0, 0, PRESENT),
            Insn::new(0x15, 0, 4, 1),
            Insn::new(0x30, 0, 0, TAG),
            Insn::new(0x54, 0, 0, 0xfff),
            Insn::new(0x15, 0, 1, 5),
            Insn::new(0x06, 0, 0, 9),
            Insn::new(0x06, 0, 0, 0),
        ];
        let options = CompileOptions::new();
        let filter = Filter::compiled(Dlt::EN10MB, (program.to_vec(), None), "vlan 5", options);
        let mut asks = AsksForTags::new(&filter).unwrap();
        assert_eq!(asks.run(&[], 0, Some(0x2005)), 9);
        assert_eq!(asks.run(&[], 0, Some(6)), 0);
        assert_eq!(asks.run(&[], 0, None), 0);

        let plain = options.compile(Dlt::EN10MB, "vlan 5").unwrap();
        assert!(AsksForTags::new(&plain).is_none());
        // A packet's bytes do not contain its type.
        let inbound = [Insn::new(0x28, 0, 0, 0xffff_f004), Insn::new(0x16, 0, 0, 0)];
        let inbound = Filter::compiled(Dlt::EN10MB, (inbound.to_vec(), None), "inbound", options);
        assert!(AsksForTags::new(&inbound).is_none());
    }
}
