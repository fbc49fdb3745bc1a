//! Formats packets as lines of text.

use std::io::Write;
use std::sync::Arc;

use pcap_core::{Dlt, Packet};

use crate::decode::{Cooked, Decoded, Detail, Endpoint, OuterHeader, Protocol, decode};
use crate::hex;
use crate::interface_names::InterfaceNames;
use crate::linked_packet::LinkedPacket;
use crate::packet_counter::PacketCounter;
use crate::packet_view::{Details, PacketTimes, Sequences, Style, View, bytes, link_header, tcp};

/// The section of `--help` about packet lines.
pub const HELP: &str = "\
Lines:
  TIME ADDRESS:PORT > ADDRESS:PORT PROTOCOL FIELDS, length N

  The length is that of the payload of TCP or UDP, of another IP packet without
  the IP header, or of a frame without the link header. `(96 of 1454 captured)`
  is added if the packet is longer than the snaplen. The fields of TCP are
  those of tcpdump: flags ([S] SYN, [.] ACK, [P] PSH, [F] FIN, [R] RST, [U] URG,
  [E] ECE, [W] CWR, [e] AE), seq FIRST:NEXT, ack and win, relative to the
  connection. Before the addresses are the interface and the direction (In, Out,
  B broadcast, M multicast, P for another host), and the tunnels.";

/// The maximum number of bytes to show of an unknown protocol.
const MAX_SHOWN_BYTES: usize = 16;

/// Formats packets as lines of text, such as:
///
/// ```text
/// 22:13:20.000001 192.0.2.1:12345 > 192.0.2.2:80 TCP [S] seq 1 win 512, length 0
/// 22:13:20.000002 02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff type 0x88b5 0001…, length 46
/// 22:13:20.000003 eth0 Out 192.0.2.1 > 192.0.2.9 ARP request who-has 192.0.2.9 tell 192.0.2.1, length 28
/// 22:13:20.000004 vlan 5 192.0.2.1 > 192.0.2.2 GRE 10.0.0.1 > 10.0.0.2 ESP, length 44 (96 of 102 captured)
/// 22:13:20.000005 eth0 In 192.0.2.1 > 192.0.2.2 GRE, length 64, comment: of a pcapng savefile
/// - 192.0.2.1 > 192.0.2.2 GRE, length 64
/// ```
///
/// The last one has no time, in a pcapng savefile. Packets of such savefiles have an origin.
///
/// As in the lines of tcpdump, the length is that of the payload of TCP or UDP, or of another protocol in IP with its
/// header. Otherwise it is that of the frame without the header of the link layer.
#[derive(Clone, Debug, Default)]
pub struct PacketLines {
    view: View,
    is_colored: bool,
    times: PacketTimes,
    sequences: Sequences,
    /// The number of packets so far. Copies of this value share it.
    count: Arc<PacketCounter>,
}

impl PacketLines {
    /// Creates a formatter.
    #[must_use]
    pub fn new(view: View) -> PacketLines {
        PacketLines {
            view,
            is_colored: view.is_colored(),
            times: PacketTimes::new(view.time, view.nano),
            sequences: Sequences::default(),
            count: Arc::default(),
        }
    }

    /// Appends the line of a packet, and lines below it if they are wanted.
    pub fn push(
        &mut self,
        out: &mut Vec<u8>,
        linked: &LinkedPacket<'_>,
        interfaces: &mut InterfaceNames,
    ) {
        let LinkedPacket {
            linktype,
            packet,
            origin,
            ..
        } = *linked;
        let known = decode(linktype, packet.data());
        let number = self.count.increment();
        // Writing to memory cannot fail.
        if self.view.number {
            let _ = write!(out, "{number:5}  ");
        }
        let time = linked.time();
        Style::Time.paint(self.is_colored, out, |out| self.times.push(out, time));
        if let Some(origin) = origin {
            let packet_type = known.cooked.as_ref().and_then(|cooked| cooked.packet_type);
            origin.push_start(out, packet_type.is_some());
        }
        push_source(out, known.cooked.as_ref(), interfaces);
        if let Some(cooked) = &known.cooked {
            push_cooked(out, cooked, interfaces);
        }
        let mut tags = 0;
        if self.view.link_header {
            tags = link_header::push(out, linktype, packet.data(), packet.wire_len());
        }
        let is_tag = |outside: &OuterHeader| matches!(outside, OuterHeader::Vlan(_));
        for outside in &known.outer_headers {
            if tags > 0 && is_tag(outside) {
                tags -= 1;
            } else {
                let _ = write!(out, "{outside} ");
            }
        }
        let length = payload_length(&known, linktype, packet);
        self.push_ends(out, &known);
        let first_acknowledged = self.push_protocol(out, &known, length);
        let _ = write!(out, ", length {length}");
        if packet.header().is_truncated() {
            Style::Missing.paint(self.is_colored, out, |out| {
                let (captured, whole) = (packet.caplen(), packet.wire_len());
                let _ = write!(out, " ({captured} of {whole} captured)");
            });
        }
        if let Some(origin) = origin {
            origin.push_end(out);
        }
        out.push(b'\n');
        if self.view.verbosity > 0 {
            self.push_details(out, &known, linktype, packet, number, first_acknowledged);
        }
        if let Some(view) = self.view.bytes {
            let skip = match view.link_header {
                true => 0,
                false => link_header::length(linktype, packet.data()),
            };
            bytes::push(out, view, &packet.data()[skip..]);
        }
    }

    /// Appends `192.0.2.1:80 > 192.0.2.2:4000 `, with a question mark for an unknown end.
    fn push_ends(&self, out: &mut Vec<u8>, known: &Decoded<'_>) {
        let is_mac = |end: Option<Endpoint>| matches!(end, None | Some(Endpoint::Mac(_)));
        let (source, destination) = (known.source, known.destination);
        // The header of the link layer has the MAC addresses.
        if self.view.link_header && is_mac(source) && is_mac(destination) {
            return;
        }
        let mut push = |end: Option<Endpoint>, after: &[u8]| {
            // Writing to memory cannot fail.
            let _ = match end {
                Some(end) => write!(out, "{end}"),
                None => write!(out, "?"),
            };
            out.extend_from_slice(after);
        };
        if source.is_some() || destination.is_some() {
            push(source, b" > ");
            push(destination, b" ");
        }
    }

    /// Appends the protocol and its fields. Returns the difference between the acknowledgment number and the one that
    /// is shown.
    fn push_protocol(&mut self, out: &mut Vec<u8>, known: &Decoded<'_>, length: u32) -> u32 {
        let mut first_acknowledged = 0;
        let content = match self.view.brief {
            true => None,
            false => known.content(),
        };
        let name = match (known.shown_application(content.as_ref()), known.protocol) {
            (Some(name), _) | (None, Protocol::Named(name)) => name,
            _ => "",
        };
        // Writing to memory cannot fail.
        Style::Protocol(name).paint(self.is_colored, out, |out| match name {
            "" => drop(write!(out, "{}", known.protocol)),
            name => out.extend_from_slice(name.as_bytes()),
        });
        if !self.view.brief {
            match known.detail {
                Detail::None => {}
                Detail::Tcp { .. } => {
                    let (view, sequences) = (&self.view, &mut self.sequences);
                    first_acknowledged =
                        tcp::push(out, view, self.is_colored, sequences, known, length);
                }
                ref detail => drop(write!(out, "{detail}")),
            }
        }
        if let Some(content) = content {
            if let Some(name) = known.application_in_tcp(&content) {
                out.push(b' ');
                let style = Style::Protocol(name);
                style.paint(self.is_colored, out, |out| out.extend(name.bytes()));
            }
            let _ = write!(out, "{content}");
        }
        if let Some(part) = known.fragment {
            let _ = write!(out, " fragment {} at {}", part.id, part.offset);
        }
        if known.protocol.is_raw() && !known.rest.is_empty() && !self.view.brief {
            out.push(b' ');
            hex::push(out, &known.rest[..known.rest.len().min(MAX_SHOWN_BYTES)]);
            if known.rest.len() > MAX_SHOWN_BYTES {
                out.extend_from_slice("…".as_bytes());
            }
        }
        first_acknowledged
    }

    /// Appends further fields below the line.
    fn push_details(
        &self,
        out: &mut Vec<u8>,
        known: &Decoded<'_>,
        linktype: Dlt,
        packet: Packet<'_>,
        number: u64,
        first_acknowledged: u32,
    ) {
        if self.view.verbosity > 2 {
            let (captured, whole) = (packet.caplen(), packet.wire_len());
            let time = packet.timestamp().rfc3339();
            let _ = writeln!(
                out,
                "    frame {number}, {linktype}, {whole} bytes, {captured} captured, {time:.9}"
            );
        }
        let details = Details {
            verify: self.view.verify_checksums,
            is_colored: self.is_colored,
            first_acknowledged,
        };
        if self.view.verbosity > 1 {
            let tunnels = known.outer_headers.iter();
            let fragments = tunnels.filter_map(|outside| match outside {
                OuterHeader::Tunnel { fragment, .. } => Some(*fragment),
                _ => None,
            });
            for (ip, fragment) in known.outer_ip.iter().zip(fragments) {
                details.push(out, ip, fragment);
            }
        }
        if let Some(ip) = &known.ip {
            details.push(out, ip, known.fragment);
        }
    }
}

/// Appends the name of the interface, if the capture has several and the packet does not have its own.
fn push_source(out: &mut Vec<u8>, cooked: Option<&Cooked>, interfaces: &InterfaceNames) {
    let has_interface = cooked.is_some_and(|cooked| cooked.interface.is_some());
    if let (Some(name), false) = (interfaces.source(), has_interface) {
        // Writing to memory cannot fail.
        let _ = write!(out, "{} ", name.escape_debug());
    }
}

/// Appends `eth0 Out `, or `if2 Out ` if the interface has no name.
fn push_cooked(out: &mut Vec<u8>, cooked: &Cooked, interfaces: &mut InterfaceNames) {
    if let Some(index) = cooked.interface {
        let _ = match interfaces.name(index) {
            // Interface names may contain any bytes except white space.
            Some(name) => write!(out, "{} ", name.escape_debug()),
            None => write!(out, "if{index} "),
        };
    }
    if let Some(packet_type) = cooked.packet_type {
        let _ = write!(out, "{packet_type} ");
    }
}

/// Returns the length of the payload on the wire.
fn payload_length(known: &Decoded<'_>, linktype: Dlt, packet: Packet<'_>) -> u32 {
    const TCP: u8 = 6;
    const UDP: u8 = 17;
    let (data, wire_len) = (packet.data(), packet.wire_len());
    let Some(ip) = &known.ip else {
        return wire_len.saturating_sub(link_header::length(linktype, data) as u32);
    };
    let start = ip.data.as_ptr().addr() - data.as_ptr().addr();
    let whole = wire_len.saturating_sub(start as u32);
    let length = ip.length.map_or(whole, |length| length.min(whole));
    let header = match (ip.protocol, ip.data.get(ip.payload_at + 12)) {
        _ if known.fragment.is_some() => 0,
        (TCP, Some(byte)) => u32::from(byte >> 4).max(5) * 4,
        (TCP, None) => 20,
        (UDP, _) => 8,
        _ => 0,
    };
    length.saturating_sub(ip.payload_at as u32 + header)
}

/// Appends a packet in hexadecimal: `SECONDS.NANOSECONDS CAPLEN LEN HEX`. HEX is `-` if the packet has no bytes.
pub fn push_raw(out: &mut Vec<u8>, packet: Packet<'_>) {
    let (time, caplen, len) = (packet.timestamp(), packet.caplen(), packet.wire_len());
    let _ = write!(out, "{time} {caplen} {len} ");
    if packet.data().is_empty() {
        out.push(b'-');
    } else {
        hex::push(out, packet.data());
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet_view::TimeFormat;
    use etherparse::PacketBuilder;
    use pcap_core::Timestamp;

    fn line(linktype: Dlt, data: &[u8]) -> String {
        let mut out = Vec::new();
        let packet = Packet::new(Timestamp::EPOCH, data.len() as u32, data);
        let view = View {
            time: TimeFormat::None,
            ..View::default()
        };
        let interfaces = &mut InterfaceNames::default();
        let linked = LinkedPacket::new(linktype, packet);
        PacketLines::new(view).push(&mut out, &linked, interfaces);
        let line = String::from_utf8(out).unwrap();
        line.strip_suffix('\n').unwrap().to_owned()
    }

    fn udp() -> Vec<u8> {
        let mut packet = Vec::new();
        PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .udp(12345, 53)
            .write(&mut packet, b"abc")
            .unwrap();
        packet
    }

    #[test]
    fn a_packet_is_decoded_after_each_link_header() {
        let header = |bytes: &[u8]| [bytes, &udp()].concat();
        let mut ethernet = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
        let tagged = [&ethernet[..], &[0x81, 0, 0, 5, 8, 0]].concat();
        ethernet.extend([8, 0]);
        let mut sll = vec![0; 14];
        sll.extend([8, 0]);
        let mut sll2 = vec![8, 0];
        sll2.extend([0; 18]);
        for (linktype, before) in [
            (Dlt::EN10MB, &ethernet[..]),
            (Dlt::RAW, &[]),
            (Dlt::IPV4, &[]),
            (Dlt::NULL, &[2, 0, 0, 0]),
            (Dlt::LOOP, &[0, 0, 0, 2]),
            (Dlt::LINUX_SLL, &sll),
            (Dlt::LINUX_SLL2, &sll2),
            (Dlt::C_HDLC, &[0x0f, 0, 8, 0]),
            (Dlt::PPP, &[0, 0x21]),
            (Dlt::PPP_SERIAL, &[0xff, 3, 0, 0x21]),
        ] {
            let data = header(before);
            let seen = match linktype {
                Dlt::LINUX_SLL => "In ",
                Dlt::LINUX_SLL2 => "if0 In ",
                _ => "",
            };
            let expected = format!("{seen}192.0.2.1:12345 > 192.0.2.2:53 UDP, length 3");
            assert_eq!(line(linktype, &data), expected, "{linktype}");
        }
        assert!(line(Dlt::EN10MB, &header(&tagged)).starts_with("vlan 5 192.0.2.1:12345 > "));
    }

    #[test]
    fn tcp_icmp_and_arp_fields_are_shown() {
        let mut tcp = Vec::new();
        PacketBuilder::ipv6([0; 16], [1; 16], 64)
            .tcp(80, 4000, 7, 512)
            .syn()
            .ack(8)
            .write(&mut tcp, &[])
            .unwrap();
        assert_eq!(
            line(Dlt::RAW, &tcp),
            "[::]:80 > [101:101:101:101:101:101:101:101]:4000 TCP [S.] seq 7 ack 8 win 512, length 0"
        );
        let mut icmp = Vec::new();
        PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .icmpv4_echo_request(3, 4)
            .write(&mut icmp, &[])
            .unwrap();
        assert_eq!(
            line(Dlt::RAW, &icmp),
            "192.0.2.1 > 192.0.2.2 ICMP echo request id 3 seq 4, length 8"
        );
        let mut arp = vec![0xff; 6];
        arp.extend([2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
        arp.extend([
            2, 0, 0, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 9,
        ]);
        assert_eq!(
            line(Dlt::EN10MB, &arp),
            "192.0.2.1 > 192.0.2.9 ARP request who-has 192.0.2.9 tell 192.0.2.1, length 28"
        );
    }

    #[test]
    fn any_truncated_packet_of_any_link_type_has_a_line() {
        let bytes: Vec<u8> = (0..80).map(|n| (n * 7) as u8).collect();
        for number in 0..300 {
            for length in 0..bytes.len() {
                line(Dlt::new(number), &bytes[..length]);
                line(Dlt::new(number), &udp()[..length.min(31)]);
            }
        }
        assert_eq!(line(Dlt::EN10MB, &[1, 2]), "EN10MB 0102, length 2");
        assert_eq!(line(Dlt::USBPCAP, &[]), "USBPCAP, length 0");
    }

    #[test]
    fn raw_lines_have_nine_decimals_and_a_dash_for_no_bytes() {
        let mut out = Vec::new();
        push_raw(&mut out, Packet::new(Timestamp::new(5, 7), 3, &[]));
        push_raw(&mut out, Packet::new(Timestamp::new(5, 7), 3, &[0xab, 1]));
        assert_eq!(out, b"5.000000007 0 3 -\n5.000000007 2 3 ab01\n");
    }
}
