//! Summarizes a savefile that was written, as a line of text or JSON.

use std::io::Write;
use std::path::Path;

use pcap_core::{Packet, Timestamp};

use crate::counted;
use crate::flow::Flow;
use crate::json::{self, Object};

/// The section of `--help` about the JSON line.
pub const HELP: &str = "\
JSON:
  One line per savefile written, with an object of schema (the version of the schema: 1), type
  (\"file\"), path, packets, bytes (the length before compression), first and last (the times of the first and last packet: seconds since
  1970 with nine decimals, as strings; packets without a time do not count). If the path is not
  UTF-8, path contains replacement characters, and path_hex contains its bytes in hexadecimal.";

/// The summary of a savefile that was written.
#[derive(Clone, Debug, Default)]
pub struct SavefileSummary {
    /// The number of packets.
    pub packets: u64,
    /// The length before compression, in bytes.
    pub bytes: u64,
    /// The times of the first and last packet written.
    pub times: Option<(Timestamp, Timestamp)>,
    /// The flow that all packets belong to, in the direction of the first packet.
    pub flow: Option<Flow>,
}

impl SavefileSummary {
    /// Counts a packet that was written.
    pub fn count(&mut self, packet: Packet<'_>) {
        self.count_at(Some(packet.timestamp()));
    }

    /// Counts a packet that was written, with this time if it has one.
    pub fn count_at(&mut self, time: Option<Timestamp>) {
        self.packets += 1;
        if let Some(time) = time {
            self.times.get_or_insert((time, time)).1 = time;
        }
    }

    /// Appends a line of text, such as `a-00000.pcap: 1000 packets, 116024 bytes`, followed by the flow.
    pub fn push_line(&self, out: &mut Vec<u8>, path: &Path) {
        let (packets, bytes) = (counted::packets(self.packets), counted::bytes(self.bytes));
        out.extend(path.as_os_str().as_encoded_bytes());
        // Writing to memory cannot fail.
        let _ = write!(out, ": {packets}, {bytes}");
        if let Some(flow) = &self.flow {
            let _ = write!(out, ", {flow}");
        }
        out.push(b'\n');
    }

    /// Appends a line of JSON, as described in [`HELP`].
    pub fn push_json(&self, out: &mut Vec<u8>, path: &Path) {
        self.object(out, path).end();
        out.push(b'\n');
    }

    /// Begins the JSON object. The caller may add members.
    pub fn object<'a>(&self, out: &'a mut Vec<u8>, path: &Path) -> Object<'a> {
        let (first, last) = self.times.unzip();
        let object = Object::of_type(out, "file")
            .path("path", path)
            .plain("packets", self.packets)
            .plain("bytes", self.bytes)
            .some_text("first", first)
            .some_text("last", last);
        match &self.flow {
            Some(flow) => {
                let (source, destination) = flow.endpoints.unzip();
                let mut vlans = flow.vlans().peekable();
                let object = match vlans.peek() {
                    Some(_) => object.member("vlans", |out| {
                        json::list(out, vlans, |out, vlan| out.extend(vlan.to_string().bytes()));
                    }),
                    None => object,
                };
                object
                    .text("protocol", flow.protocol)
                    .endpoints(source, destination)
            }
            None => object,
        }
    }
}
