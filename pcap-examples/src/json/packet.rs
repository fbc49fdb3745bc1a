//! Formats packets as lines of JSON.

use pcap_core::Dlt;
use pcap_core::pcapng::{PacketBlock, PacketFlags};

use super::object::{Object, SCHEMA, list, number, string};
use super::packet_field::PacketField;
use crate::decimal;
use crate::decode::{
    Content, Cooked, Decoded, Detail, Dns, Fragment, OuterHeader, Protocol, Tls, code_name, decode,
    link_addresses, tcp_flags,
};
use crate::interface_names::InterfaceNames;
use crate::linked_packet::LinkedPacket;
use crate::packet_origin::PacketOrigin;

/// A packet, and everything that its JSON may contain.
struct PacketLine<'a> {
    linked: LinkedPacket<'a>,
    linktype_name: &'a str,
    known: Decoded<'a>,
    content: Option<Content<'a>>,
}

/// Formats packets as JSON.
#[derive(Clone, Debug)]
pub struct PacketObjects {
    fields: Vec<PacketField>,
    /// The last link type and its name, because libpcap takes a while to find it.
    linktype: Option<(Dlt, String)>,
    /// The text of the last packet.
    info: String,
}

impl PacketObjects {
    /// Creates a formatter that prints these members of packets.
    #[must_use]
    pub fn new(fields: Vec<PacketField>) -> PacketObjects {
        PacketObjects {
            fields,
            linktype: None,
            info: String::new(),
        }
    }

    /// Appends a packet as one line. Packets of pcapng savefiles have an origin.
    pub fn push(
        &mut self,
        out: &mut Vec<u8>,
        linked: &LinkedPacket<'_>,
        interfaces: &mut InterfaceNames,
    ) {
        let linktype = linked.linktype;
        let known = decode(linktype, linked.packet.data());
        if self
            .linktype
            .as_ref()
            .is_none_or(|(last, _)| *last != linktype)
        {
            self.linktype = Some((linktype, linktype.to_string()));
        }
        let line = PacketLine {
            linked: *linked,
            linktype_name: self.linktype.as_ref().map_or("", |(_, name)| name),
            content: known.content(),
            known,
        };
        let mut object = Object::new(out);
        for &field in &self.fields {
            object = line.add(object, field, interfaces, &mut self.info);
        }
        object.end();
        out.push(b'\n');
    }
}

impl PacketLine<'_> {
    /// Adds a member, if the packet has it.
    fn add<'o>(
        &self,
        object: Object<'o>,
        field: PacketField,
        interfaces: &mut InterfaceNames,
        info: &mut String,
    ) -> Object<'o> {
        let known = &self.known;
        let cooked = known.cooked.as_ref();
        let block = self.linked.origin.map(|origin| &origin.block);
        match field {
            PacketField::Schema => object.number("schema", SCHEMA),
            PacketField::Type => object.str("type", "packet"),
            PacketField::Time => {
                let has_time = self.linked.time().is_some();
                match has_time {
                    true => object.member("time", |out| {
                        out.push(b'"');
                        decimal::push_time(out, self.linked.packet.timestamp());
                        out.push(b'"');
                    }),
                    false => object,
                }
            }
            PacketField::Caplen => object.number("caplen", self.linked.packet.caplen()),
            PacketField::Len => object.number("len", self.linked.packet.wire_len()),
            PacketField::Linktype => object.str("linktype", self.linktype_name),
            PacketField::InterfaceIndex => object.some_number(
                "interface_index",
                cooked.and_then(|cooked| cooked.interface),
            ),
            PacketField::Interface => match block {
                Some(block) => object.some_text("interface", block.interface().name()),
                None => {
                    let name = match cooked.and_then(|cooked| cooked.interface) {
                        Some(index) => interfaces.name(index),
                        None => interfaces.source(),
                    };
                    object.some_text("interface", name)
                }
            },
            PacketField::Direction => object.some_text("direction", self.direction()),
            PacketField::PacketType => {
                let kind = cooked.and_then(|cooked| cooked.packet_type);
                object.some_text("packet_type", kind.map(|kind| kind.name()))
            }
            PacketField::HardwareType => {
                object.some_number("hardware_type", cooked.and_then(|cooked| cooked.hardware))
            }
            PacketField::Vlans | PacketField::Mpls | PacketField::Pppoe | PacketField::Tunnels => {
                add_outer_headers(object, field, &known.outer_headers)
            }
            PacketField::Protocol => match known.protocol {
                Protocol::Named(name) => object.str("protocol", name),
                protocol => object.text("protocol", protocol),
            },
            PacketField::Source => object.address("source", known.source),
            PacketField::SourcePort => object.port("source_port", known.source),
            PacketField::Destination => object.address("destination", known.destination),
            PacketField::DestinationPort => object.port("destination_port", known.destination),
            PacketField::Application => {
                let application = self.content.as_ref().and_then(Content::application);
                object.some_text("application", application)
            }
            PacketField::SourceMac => {
                let (source, _) = link_addresses(self.linked.linktype, self.linked.packet.data());
                object.some_mac("source_mac", source)
            }
            PacketField::DestinationMac => {
                let (_, destination) =
                    link_addresses(self.linked.linktype, self.linked.packet.data());
                object.some_mac("destination_mac", destination)
            }
            PacketField::Ttl => object.some_number("ttl", known.ip.and_then(|ip| ip.ttl())),
            PacketField::Flags
            | PacketField::Sequence
            | PacketField::Acknowledgment
            | PacketField::Window => add_of_tcp(object, field, known.detail),
            PacketField::PayloadLen => object.some_number("payload_len", known.payload_len()),
            PacketField::Fragment => match known.fragment {
                Some(part) => object.member("fragment", |out| push_fragment(out, part)),
                None => object,
            },
            PacketField::Info => {
                info.clear();
                known.write_info(info, self.content.as_ref());
                match info.trim_start() {
                    "" => object,
                    info => object.str("info", info),
                }
            }
            PacketField::Dns => match self.content.as_ref().and_then(Content::dns) {
                Some(dns) => object.member("dns", |out| push_dns(out, dns)),
                None => object,
            },
            PacketField::Tls => match self.content.as_ref().and_then(Content::tls) {
                Some(tls) => object.member("tls", |out| push_tls(out, tls)),
                None => object,
            },
            PacketField::Payload => object.hex("payload", known.rest),
            PacketField::Data => object.hex("data", self.linked.packet.data()),
            field => match self.linked.origin {
                Some(origin) => add_of_pcapng(object, field, origin),
                None => object,
            },
        }
    }

    /// Returns `in` or `out`, if the direction is known.
    fn direction(&self) -> Option<&'static str> {
        let cooked = self.known.cooked.as_ref().and_then(Cooked::direction);
        let flags = || self.linked.origin?.block.flags();
        cooked.or_else(|| match flags()? {
            flags if flags.is_inbound() => Some("in"),
            flags if flags.is_outbound() => Some("out"),
            _ => None,
        })
    }
}

/// Adds a member that only packets of pcapng savefiles have.
fn add_of_pcapng<'o>(
    object: Object<'o>,
    field: PacketField,
    origin: &PacketOrigin<'_>,
) -> Object<'o> {
    let block: &PacketBlock<'_> = &origin.block;
    let flags = block.flags();
    match field {
        PacketField::Section => {
            object.some_plain("section", (origin.section > 1).then_some(origin.section))
        }
        PacketField::InterfaceId => object.number("interface_id", block.interface_id()),
        PacketField::Reception => {
            object.some_text("reception", flags.and_then(PacketFlags::reception))
        }
        PacketField::PacketFlags => object.some_plain("packet_flags", flags.map(PacketFlags::bits)),
        PacketField::Dropped => object.some_plain("dropped", block.dropped()),
        PacketField::PacketId => object.some_plain("packet_id", block.packet_id()),
        PacketField::Queue => object.some_plain("queue", block.queue()),
        PacketField::Process => object.some_plain(
            "process",
            block.process_thread().map(|(process, _)| process),
        ),
        PacketField::Thread => {
            object.some_plain("thread", block.process_thread().map(|(_, thread)| thread))
        }
        PacketField::LinkErrors => {
            let errors = flags.into_iter().flat_map(PacketFlags::link_errors);
            object.some_list("link_errors", errors, string)
        }
        PacketField::Comments => object.some_list("comments", block.comments(), string),
        _ => object,
    }
}

/// Adds a member that only packets of TCP have.
fn add_of_tcp<'o>(object: Object<'o>, field: PacketField, detail: Detail) -> Object<'o> {
    let Detail::Tcp {
        flags,
        sequence,
        acknowledged,
        window,
    } = detail
    else {
        return object;
    };
    match field {
        PacketField::Sequence => object.some_number("sequence", sequence),
        PacketField::Acknowledgment => object.some_number("acknowledgment", acknowledged),
        PacketField::Window => object.some_number("window", window),
        _ => match flags {
            Some(flags) => object.member("flags", |out| list(out, tcp_flags(flags), string)),
            None => object,
        },
    }
}

/// Appends a DNS message as an object.
fn push_dns(out: &mut Vec<u8>, dns: &Dns<'_>) {
    let code = dns.is_response().then(|| dns.code());
    let object = Object::new(out)
        .number("id", dns.id())
        .plain("operation", dns.operation())
        .plain("response", dns.is_response())
        .some_plain("code", code)
        .some_text("code_name", code.and_then(code_name))
        .member("questions", |out| {
            list(out, dns.questions(), |out, question| {
                Object::new(out)
                    .text("name", question.name)
                    .text("type", question.kind)
                    .end();
            });
        });
    let answers = dns.answers();
    object
        .some_list("answers", answers, |out, record| {
            let data = record.data().to_string();
            Object::new(out)
                .text("name", record.name)
                .text("type", record.kind)
                .some_text(
                    "data",
                    Some(data.trim_start()).filter(|data| !data.is_empty()),
                )
                .end();
        })
        .end();
}

/// Appends a record of TLS as an object.
fn push_tls(out: &mut Vec<u8>, tls: &Tls<'_>) {
    Object::new(out)
        .text("message", tls.message())
        .some_text("version", tls.version())
        .some_text("server_name", tls.server_name())
        .end();
}

/// Adds the tags, labels, sessions or tunnels around a packet.
fn add_outer_headers<'o>(
    object: Object<'o>,
    field: PacketField,
    headers: &[OuterHeader],
) -> Object<'o> {
    if headers.is_empty() {
        return object;
    }
    let headers = headers.iter();
    match field {
        PacketField::Vlans => {
            let vlans = headers.filter_map(|header| match header {
                OuterHeader::Vlan(number) => Some(number),
                _ => None,
            });
            object.some_list("vlans", vlans, number)
        }
        PacketField::Mpls => {
            let labels = headers.filter_map(|header| match header {
                OuterHeader::Mpls(label) => Some(label),
                _ => None,
            });
            object.some_list("mpls", labels, number)
        }
        PacketField::Pppoe => {
            let sessions = headers.filter_map(|header| match header {
                OuterHeader::Pppoe(session) => Some(session),
                _ => None,
            });
            object.some_list("pppoe", sessions, number)
        }
        _ => {
            let is_tunnel = |header: &&OuterHeader| matches!(header, OuterHeader::Tunnel { .. });
            object.some_list("tunnels", headers.filter(is_tunnel), push_tunnel)
        }
    }
}

/// Appends a tunnel as an object.
fn push_tunnel(out: &mut Vec<u8>, header: &OuterHeader) {
    if let OuterHeader::Tunnel {
        protocol,
        source,
        destination,
        id,
        ..
    } = *header
    {
        Object::new(out)
            .text("protocol", protocol)
            .some_plain("id", id)
            .endpoints(source, destination)
            .end();
    }
}

/// Appends the position of a fragment as an object.
fn push_fragment(out: &mut Vec<u8>, part: Fragment) {
    Object::new(out)
        .number("id", part.id)
        .number("offset", part.offset)
        .end();
}

#[cfg(test)]
mod tests {
    use super::*;
    use pcap_core::{Packet, Timestamp};

    fn object(fields: &[PacketField], frame: &[u8]) -> String {
        let mut out = Vec::new();
        let packet = Packet::new(Timestamp::new(1, 5), 1514, frame);
        let names = &mut InterfaceNames::default();
        let linked = LinkedPacket::new(Dlt::EN10MB, packet);
        PacketObjects::new(fields.to_vec()).push(&mut out, &linked, names);
        String::from_utf8(out).unwrap()
    }

    fn frame() -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([0x81, 0, 0, 5, 8, 0]);
        etherparse::PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .tcp(80, 4000, 7, 512)
            .fin()
            .write(&mut frame, b"abc")
            .unwrap();
        frame
    }

    #[test]
    fn a_packet_is_one_line_of_valid_json() {
        let line = object(&PacketField::defaults(), &frame());
        assert_eq!(line.find('\n'), Some(line.len() - 1));
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["time"], "1.000000005");
        assert_eq!(value["len"], 1514);
        assert_eq!(value["vlans"], serde_json::json!([5]));
        assert_eq!(value["source"], "192.0.2.1");
        assert_eq!(value["destination_port"], 4000);
        assert_eq!(value["flags"], serde_json::json!(["FIN"]));
        assert_eq!(value["info"], "FIN seq 7 win 512");
    }

    #[test]
    fn only_the_selected_members_are_printed() {
        use PacketField::{Comments, Data, Payload, SourcePort, Time};
        let frame = frame();
        assert_eq!(
            object(&[SourcePort, Time, Comments, Payload], &frame),
            "{\"source_port\":80,\"time\":\"1.000000005\",\"payload\":\"616263\"}\n"
        );
        let data = object(&[Data], &frame);
        assert_eq!(data.len(), "{\"data\":\"\"}\n".len() + 2 * frame.len());
    }
}
