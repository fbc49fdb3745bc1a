//! JSON: a packet or the statistics as one line.

use std::fmt::Display;
use std::io::Write;

use pcap_core::{Dlt, Packet, Stats};

use crate::decode::{Detail, Endpoint, decode, tcp_flags};
use crate::hex;
use crate::outlet::Tally;

/// What `--help` says of the packets.
pub const HELP: &str = "\
JSON:
  One object per line and packet: type (\"packet\"), time (seconds since 1970 with nine digits of
  the fraction, as a string), caplen and len (bytes), linktype, vlans, protocol, source,
  source_port, destination, destination_port, flags (of TCP), info, data (hexadecimal). What a
  packet does not have is left out.";

/// An object in the making: members in the order in which they are added.
#[derive(Debug)]
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl Object<'_> {
    /// Begins an object.
    pub fn new(out: &mut Vec<u8>) -> Object<'_> {
        out.push(b'{');
        Object { out, first: true }
    }

    /// Adds a name, and hands the place for its value to the closure.
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

    /// A string.
    #[must_use]
    pub fn text(self, name: &str, value: impl Display) -> Self {
        self.member(name, |out| string(out, &value.to_string()))
    }

    /// A string, if there is one.
    #[must_use]
    pub fn some_text(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// A number, or `true` and `false`.
    #[must_use]
    pub fn plain(self, name: &str, value: impl Display) -> Self {
        self.member(name, |out| {
            // Writing to memory cannot fail.
            let _ = write!(out, "{value}");
        })
    }

    /// From whom and to whom, if that is known, as [`HELP`] says.
    #[must_use]
    pub fn ends(mut self, ends: Option<(Endpoint, Endpoint)>) -> Self {
        let Some((source, destination)) = ends else {
            return self;
        };
        for (name, port_name, end) in [
            ("source", "source_port", source),
            ("destination", "destination_port", destination),
        ] {
            self = match end {
                Endpoint::Socket(socket) => {
                    self.text(name, socket.ip()).plain(port_name, socket.port())
                }
                address => self.text(name, address),
            };
        }
        self
    }

    /// Ends the object.
    pub fn end(self) {
        self.out.push(b'}');
    }
}

/// A string with its quotes and escapes.
fn string(out: &mut Vec<u8>, text: &str) {
    // Strings have no errors, and neither has memory.
    let _ = serde_json::to_writer(out, text);
}

/// A list: the closure adds each of its elements.
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

/// Adds a packet as one line: see [`HELP`].
pub fn push(out: &mut Vec<u8>, linktype: Dlt, packet: Packet<'_>) {
    let known = decode(linktype, packet.data());
    let mut object = Object::new(out)
        .text("type", "packet")
        .text("time", packet.timestamp())
        .plain("caplen", packet.caplen())
        .plain("len", packet.len())
        .text("linktype", linktype);
    if !known.vlans.is_empty() {
        object = object.member("vlans", |out| {
            list(out, &known.vlans, |out, vlan| {
                let _ = write!(out, "{vlan}");
            });
        });
    }
    object = object.text("protocol", known.protocol);
    object = object.ends(known.ends);
    if let Detail::Tcp { flags, .. } = known.detail {
        object = object.member("flags", |out| list(out, tcp_flags(flags), string));
    }
    if known.detail != Detail::None {
        object = object.text("info", known.detail.to_string().trim_start());
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

/// Adds the statistics of a capture as one line, with the packets and bytes that came of it.
pub fn push_statistics(out: &mut Vec<u8>, written: Tally, not_written: u64, stats: &Stats) {
    Object::new(out)
        .text("type", "statistics")
        .plain("packets", written.packets)
        .plain("bytes", written.bytes)
        .plain("not_written", not_written)
        .plain("received", stats.received)
        .plain("dropped", stats.dropped)
        .plain("if_dropped", stats.if_dropped)
        .end();
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
        push(&mut out, Dlt::EN10MB, packet);
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
