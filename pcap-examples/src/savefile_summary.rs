//! A line about a savefile that was written.

use std::io::Write;
use std::path::Path;

use pcap_core::{Packet, Timestamp};

use crate::flow::Flow;
use crate::json::Object;

/// The text of `--help` about it.
pub const HELP: &str = "\
JSON:
  One object per line for each savefile written: type (\"file\"), path, packets, bytes (the length
  before compression), first and last (the times of the first and last packet: seconds since
  1970 with nine decimals, as strings; missing if there are no packets). If the path is not
  UTF-8, path has replacement characters, and path_hex has its bytes in hexadecimal.";

/// The contents of a savefile that was written.
#[derive(Clone, Debug, Default)]
pub struct SavefileSummary {
    /// The number of packets.
    pub packets: u64,
    /// The length in bytes.
    pub bytes: u64,
    /// The times of the first and of the last packet.
    pub times: Option<(Timestamp, Timestamp)>,
    /// The flow that all its packets belong to, in the direction of the first.
    pub flow: Option<Flow>,
}

impl SavefileSummary {
    /// Counts a packet that was written.
    pub fn count(&mut self, packet: Packet<'_>) {
        let time = packet.timestamp();
        self.packets += 1;
        self.times.get_or_insert((time, time)).1 = time;
    }

    /// Appends the line for people: `a-00000.pcap: 1000 packets, 116024 bytes`, and the flow.
    pub fn push_line(&self, out: &mut Vec<u8>, path: &Path) {
        let (packets, bytes) = (self.packets, self.bytes);
        out.extend(path.as_os_str().as_encoded_bytes());
        // Writing to memory cannot fail.
        let _ = write!(out, ": {packets} packets, {bytes} bytes");
        if let Some(flow) = &self.flow {
            let _ = write!(out, ", {flow}");
        }
        out.push(b'\n');
    }

    /// Appends the line for other programs: see [`HELP`].
    pub fn push_json(&self, out: &mut Vec<u8>, path: &Path) {
        self.object(out, path).end();
        out.push(b'\n');
    }

    /// Begins the object for other programs. The caller may add members.
    pub fn object<'a>(&self, out: &'a mut Vec<u8>, path: &Path) -> Object<'a> {
        let (first, last) = self.times.unzip();
        let object = Object::new(out)
            .text("type", "file")
            .path("path", path)
            .plain("packets", self.packets)
            .plain("bytes", self.bytes)
            .some_text("first", first)
            .some_text("last", last);
        match &self.flow {
            Some(flow) => {
                let (source, destination) = flow.endpoints.unzip();
                object
                    .text("protocol", flow.protocol)
                    .endpoints(source, destination)
            }
            None => object,
        }
    }
}
