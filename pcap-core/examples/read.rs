//! Prints the packets of a savefile, pcap or pcapng.
//!
//!     cargo run -p pcap-core --example read -- FILE

use std::env;

use anyhow::Context as _;
use pcap_core::Capture;

fn main() -> anyhow::Result<()> {
    let path = env::args_os().nth(1).context("usage: read FILE")?;
    let mut capture = Capture::from_file(path)?;
    let (mut packets, mut bytes) = (0, 0);
    // A packet is valid until the next call. To keep it, call `into_owned()`.
    while let Some(packet) = capture.next_packet()? {
        let truncated = if packet.header().is_truncated() {
            ", truncated"
        } else {
            ""
        };
        println!(
            "{} {} bytes{truncated}",
            packet.timestamp(),
            packet.wire_len()
        );
        packets += 1;
        bytes += u64::from(packet.wire_len());
    }
    println!("{packets} packets, {bytes} bytes, {}", capture.linktype());
    Ok(())
}
