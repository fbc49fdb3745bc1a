//! Sends a broadcast frame, and then a queue of ten frames, on an Ethernet device.
//!
//!     cargo run -p pcap-core --example send -- DEVICE

use std::env;

use anyhow::{Context as _, ensure};
use pcap_core::{Capture, Dlt, SendQueue};

fn main() -> anyhow::Result<()> {
    let device = env::args_os().nth(1).context("usage: send DEVICE")?;
    let capture = Capture::from_device(device).activate()?;
    ensure!(
        capture.datalink() == Dlt::EN10MB,
        "cannot send on `{}`: expected an Ethernet device, found {}",
        capture.name(),
        capture.datalink()
    );
    let mut frame = [0xff; 60];
    frame[6..12].copy_from_slice(&[0x02, 0, 0, 0, 0, 0x01]);
    frame[12..14].copy_from_slice(&[0x88, 0xb5]); // an EtherType for local experiments
    let bytes = capture.inject(&frame)?;
    println!("1 frame sent, {bytes} bytes");

    let mut queue = SendQueue::new();
    for number in 0..10 {
        frame[14] = number;
        queue.push(&frame)?;
    }
    // If sending the queue fails, the error names the frame that was not sent.
    let bytes = capture.inject_queue(&queue)?;
    println!("{} frames sent, {bytes} bytes", queue.len());
    Ok(())
}
