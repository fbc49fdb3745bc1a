//! Files that the dumper writes, as an input says: they are those of the generator, byte for byte, and what is read of
//! them is what was written.

use pcap_core::pcapng::{BlockBuf, Endian, Interface, InterfaceId, PcapngDumper, Section};

use super::super::choices::Choices;
use super::super::contents;
use super::super::ng::{Case, Idb, Ng, Opt, Order, Shb, code};
use super::{described, frames, others};

/// A file under construction, by the dumper and by the generator.
pub(super) struct Written {
    pub(super) dumper: PcapngDumper,
    /// Taken while it changes.
    model: Option<Ng>,
    pub(super) order: Order,
    pub(super) interfaces: Vec<(InterfaceId, Idb)>,
    /// Identifiers of earlier sections.
    pub(super) old: Vec<InterfaceId>,
}

impl Written {
    pub(super) fn endian(&self) -> Endian {
        match self.order {
            Order::Little => Endian::Little,
            Order::Big => Endian::Big,
        }
    }

    pub(super) fn model(&mut self, change: impl FnOnce(Ng) -> Ng) {
        self.model = self.model.take().map(change);
        let length = self.model.as_ref().map_or(0, Ng::length);
        assert_eq!(self.dumper.position(), length as u64);
    }

    /// Writes a block.
    pub(super) fn put(&mut self, block: &BlockBuf) {
        self.dumper.write_block(block).expect("a good block");
    }

    fn section(&mut self, choices: &mut Choices<'_>) {
        let order = choices.pick(&Order::BOTH);
        let endian = match order {
            Order::Little => Endian::Little,
            Order::Big => Endian::Big,
        };
        let early = choices.is_so();
        let mut section = Section::new();
        if early {
            section = section.with_endian(endian);
        }
        let mut header = Shb::default();
        let [hardware, os, application] = code::SHB;
        let mut codes = vec![
            hardware,
            os,
            application,
            code::COMMENT,
            code::COMMENT,
            0x8001,
        ];
        for _ in 0..choices.below(4) {
            let code = codes.swap_remove(choices.below(codes.len()));
            let text = choices.text();
            section = match code {
                _ if code == hardware => section.with_hardware(&text),
                _ if code == os => section.with_os(&text),
                _ if code == application => section.with_application(&text),
                code::COMMENT => section.with_comment(&text),
                // Options that nobody knows cannot be converted.
                _ if early => section.with_option(code, text.as_bytes()),
                _ => continue,
            };
            header = header.opt(Opt::bytes(code, text));
        }
        if !early {
            section = section.with_endian(endian);
        }
        self.dumper.begin_section(&section).expect("a section");
        self.order = order;
        self.old
            .extend(self.interfaces.drain(..).map(|known| known.0));
        self.model(|file| file.with_order(order).shb(header));
    }

    fn interface(&mut self, choices: &mut Choices<'_>) {
        let (interface, model) = described::interface(choices);
        let id = self.dumper.add_interface(&interface).expect("an interface");
        assert_eq!(id.index() as usize, self.interfaces.len());
        assert_eq!(self.dumper.interface(id.index()), Some(id));
        self.interfaces.push((id, model.clone()));
        self.model(|file| file.idb(model));
    }
}

/// Writes a file as an input says, and reads it. Returns its length.
pub(crate) fn check_written(input: &[u8]) -> usize {
    let choices = &mut Choices(input);
    let mut dumper = PcapngDumper::for_blocks_named(Vec::new(), "f");
    assert!(dumper.interface(0).is_none());
    let early = dumper.add_interface(&Interface::new(pcap_core::Linktype::ETHERNET));
    assert!(early.is_err());
    let mut file = Written {
        dumper,
        model: Some(Ng::empty(Order::Little)),
        order: Order::Little,
        interfaces: Vec::new(),
        old: Vec::new(),
    };
    file.section(choices);
    for _ in 0..300 {
        if choices.is_empty() {
            break;
        }
        match choices.below(16) {
            0 => file.section(choices),
            1 | 2 => file.interface(choices),
            3 => others::statistics(&mut file, choices),
            4..=6 => others::block(&mut file, choices),
            7 => frames::block(&mut file, choices),
            8 | 9 => frames::edited(&mut file, choices),
            _ => frames::record(&mut file, choices),
        }
    }
    let bytes: Vec<u8> = file.dumper.into_writer().expect("memory");
    let case = Case::new("written", file.model.expect("a file"));
    assert!(bytes == case.bytes, "{}", difference(&bytes, &case.bytes));
    assert!(!case.expected.is_damaged(), "{:?}", case.expected.damage);
    let error = contents::check(&case, &mut contents::open(&bytes), bytes.len() as u64);
    assert!(error.is_none(), "{error:?}");
    bytes.len()
}

/// Returns where two files begin to differ.
fn difference(ours: &[u8], expected: &[u8]) -> String {
    let same = ours
        .iter()
        .zip(expected)
        .take_while(|(a, b)| a == b)
        .count();
    let near = |bytes: &[u8]| {
        let start = same.saturating_sub(32);
        format!("{:02x?}", &bytes[start..bytes.len().min(same + 32)])
    };
    format!("at {same}: {} {}", near(ours), near(expected))
}
