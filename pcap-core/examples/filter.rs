//! Copies the packets that match a filter from one savefile to another.
//!
//!     cargo run -p pcap-core --example filter -- IN OUT 'udp port 53'

use std::env;

use anyhow::{bail, ensure};
use pcap_core::Capture;

fn main() -> anyhow::Result<()> {
    let args: Vec<_> = env::args().skip(1).collect();
    let [input, output, expression] = &args[..] else {
        bail!("usage: filter IN OUT EXPRESSION");
    };
    ensure!(
        input != output,
        "cannot write `{output}`: it is also the input"
    );
    let mut capture = Capture::from_file(input)?;
    capture.set_filter(expression)?;
    // The new savefile has the link type, snaplen and precision of the old one.
    let mut dumper = capture.dump(output)?;
    let done = capture.try_for_each(|packet| dumper.write(packet))?;
    dumper.close()?; // returns write errors, which dropping the dumper would hide
    println!("{} packets pass `{expression}`", done.packets());
    Ok(())
}
