//! Operations on devices of a daemon on 127.0.0.1. At `right`, the same packet arrives all the time.

use std::time::Duration;

use pcap_core::remote::{Auth, Options, Source, devices as list};
use pcap_core::{Capture, Remote};

use crate::output::{Output, Result};

/// The number of packets that an operation reads.
const PACKETS: u64 = 3;

fn options(device: &str) -> Result<Options> {
    let source = Source::remote("127.0.0.1", None, device)?;
    Ok(Options::new(source).timeout(Duration::from_millis(5)))
}

fn read(capture: &mut Capture<Remote>, output: &mut Output) -> Result<()> {
    for _ in 0..PACKETS {
        let packet = capture.next_packet()?;
        output.content(packet.ok_or("expected a packet, found the end")?);
    }
    Ok(())
}

pub(crate) fn devices(output: &mut Output) -> Result<()> {
    for device in list(&"rpcap://127.0.0.1/".parse()?, &Auth::Null)? {
        output.line(format!("{} {:?}", device.name(), device.addresses()));
    }
    Ok(())
}

pub(crate) fn open(device: &str, output: &mut Output) -> Result<()> {
    let capture = options(device)?.open()?;
    output.line(format!("{} {}", capture.datalink(), capture.snaplen()));
    Ok(())
}

pub(crate) fn next(device: &str, output: &mut Output) -> Result<()> {
    read(&mut options(device)?.open()?, output)
}

pub(crate) fn for_each(device: &str, output: &mut Output) -> Result<()> {
    let mut capture = options(device)?.open()?;
    let done = capture.for_each_up_to(PACKETS, |packet| output.content(packet))?;
    output.line(done.packets().to_string());
    Ok(())
}

pub(crate) fn filter(device: &str, output: &mut Output) -> Result<()> {
    let mut capture = options(device)?.filter("udp port 9").open()?;
    // libpcap adds a filter that excludes the packets of the capture itself with the first read.
    capture.set_filter("udp port 12345")?;
    read(&mut capture, output)
}

pub(crate) fn stats(device: &str, output: &mut Output) -> Result<()> {
    let mut capture = options(device)?.open()?;
    read(&mut capture, output)?;
    let stats = capture.stats()?;
    output.line(format!("some received: {}", stats.received > 0));
    Ok(())
}

pub(crate) fn udp(device: &str, output: &mut Output) -> Result<()> {
    read(&mut options(device)?.udp(true).open()?, output)
}
