//! Prints the first ten packets of a device, each as soon as it arrives.
//!
//!     cargo run -p pcap-core --example capture -- [DEVICE]
//!
//! Capturing requires privileges. If they are missing, the error says how to obtain them.

use std::env;

use pcap_core::{Capture, Device, DeviceName};

fn main() -> pcap_core::Result<()> {
    let device: DeviceName = match env::args_os().nth(1) {
        Some(name) => name.into(),
        None => Device::default_device()?.into(),
    };
    let mut capture = Capture::from_device(device)
        .promisc(true)
        .immediate_mode(true) // no delay, at the cost of one wake-up per packet
        .activate()?;
    eprintln!("capturing on {}, {}", capture.name(), capture.datalink());
    capture.for_each_up_to(10, |packet| {
        let start = &packet.data()[..packet.data().len().min(14)];
        println!(
            "{} {} bytes: {start:02x?}",
            packet.timestamp(),
            packet.wire_len()
        );
    })?;
    Ok(())
}
