//! Copies a savefile to a pcapng file, and adds a comment to the file and to each truncated packet.
//!
//!     cargo run -p pcap-core --example pcapng -- IN OUT

use std::env;

use anyhow::{bail, ensure};
use pcap_core::Capture;
use pcap_core::pcapng::{Interface, Record, Section};

fn main() -> anyhow::Result<()> {
    let mut args = env::args().skip(1);
    let (Some(input), Some(output)) = (args.next(), args.next()) else {
        bail!("usage: pcapng IN OUT");
    };
    ensure!(
        input != output,
        "cannot write `{output}`: it is also the input"
    );
    let mut capture = Capture::from_file(&input)?;
    let section = Section::new().with_comment(format!("copied from {input}"));
    let mut dumper = section.dump(&output)?;
    // A pcapng file may have several interfaces, each with its own link type. A pcap file has one.
    let interface = dumper.add_interface(&Interface::for_capture(&capture).with_name("eth0"))?;
    let done = capture.try_for_each(|packet| {
        let mut record = Record::new(packet);
        if packet.header().is_truncated() {
            record = record.comment("truncated");
        }
        dumper.write_record(interface, &record)
    })?;
    dumper.close()?;
    println!("{} packets copied", done.packets());
    Ok(())
}
