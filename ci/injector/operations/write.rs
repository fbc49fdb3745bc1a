//! Operations that write savefiles.

use std::fs::File;
use std::io::Write;

use pcap_core::pcapng::{Interface, PcapngDumper, Record, Section};
use pcap_core::{Capture, Dumper, Linktype, Packet, Precision, Timestamp};

use crate::output::{Output, Result, kept};

/// The number of packets to write: more than fit into a dumper's buffer of 256 KiB.
const PACKETS: u32 = 4000;

/// Calls a closure with each packet.
fn packets(mut with: impl FnMut(u32, Packet<'_>) -> Result<()>) -> Result<()> {
    let mut data = [0; 100];
    for number in 0..PACKETS {
        data[96..].copy_from_slice(&number.to_be_bytes());
        with(
            number,
            Packet::whole(Timestamp::new(i64::from(number), 5000), &data),
        )?;
    }
    Ok(())
}

fn fill(path: &str, mut dumper: Dumper, output: &mut Output) -> Result<()> {
    packets(|number, packet| {
        dumper.write(packet)?;
        if number % 1500 == 100 {
            dumper.flush()?;
            kept(path, dumper.position())?;
        }
        Ok(())
    })?;
    let length = dumper.position();
    dumper.close()?;
    kept(path, length)?;
    output.line(length.to_string());
    Ok(())
}

pub(crate) fn classic(path: &str, output: &mut Output) -> Result<()> {
    fill(path, Capture::dead(Linktype::ETHERNET)?.dump(path)?, output)
}

pub(crate) fn nano(path: &str, output: &mut Output) -> Result<()> {
    fill(
        path,
        Capture::dead_with(Linktype::ETHERNET, 65_535, Precision::Nano)?.dump(path)?,
        output,
    )
}

pub(crate) fn open_file(path: &str, output: &mut Output) -> Result<()> {
    fill(
        path,
        Capture::dead(Linktype::ETHERNET)?.dump_open_file(File::create(path)?)?,
        output,
    )
}

/// A writer that is no file to pcap-core.
struct Plain(File);

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

pub(crate) fn writer(path: &str, output: &mut Output) -> Result<()> {
    fill(
        path,
        Capture::dead(Linktype::ETHERNET)?.dump_to(Plain(File::create(path)?))?,
        output,
    )
}

pub(crate) fn append(path: &str, output: &mut Output) -> Result<()> {
    let capture = Capture::from_file(path)?;
    kept(path, std::fs::metadata(path)?.len())?;
    fill(path, capture.dump_append(path)?, output)
}

fn fill_pcapng(path: &str, mut dumper: PcapngDumper, output: &mut Output) -> Result<()> {
    let interface = Interface::for_capture(&Capture::dead(Linktype::ETHERNET)?).with_name("eth0");
    let interface = dumper.add_interface(&interface)?;
    packets(|number, packet| {
        match number % 1000 {
            0 => dumper.write_record(interface, &Record::new(packet).comment("a comment"))?,
            _ => dumper.write(interface, packet)?,
        }
        if number % 1500 == 100 {
            dumper.flush()?;
            kept(path, dumper.position())?;
        }
        Ok(())
    })?;
    let length = dumper.position();
    dumper.close()?;
    kept(path, length)?;
    output.line(length.to_string());
    Ok(())
}

pub(crate) fn pcapng(path: &str, output: &mut Output) -> Result<()> {
    fill_pcapng(
        path,
        Section::new().with_comment("a section").dump(path)?,
        output,
    )
}

pub(crate) fn append_pcapng(path: &str, output: &mut Output) -> Result<()> {
    kept(path, std::fs::metadata(path)?.len())?;
    fill_pcapng(path, PcapngDumper::append(path)?, output)
}

pub(crate) fn copy(from: &str, to: &str, output: &mut Output) -> Result<()> {
    let mut capture = Capture::from_file(from)?;
    let mut dumper = capture.dump(to)?;
    let done = capture.try_for_each(|packet| dumper.write(packet))?;
    let length = dumper.position();
    dumper.close()?;
    kept(to, length)?;
    output.line(done.packets().to_string());
    Ok(())
}
