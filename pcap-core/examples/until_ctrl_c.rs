//! Captures from a device to a savefile until Ctrl-C. The savefile contains every packet that has arrived by then.
//!
//!     cargo run -p pcap-core --example until_ctrl_c -- DEVICE FILE

use std::env;

use anyhow::bail;
use pcap_core::{Capture, End, Stop};

fn main() -> anyhow::Result<()> {
    let mut args = env::args_os().skip(1);
    let (Some(device), Some(path)) = (args.next(), args.next()) else {
        bail!("usage: until_ctrl_c DEVICE FILE");
    };
    let mut capture = Capture::from_device(device).activate()?;
    let mut dumper = capture.dump(path)?;
    // Ctrl-C ends the reading call, not the program.
    let handle = capture.break_handle();
    ctrlc::set_handler(move || handle.breakloop())?;
    eprintln!("capturing on {}; Ctrl-C ends it", capture.name());

    let mut packets = 0;
    loop {
        let done = capture.try_for_each(|packet| dumper.write(packet))?;
        packets += done.packets();
        match done.stop() {
            // No new packets from here on. The next iteration reads those that have arrived, up to `Eof`.
            Stop::End(End::Break) => capture.stop()?,
            _ => break,
        }
    }
    dumper.close()?;
    let stats = capture.close()?;
    eprintln!("{packets} packets written");
    eprintln!("{} received, {} dropped", stats.received, stats.dropped);
    Ok(())
}
