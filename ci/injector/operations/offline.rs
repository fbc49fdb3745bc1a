//! Operations on savefiles and filters.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write as _};
use std::os::fd::AsFd as _;

use pcap_core::{Capture, CompileOptions, Dlt, Filter, FilterTerm, Linktype, Offline, PacketBatch};

use crate::output::{Output, Result};

fn all(mut capture: Capture<Offline>, output: &mut Output) -> Result<()> {
    output.line(format!("{} {}", capture.datalink(), capture.snaplen()));
    while let Some(packet) = capture.next_packet()? {
        output.packet(packet);
    }
    Ok(())
}

pub(crate) fn next(path: &str, output: &mut Output) -> Result<()> {
    all(Capture::from_file(path)?, output)
}

pub(crate) fn open_file(path: &str, output: &mut Output) -> Result<()> {
    all(Capture::from_open_file(File::open(path)?)?, output)
}

/// A reader that is no file to pcap-core.
struct Plain(File);

impl Read for Plain {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

pub(crate) fn reader(path: &str, output: &mut Output) -> Result<()> {
    all(Capture::from_reader(Plain(File::open(path)?))?, output)
}

pub(crate) fn stdin_file() -> Result<File> {
    Ok(std::io::stdin().as_fd().try_clone_to_owned()?.into())
}

pub(crate) fn stdin(output: &mut Output) -> Result<()> {
    all(Capture::from_open_file(stdin_file()?)?, output)
}

pub(crate) fn batches(path: &str, output: &mut Output) -> Result<()> {
    let mut capture = Capture::from_file(path)?;
    let mut batch = PacketBatch::new();
    while capture.read_batch(&mut batch)? {
        for packet in batch.iter() {
            output.packet(packet);
        }
    }
    Ok(())
}

pub(crate) fn for_each(path: &str, output: &mut Output) -> Result<()> {
    let done = Capture::from_file(path)?.for_each(|packet| output.packet(packet))?;
    output.line(done.packets().to_string());
    Ok(())
}

pub(crate) fn iterator(path: &str, output: &mut Output) -> Result<()> {
    for packet in Capture::from_file(path)?.packets() {
        output.packet(packet?.as_packet());
    }
    Ok(())
}

pub(crate) fn filtered(path: &str, output: &mut Output) -> Result<()> {
    let mut capture = Capture::from_file(path)?;
    capture.set_filter("udp and ether[59] & 1 = 1")?;
    all(capture, output)
}

/// Reads to the end, adds a packet to the file, and reads that.
pub(crate) fn follow(path: &str, output: &mut Output) -> Result<()> {
    let mut capture = Capture::from_file(path)?;
    capture.follow(true)?;
    for packet in 0..20 {
        let packet_read = capture
            .next_packet()?
            .ok_or(format!("expected packet {packet}, found none"))?;
        output.packet(packet_read);
    }
    let mut file = OpenOptions::new().append(true).open(path)?;
    let mut record = [1, 2, 4, 4].map(u32::to_le_bytes).concat();
    record.extend([1, 2, 3, 4]);
    file.write_all(&record)?;
    output.packet(
        capture
            .next_packet()?
            .ok_or("expected the added packet, found none")?,
    );
    Ok(())
}

pub(crate) fn blocks(path: &str, output: &mut Output) -> Result<()> {
    let mut reader = pcap_core::pcapng::Reader::open(path)?;
    let mut blocks = 0;
    while reader.advance()? {
        blocks += 1;
    }
    output.line(format!("{blocks} blocks, {} bytes", reader.position()));
    Ok(())
}

fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?
        .block_on(future)
}

async fn await_all(capture: Capture<Offline>, output: &mut Output) -> Result<()> {
    let mut capture = capture.into_tokio()?;
    while let Some(packet) = capture.next_packet().await? {
        output.packet(packet);
    }
    Ok(())
}

pub(crate) fn async_file(path: &str, output: &mut Output) -> Result<()> {
    block_on(async { await_all(Capture::from_file(path)?, output).await })
}

pub(crate) fn async_stdin(output: &mut Output) -> Result<()> {
    block_on(async { await_all(Capture::from_open_file(stdin_file()?)?, output).await })
}

fn show(filter: &Filter, output: &mut Output) {
    for instruction in filter.instructions() {
        output.line(instruction.to_string());
    }
}

pub(crate) fn compile(output: &mut Output) -> Result<()> {
    for expression in [
        "",
        "udp port 53",
        "host 192.0.2.1 or net 198.51.100.0/24",
        "ip6 protochain 6",
        "vlan 5 and tcp",
    ] {
        show(&Filter::compile(Dlt::EN10MB, expression)?, output);
    }
    show(
        &CompileOptions::new()
            .optimize(false)
            .compile(Dlt::RAW, "tcp[tcpflags] & tcp-syn != 0")?,
        output,
    );
    match Filter::compile(Dlt::EN10MB, "no such word") {
        Ok(_) => Err("expected an error, found a filter".into()),
        Err(error) if error.kind() == pcap_core::ErrorKind::FilterSyntax => {
            output.line(error.to_string());
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn compile_names(output: &mut Output) -> Result<()> {
    for expression in [
        "port domain",
        "ether proto \\arp",
        "ip proto \\udp",
        "host localhost",
    ] {
        show(&Filter::compile(Dlt::EN10MB, expression)?, output);
    }
    Ok(())
}

pub(crate) fn any_of(output: &mut Output) -> Result<()> {
    let texts = [
        "192.0.2.0/24",
        "198.51.100.7",
        "2001:db8::/32",
        "dst 53",
        "6000-6063",
    ];
    let terms = texts
        .into_iter()
        .map(str::parse)
        .collect::<pcap_core::Result<Vec<FilterTerm>>>()?;
    let filter = Filter::any_of(Dlt::EN10MB, terms)?;
    // The instructions may differ: a term that libpcap cannot optimize is compiled without optimization.
    let mut frame = [0; 60];
    frame[12..15].copy_from_slice(&[8, 0, 0x45]);
    frame[23] = 17;
    for number in 0..=255 {
        frame[26..30].copy_from_slice(&[192, 0, number / 100, 3]);
        frame[36..38].copy_from_slice(&(u16::from(number) + 5900).to_be_bytes());
        output.bytes(&[u8::from(filter.matches(&frame))]);
    }
    Ok(())
}

pub(crate) fn matches(output: &mut Output) -> Result<()> {
    let udp = Filter::compile(Dlt::RAW, "udp")?;
    let other = udp.negate().and(&Filter::compile(Dlt::RAW, "ip")?)?;
    let mut packet = [0; 28];
    packet[0] = 0x45;
    for protocol in 0..=255 {
        packet[9] = protocol;
        output.bytes(&[
            u8::from(udp.matches(&packet)),
            u8::from(other.matches(&packet)),
        ]);
    }
    Ok(())
}

pub(crate) fn listing(output: &mut Output) -> Result<()> {
    let filter = Filter::compile(Dlt::EN10MB, "tcp port 80")?;
    output.line(filter.to_string());
    output.line(filter.to_c_listing());
    show(
        &Filter::from_listing(Dlt::EN10MB, &filter.to_decimal_listing())?,
        output,
    );
    Ok(())
}

pub(crate) fn dead(output: &mut Output) -> Result<()> {
    let capture = Capture::dead(Linktype::ETHERNET)?;
    show(&capture.compile("arp")?, output);
    let mut dumper = capture.dump_to(Vec::new())?;
    dumper.write(pcap_core::Packet::whole(
        pcap_core::Timestamp::EPOCH,
        &[1; 60],
    ))?;
    output.bytes(&dumper.into_writer::<Vec<u8>>()?);
    Ok(())
}
