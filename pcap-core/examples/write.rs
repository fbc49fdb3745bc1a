//! Writes a savefile of generated packets.
//!
//!     cargo run -p pcap-core --example write -- FILE

use std::env;
use std::time::Duration;

use anyhow::Context as _;
use pcap_core::{Capture, Linktype, Packet, Timestamp};

fn main() -> anyhow::Result<()> {
    let path = env::args_os().nth(1).context("usage: write FILE")?;
    // A dead capture has a link type but no packets. Writing a savefile requires only the link type.
    let mut dumper = Capture::dead(Linktype::ETHERNET)?.dump(path)?;
    let mut frame = [0xff; 60]; // to the broadcast address
    frame[6..12].copy_from_slice(&[0x02, 0, 0, 0, 0, 0x01]); // from a locally administered address
    frame[12..14].copy_from_slice(&[0x88, 0xb5]); // an EtherType for local experiments
    let start = Timestamp::now();
    for number in 0..3 {
        frame[14] = number;
        let time = start + Duration::from_millis(10) * u32::from(number);
        dumper.write(Packet::whole(time, &frame))?;
    }
    // The first 14 bytes of a packet whose length on the wire was 1514.
    dumper.write(Packet::new(
        start + Duration::from_secs(1),
        1514,
        &frame[..14],
    ))?;
    println!("{} bytes in {}", dumper.position(), dumper.name());
    dumper.close()?;
    Ok(())
}
