//! Everything that the getters of a block return, as text.

use std::fmt::{Debug, Write};

use pcap_core::AsPacket;
use pcap_core::pcapng::{Block, Interface, Options};

/// Data up to this length is shown.
const SHOWN: usize = 64;

fn add(text: &mut String, value: impl Debug) {
    write!(text, "{value:?} ").expect("a string");
}

fn add_options(text: &mut String, options: Option<Options<'_>>) {
    let Some(mut options) = options else {
        return text.push_str("no options ");
    };
    for option in options.by_ref() {
        let value = option.value();
        add(
            text,
            (option.code(), value.len(), &value[..value.len().min(SHOWN)]),
        );
    }
    add(text, options.error());
}

fn add_interface(text: &mut String, interface: &Interface) {
    add(text, (interface.linktype(), interface.snaplen()));
    add(text, (interface.name(), interface.description()));
    add(text, interface.ipv4().collect::<Vec<_>>());
    add(text, interface.ipv6().collect::<Vec<_>>());
    add(text, (interface.mac_addr(), interface.eui_addr()));
    add(
        text,
        (
            interface.speed(),
            interface.tx_speed(),
            interface.rx_speed(),
        ),
    );
    add(text, (interface.resolution(), interface.time_offset()));
    add(text, (interface.time_zone(), interface.iana_time_zone()));
    add(
        text,
        (interface.filter(), interface.os(), interface.hardware()),
    );
    add(text, interface.fcs_len());
}

/// Describes a block. The byte order is not part of it, but values of options are.
pub(crate) fn describe(block: &Block<'_>) -> String {
    let mut out = String::new();
    let text = &mut out;
    add(text, block.as_raw().block_type());
    match block {
        Block::Section(section) => {
            add(
                text,
                (section.version(), section.is_known(), section.length()),
            );
            add(
                text,
                (section.hardware(), section.os(), section.application()),
            );
        }
        Block::Interface(interface) => add_interface(text, interface),
        Block::Packet(packet) => {
            add(text, (packet.interface_id(), packet.linktype()));
            add(text, (packet.timestamp(), packet.ticks()));
            let data = packet.data();
            assert_eq!(data, packet.as_packet().data());
            add(
                text,
                (
                    packet.caplen(),
                    packet.wire_len(),
                    &data[..data.len().min(SHOWN)],
                ),
            );
            let flags = packet.flags();
            add(text, flags);
            add(
                text,
                flags.map(|f| (f.reception(), f.fcs_len(), f.link_errors().count())),
            );
            add(text, packet.hashes().collect::<Vec<_>>());
            add(text, packet.verdicts().collect::<Vec<_>>());
            add(text, (packet.dropped(), packet.packet_id(), packet.queue()));
            add(text, packet.process_thread());
        }
        Block::Statistics(statistics) => {
            add(
                text,
                (statistics.interface_id(), statistics.interface().is_some()),
            );
            add(text, (statistics.timestamp(), statistics.ticks()));
            add(text, (statistics.start_time(), statistics.end_time()));
            add(text, (statistics.received(), statistics.if_dropped()));
            add(
                text,
                (
                    statistics.accepted(),
                    statistics.dropped(),
                    statistics.delivered(),
                ),
            );
        }
        Block::Names(names) => {
            add(text, names.records().collect::<Vec<_>>());
            add(text, (names.dns_name(), names.dns_ipv4(), names.dns_ipv6()));
        }
        Block::Secrets(secrets) => add(text, (secrets.secrets_type(), secrets.secrets().len())),
        Block::Journal(journal) => add(text, journal.entry().len()),
        Block::Custom(custom) => {
            add(
                text,
                (
                    custom.enterprise(),
                    custom.data().len(),
                    custom.is_copyable(),
                ),
            );
        }
        _ => {}
    }
    add(text, block.comments().collect::<Vec<_>>());
    add_options(text, block.options());
    out
}
