//! Prints the packets and bytes that a device receives each second, until Ctrl-C, and then the statistics.
//!
//!     cargo run -p pcap-core --example statistics -- DEVICE

use std::env;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use pcap_core::{Capture, Stop};

fn main() -> anyhow::Result<()> {
    let device = env::args_os().nth(1).context("usage: statistics DEVICE")?;
    // With a small snaplen, more packets fit into the kernel's buffer. `wire_len` is not affected.
    let mut capture = Capture::from_device(device).snaplen(64).activate()?;
    let handle = capture.break_handle();
    ctrlc::set_handler(move || handle.breakloop())?;

    let (mut packets, mut bytes, mut since) = (0, 0, Instant::now());
    loop {
        // Returns after the packet-buffer timeout, by default 100 ms, even if there are no packets.
        let done = capture.dispatch(|packet| bytes += u64::from(packet.wire_len()))?;
        packets += done.packets();
        if matches!(done.stop(), Stop::End(_)) {
            break;
        }
        if since.elapsed() >= Duration::from_secs(1) {
            let dropped = capture.stats()?.dropped;
            println!("{packets} packets, {bytes} bytes; {dropped} dropped so far");
            (packets, bytes, since) = (0, 0, Instant::now());
        }
    }
    let stats = capture.close()?;
    println!("{} received, {} dropped", stats.received, stats.dropped);
    Ok(())
}
