//! Formats packets and statistics as lines of JSON.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;

use pcap_core::{Dlt, Packet, Stats};

use crate::background_writer::Totals;
use crate::decode::{Cooked, Detail, Endpoint, OuterHeader, decode, tcp_flags};
use crate::escape;
use crate::hex;
use crate::interface_names::InterfaceNames;
use crate::packet_origin::PacketOrigin;

/// The section of `--help` about the JSON of packets.
pub const HELP: &str = "\
JSON:
  One line per packet, with an object of type (\"packet\"), time (seconds since 1970 with nine
  decimals, as a string), caplen and len (in bytes), linktype, vlans, mpls (labels), pppoe
  (sessions), tunnels (objects of protocol, id, source, source_port, destination and
  destination_port, the outermost first), protocol, source, source_port, destination,
  destination_port, flags (of TCP), fragment (an object of id, and offset in bytes), info and
  data (in hexadecimal). Packets of Linux's cooked link types also have interface_index (only
  with LINUX_SLL2), interface (its name, only in live captures), direction (\"in\" or \"out\"),
  packet_type (\"host\", \"broadcast\", \"multicast\", \"otherhost\", \"outgoing\" or a number) and
  hardware_type (the number of Linux's ARPHRD_ constant). Packets of pcapng savefiles also have
  section (its number, from the second one on), interface_id (the number of the interface in its
  section, from 0), interface (its name), direction, reception (\"unicast\", \"multicast\",
  \"broadcast\" or \"promiscuous\"), packet_flags (a number), dropped (packets lost before it),
  packet_id, queue, process and thread (their numbers), link_errors and comments (arrays of
  strings). Members are missing if the packet does not have them or is truncated before them.";

/// A JSON object that is being written. Members appear in the order in which they are added.
#[derive(Debug)]
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl Object<'_> {
    /// Begins an object at the end of `out`.
    pub fn new(out: &mut Vec<u8>) -> Object<'_> {
        out.push(b'{');
        Object { out, first: true }
    }

    /// Adds a member. The closure appends its value.
    pub fn member(mut self, name: &str, value: impl FnOnce(&mut Vec<u8>)) -> Self {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        string(self.out, name);
        self.out.push(b':');
        value(self.out);
        self
    }

    /// Adds a string.
    #[must_use]
    pub fn text(self, name: &str, value: impl Display) -> Self {
        self.member(name, |out| string(out, &value.to_string()))
    }

    /// Adds a string, if there is one.
    #[must_use]
    pub fn some_text(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Adds a path. If it is not UTF-8, also adds its bytes in hexadecimal as `NAME_hex`.
    #[must_use]
    pub fn path(self, name: &str, path: &Path) -> Self {
        let object = self.text(name, path.display());
        if path.to_str().is_some() {
            return object;
        }
        object.member(&format!("{name}_hex"), |out| {
            out.push(b'"');
            hex::push(out, path.as_os_str().as_encoded_bytes());
            out.push(b'"');
        })
    }

    /// Adds a number or a Boolean.
    #[must_use]
    pub fn plain(self, name: &str, value: impl Display) -> Self {
        self.member(name, |out| {
            // Writing to memory cannot fail.
            let _ = write!(out, "{value}");
        })
    }

    /// Adds the known endpoints, as described in [`HELP`].
    #[must_use]
    pub fn endpoints(mut self, source: Option<Endpoint>, destination: Option<Endpoint>) -> Self {
        for (name, port_name, end) in [
            ("source", "source_port", source),
            ("destination", "destination_port", destination),
        ] {
            self = match end {
                Some(Endpoint::Socket(socket)) => {
                    self.text(name, socket.ip()).plain(port_name, socket.port())
                }
                address => self.some_text(name, address),
            };
        }
        self
    }

    /// Adds a number, if there is one.
    #[must_use]
    pub fn some_plain(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.plain(name, value),
            None => self,
        }
    }

    /// Adds an array of numbers, unless it is empty.
    fn numbers(self, name: &str, numbers: &[u32]) -> Self {
        if numbers.is_empty() {
            return self;
        }
        self.member(name, |out| {
            list(out, numbers, |out, number| {
                let _ = write!(out, "{number}");
            });
        })
    }

    /// Adds the members for Linux's cooked header.
    fn cooked(self, cooked: &Cooked, interfaces: &mut InterfaceNames) -> Self {
        let name = cooked.interface.and_then(|index| interfaces.name(index));
        self.some_plain("interface_index", cooked.interface)
            .some_text("interface", name)
            .some_text("direction", cooked.direction())
            .some_text("packet_type", cooked.packet_type.map(|kind| kind.name()))
            .some_plain("hardware_type", cooked.hardware)
    }

    /// Adds the members for the headers around the packet.
    fn outer_headers(self, headers: &[OuterHeader]) -> Self {
        if headers.is_empty() {
            return self;
        }
        let numbers = |of: fn(&OuterHeader) -> Option<u32>| -> Vec<u32> {
            headers.iter().filter_map(of).collect()
        };
        let vlans = numbers(|outside| match *outside {
            OuterHeader::Vlan(number) => Some(number.into()),
            _ => None,
        });
        let labels = numbers(|outside| match *outside {
            OuterHeader::Mpls(label) => Some(label),
            _ => None,
        });
        let sessions = numbers(|outside| match *outside {
            OuterHeader::Pppoe(session) => Some(session.into()),
            _ => None,
        });
        let this = self
            .numbers("vlans", &vlans)
            .numbers("mpls", &labels)
            .numbers("pppoe", &sessions);
        let is_tunnel = |outside: &&OuterHeader| matches!(outside, OuterHeader::Tunnel { .. });
        let mut tunnels = headers.iter().filter(is_tunnel).peekable();
        if tunnels.peek().is_none() {
            return this;
        }
        this.member("tunnels", |out| list(out, tunnels, tunnel))
    }

    /// Ends the object.
    pub fn end(self) {
        self.out.push(b'}');
    }
}

/// Appends a string, quoted and escaped. Also escapes the control characters that JSON permits, because a terminal would
/// execute them.
pub fn string(out: &mut Vec<u8>, text: &str) {
    // Neither serializing a string nor writing to memory can fail.
    if !text.chars().any(escape::is_control) {
        let _ = serde_json::to_writer(out, text);
        return;
    }
    let quoted = serde_json::to_string(text).unwrap_or_default();
    for character in quoted.chars() {
        let _ = match escape::is_control(character) {
            true => write!(out, "\\u{:04x}", u32::from(character)),
            false => write!(out, "{character}"),
        };
    }
}

/// Appends an array. The closure appends each element.
pub fn list<T>(
    out: &mut Vec<u8>,
    elements: impl IntoIterator<Item = T>,
    mut add: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, element) in elements.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        add(out, element);
    }
    out.push(b']');
}

/// Appends a tunnel as an object.
fn tunnel(out: &mut Vec<u8>, outside: &OuterHeader) {
    if let OuterHeader::Tunnel {
        protocol,
        source,
        destination,
        id,
        ..
    } = *outside
    {
        Object::new(out)
            .text("protocol", protocol)
            .some_plain("id", id)
            .endpoints(source, destination)
            .end();
    }
}

/// Appends a packet as one line, as described in [`HELP`]. Packets of pcapng savefiles have an origin.
pub fn push(
    out: &mut Vec<u8>,
    linktype: Dlt,
    interfaces: &mut InterfaceNames,
    packet: Packet<'_>,
    origin: Option<&PacketOrigin<'_>>,
) {
    let known = decode(linktype, packet.data());
    let has_time = origin.is_none_or(PacketOrigin::has_time);
    let mut object = Object::new(out)
        .text("type", "packet")
        .some_text("time", has_time.then(|| packet.timestamp()))
        .plain("caplen", packet.caplen())
        .plain("len", packet.wire_len())
        .text("linktype", linktype);
    if let Some(cooked) = &known.cooked {
        object = object.cooked(cooked, interfaces);
    }
    if let Some(origin) = origin {
        let direction = known.cooked.as_ref().and_then(Cooked::direction);
        object = origin.add_to(object, direction.is_some());
    }
    object = object
        .outer_headers(&known.outer_headers)
        .text("protocol", known.protocol)
        .endpoints(known.source, known.destination);
    if let Detail::Tcp {
        flags: Some(flags), ..
    } = known.detail
    {
        object = object.member("flags", |out| list(out, tcp_flags(flags), string));
    }
    if let Some(part) = known.fragment {
        object = object.member("fragment", |out| {
            Object::new(out)
                .plain("id", part.id)
                .plain("offset", part.offset)
                .end();
        });
    }
    let info = known.info();
    if !info.is_empty() {
        object = object.text("info", info.trim_start());
    }
    object
        .member("data", |out| {
            out.push(b'"');
            hex::push(out, packet.data());
            out.push(b'"');
        })
        .end();
    out.push(b'\n');
}

/// Appends the statistics of a capture as one line, with the number of packets and bytes written.
pub fn push_statistics(
    out: &mut Vec<u8>,
    written: Totals,
    not_written: u64,
    stats: Option<&Stats>,
) {
    let object = Object::new(out)
        .text("type", "statistics")
        .plain("packets", written.packets)
        .plain("bytes", written.bytes)
        .plain("not_written", not_written);
    match stats {
        Some(stats) => object
            .plain("received", stats.received)
            .plain("dropped", stats.dropped)
            .plain("if_dropped", stats.if_dropped)
            .end(),
        None => object.end(),
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use pcap_core::Timestamp;

    #[test]
    fn a_packet_is_one_line_of_valid_json() {
        let mut frame = vec![0; 12];
        frame.extend([0x81, 0, 0, 5, 8, 0]);
        etherparse::PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .tcp(80, 4000, 7, 512)
            .fin()
            .write(&mut frame, b"abc")
            .unwrap();
        let mut out = Vec::new();
        let packet = Packet::new(Timestamp::new(1, 5), 1514, &frame);
        push(
            &mut out,
            Dlt::EN10MB,
            &mut InterfaceNames::default(),
            packet,
            None,
        );
        let line = String::from_utf8(out).unwrap();
        assert_eq!(line.find('\n'), Some(line.len() - 1));
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["time"], "1.000000005");
        assert_eq!(value["len"], 1514);
        assert_eq!(value["vlans"], serde_json::json!([5]));
        assert_eq!(value["source"], "192.0.2.1");
        assert_eq!(value["destination_port"], 4000);
        assert_eq!(value["flags"], serde_json::json!(["FIN"]));
        assert_eq!(value["info"], "FIN seq 7 win 512");
        assert_eq!(value["data"].as_str().unwrap().len(), 2 * frame.len());
    }
}
