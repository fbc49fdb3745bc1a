//! Prints the packets of two devices on one thread, with tokio, until Ctrl-C.
//!
//!     cargo run -p pcap-core --features tokio --example two_devices -- DEVICE DEVICE

use std::env;

use anyhow::bail;
use pcap_core::stream::{AsyncCapture, Tokio};
use pcap_core::{Active, BreakHandle, Capture, End};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut args = env::args_os().skip(1);
    let (Some(left), Some(right)) = (args.next(), args.next()) else {
        bail!("usage: two_devices DEVICE DEVICE");
    };
    let mut left = Capture::from_device(left).activate()?.into_tokio()?;
    let mut right = Capture::from_device(right).activate()?.into_tokio()?;
    let handles = [left.break_handle(), right.break_handle()];
    ctrlc::set_handler(move || handles.iter().for_each(BreakHandle::breakloop))?;

    let (left, right) = tokio::try_join!(print(&mut left), print(&mut right))?;
    println!("{} packets in all", left + right);
    Ok(())
}

/// Prints the packets of one device that arrive before a break.
async fn print(capture: &mut AsyncCapture<Active, Tokio>) -> pcap_core::Result<u64> {
    let name = capture.get_ref().name().to_owned();
    let mut packets = 0;
    while capture.ended() != Some(End::Eof) {
        while let Some(packet) = capture.next_packet().await? {
            println!("{name}: {} {} bytes", packet.timestamp(), packet.wire_len());
            packets += 1;
        }
        capture.get_mut().stop()?; // after Ctrl-C: the next iteration reads the packets that have arrived
    }
    Ok(packets)
}
