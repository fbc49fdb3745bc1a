//! What an operation prints.

use std::io::{self, Write as _};

use pcap_core::Packet;

/// The result of an operation.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Collects lines, and a digest of packets.
#[derive(Default)]
pub(crate) struct Output {
    text: String,
    packets: u64,
    digest: u64,
}

impl Output {
    /// Adds a line.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    /// Adds a packet with its time.
    pub(crate) fn packet(&mut self, packet: Packet<'_>) {
        let time = packet.timestamp();
        self.bytes(&time.secs().to_be_bytes());
        self.bytes(&time.subsec_nanos().to_be_bytes());
        self.content(packet);
    }

    /// Adds a packet without its time.
    pub(crate) fn content(&mut self, packet: Packet<'_>) {
        self.packets += 1;
        self.bytes(&packet.wire_len().to_be_bytes());
        self.bytes(packet.data());
    }

    /// Adds bytes to the digest.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Prints everything.
    pub(crate) fn print(mut self) -> Result<()> {
        let last = format!("{} packets, digest {:016x}", self.packets, self.digest);
        self.line(last);
        io::stdout().write_all(self.text.as_bytes())?;
        io::stdout().flush()?;
        Ok(())
    }
}

/// Prints at once that a file has this length: `ci/torture` checks it even after a failure.
pub(crate) fn kept(name: &str, length: u64) -> Result<()> {
    io::stdout().write_all(format!("kept {name} {length}\n").as_bytes())?;
    io::stdout().flush()?;
    Ok(())
}
