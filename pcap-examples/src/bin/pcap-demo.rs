//! Captures packets, writes them to a savefile, and reads it back through a filter.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use etherparse::PacketBuilder;
use pcap_core::{Active, Capture, Device, Dlt, Dumper, Next, Packet, Precision, Timestamp};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::line_output::Output;
use pcap_examples::packet_printer::{Form, Printer};
use pcap_examples::program;

const NAME: &str = env!("CARGO_BIN_NAME");

/// The contents of the last datagram.
const END: &[u8] = b"the end";
/// Longer than the demonstration takes on any machine.
const PATIENCE: Duration = Duration::from_secs(2);

/// Demonstrates libpcap in a second or two: captures packets that it sends to itself over the loopback
/// device, writes them to a savefile, and reads it back through another filter.
///
/// Without the right to capture, it says why and generates the packets instead. It needs no network. It
/// creates a new folder for temporary files, which stays, and changes nothing else.
#[derive(Parser)]
#[command(name = NAME, version)]
pub(crate) struct Args {}

fn main() -> ExitCode {
    program::main(NAME, |Args {}| run(&mut Story(Output::stdout())))
}

fn run(story: &mut Story) -> Outcome {
    let folder = tempfile::Builder::new()
        .prefix("pcap-demo-")
        .tempdir()
        .map_err(|e| Failure::Text(format!("cannot create a folder for the savefile: {e}")))?
        .keep();
    let path = folder.join("demo.pcap");

    story.heading("Devices")?;
    let devices = Device::list()?;
    let names: Vec<&str> = devices.iter().map(Device::name).collect();
    story.tell(format_args!("Found: {}", names.join(", ")))?;

    story.heading("Capture")?;
    if let Err(why) = live(story, &devices, &path) {
        if why.is_broken_pipe() {
            return Err(why);
        }
        story.tell(format_args!("Not possible: {why}."))?;
        story.tell("The savefile gets generated packets instead:")?;
        synthetic(story, &path)?;
    }

    story.heading("Read back")?;
    let expression = "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0";
    let mut capture = Capture::from_file(&path)?;
    story.tell(format_args!(
        "Link type {}, snaplen {} bytes, filter: {expression}",
        capture.datalink(),
        capture.snaplen()
    ))?;
    capture.set_filter(expression)?;
    let mut printer = Printer::new(Form::Line, &capture);
    while let Some(packet) = capture.next_packet()? {
        story.packet(&mut printer, packet)?;
    }
    let all = Capture::from_file(&path)?.for_each(|_| {})?.packets();
    story.tell(format_args!(
        "The savefile has {all} packets: {}",
        path.display()
    ))?;
    Ok(())
}

/// Captures on the loopback device the packets that this program sends to itself.
fn live(story: &mut Story, devices: &[Device], path: &Path) -> Outcome {
    let text = |what: &str, e: io::Error| Failure::Text(format!("cannot {what}: {e}"));
    let device = devices.iter().find(|device| device.is_loopback());
    let device = device.ok_or_else(|| Failure::Text("there is no loopback device".to_owned()))?;
    let talk = Talk::new().map_err(|e| text("open sockets", e))?;
    let expression = talk.expression().map_err(|e| text("open sockets", e))?;
    let mut capture = Capture::from_device(device)
        .immediate_mode(true)
        .filter(&expression)
        .activate()?;
    let mut dumper = capture.dump(path)?;
    story.tell(format_args!("On {}, filter: {expression}", device.name()))?;

    let talking = thread::spawn(move || talk.run());
    let ended = listen(story, &mut capture, &mut dumper)?;
    if !ended {
        return Err(Failure::Text(
            "the packets that were sent did not arrive".to_owned(),
        ));
    }
    let stats = capture.close()?;
    dumper.close()?;
    match talking.join() {
        Ok(talked) => talked.map_err(|e| text("send to 127.0.0.1", e))?,
        Err(_) => return Err(Failure::Text("cannot send: the thread panicked".to_owned())),
    }
    story.tell(format_args!(
        "{} packets received, {} dropped, {} dropped by the interface",
        stats.received, stats.dropped, stats.if_dropped
    ))
}

/// Prints and writes packets until the last one. Returns whether that came in time.
fn listen(story: &mut Story, capture: &mut Capture<Active>, dumper: &mut Dumper) -> Outcome<bool> {
    let mut printer = Printer::new(Form::Line, capture);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let Next::Packet(packet) = capture.next_packet_timeout(left)? else {
            return Ok(false);
        };
        dumper.write(packet)?;
        story.packet(&mut printer, packet)?;
        if packet.data().ends_with(END) {
            return Ok(true);
        }
    }
}

/// Sockets on 127.0.0.1, on ports chosen by the system.
struct Talk {
    from: UdpSocket,
    to: UdpSocket,
    listener: TcpListener,
}

impl Talk {
    fn new() -> io::Result<Talk> {
        let any = (Ipv4Addr::LOCALHOST, 0);
        let talk = Talk {
            from: UdpSocket::bind(any)?,
            to: UdpSocket::bind(any)?,
            listener: TcpListener::bind(any)?,
        };
        talk.from.connect(talk.to.local_addr()?)?;
        talk.to.set_read_timeout(Some(PATIENCE))?;
        Ok(talk)
    }

    /// Returns a filter for the packets of these sockets alone.
    fn expression(&self) -> io::Result<String> {
        let udp = self.to.local_addr()?.port();
        let tcp = self.listener.local_addr()?.port();
        Ok(format!("udp port {udp} or tcp port {tcp}"))
    }

    /// Sends a few datagrams, holds a conversation over TCP, and sends the last datagram.
    fn run(self) -> io::Result<()> {
        let mut buffer = [0; 64];
        let mut datagram = |text: &[u8]| {
            self.from.send(text)?;
            self.to.recv(&mut buffer)
        };
        for text in ["one", "two", "three"] {
            datagram(text.as_bytes())?;
        }
        let mut client = TcpStream::connect(self.listener.local_addr()?)?;
        let (mut server, _) = self.listener.accept()?;
        let mut text = String::new();
        client.write_all(b"Hello?")?;
        client.shutdown(Shutdown::Write)?;
        server.read_to_string(&mut text)?;
        server.write_all(b"Hello!")?;
        server.shutdown(Shutdown::Write)?;
        client.read_to_string(&mut text)?;
        datagram(END)?;
        Ok(())
    }
}

/// Writes a savefile without a device: three datagrams, and a conversation over TCP.
fn synthetic(story: &mut Story, path: &Path) -> Outcome {
    let capture = Capture::dead_with(Dlt::EN10MB, 65_535, Precision::Nano)?;
    let mut dumper = capture.dump(path)?;
    let mut printer = Printer::new(Form::Line, &capture);
    for frame in frames().map_err(|e| Failure::Text(format!("cannot generate a packet: {e}")))? {
        let packet = Packet::new(Timestamp::now(), frame.len() as u32, &frame);
        dumper.write(packet)?;
        story.packet(&mut printer, packet)?;
    }
    Ok(dumper.close()?)
}

fn frames() -> Result<Vec<Vec<u8>>, etherparse::err::packet::BuildWriteError> {
    let (a, b) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2));
    let ip = |from: Ipv4Addr, to: Ipv4Addr| {
        let macs = [from, to].map(|address| [2, 0, 0, 0, 0, address.octets()[3]]);
        PacketBuilder::ethernet2(macs[0], macs[1]).ipv4(from.octets(), to.octets(), 64)
    };
    let mut frames = Vec::new();
    for text in ["one", "two", "three"] {
        let mut frame = Vec::new();
        ip(a, b)
            .udp(40_000, 53)
            .write(&mut frame, text.as_bytes())?;
        frames.push(frame);
    }
    let there = |sequence| ip(a, b).tcp(40_001, 80, sequence, 64_240);
    let back = |sequence| ip(b, a).tcp(80, 40_001, sequence, 64_240);
    for (step, text) in [
        (there(100).syn(), ""),
        (back(500).syn().ack(101), ""),
        (there(101).ack(501), ""),
        (there(101).psh().ack(501), "Hello?"),
        (back(501).psh().ack(107), "Hello!"),
        (there(107).fin().ack(507), ""),
        (back(507).fin().ack(108), ""),
        (there(108).ack(508), ""),
    ] {
        let mut frame = Vec::new();
        step.write(&mut frame, text.as_bytes())?;
        frames.push(frame);
    }
    Ok(frames)
}

/// The output of the program.
struct Story(Output);

impl Story {
    fn heading(&mut self, text: &str) -> Outcome {
        self.tell(format_args!("\n{text}\n{}", "-".repeat(text.len())))
    }

    fn tell(&mut self, text: impl Display) -> Outcome {
        for line in text.to_string().lines() {
            self.0.line(|out| out.extend(format!("{line}\n").bytes()))?;
        }
        Ok(())
    }

    fn packet(&mut self, printer: &mut Printer, packet: Packet<'_>) -> Outcome {
        self.0.line(|out| {
            out.extend(b"  ");
            printer.push(out, packet);
        })?;
        Ok(())
    }
}
