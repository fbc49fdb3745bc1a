//! `pcap-demo`: captures packets, writes them to a savefile, and reads the savefile through a filter.

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
use pcap_examples::counted;
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::line_output::LineOutput;
use pcap_examples::packet_printer::{PacketPrinter, PrintFormat};
use pcap_examples::program;

const NAME: &str = env!("CARGO_BIN_NAME");

/// The contents of the last datagram.
const LAST_DATAGRAM: &[u8] = b"the end";
/// How long to wait for packets. The demonstration never takes this long.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// Demonstrates libpcap in a second or two: captures packets that it sends to itself over the loopback
/// device, writes them to a savefile, and reads it back through another filter.
///
/// If it lacks the privileges to capture, it prints the reason and generates the packets instead. It
/// needs no network. It leaves the savefile in a new temporary folder, and changes nothing else.
#[derive(Parser)]
#[command(name = NAME)]
pub(crate) struct Args {}

fn main() -> ExitCode {
    program::main(NAME, |Args {}| run(&mut DemoOutput(LineOutput::stdout())))
}

fn run(output: &mut DemoOutput) -> Outcome {
    let folder = tempfile::Builder::new()
        .prefix("pcap-demo-")
        .tempdir()
        .map_err(|e| Failure::Text(format!("cannot create a folder for the savefile: {e}")))?
        .keep();
    let path = folder.join("demo.pcap");

    output.heading("Devices")?;
    let devices = Device::list()?;
    let names: Vec<&str> = devices.iter().map(Device::name).collect();
    output.print_text(format_args!("Found: {}", names.join(", ")))?;

    output.heading("Capture")?;
    if let Err(why) = capture_loopback(output, &devices, &path) {
        if why.is_broken_pipe() {
            return Err(why);
        }
        output.print_text(format_args!("Not possible: {why}."))?;
        output.print_text("Writing generated packets to the savefile instead:")?;
        write_generated(output, &path)?;
    }

    output.heading("Read back")?;
    let expression = "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0";
    let mut capture = Capture::from_file(&path)?;
    output.print_text(format_args!(
        "Link type {}, snaplen {}, filter: {expression}",
        capture.datalink(),
        counted::bytes(capture.snaplen().into())
    ))?;
    capture.set_filter(expression)?;
    let mut printer = PacketPrinter::new(PrintFormat::Line, &capture);
    while let Some(packet) = capture.next_packet()? {
        output.print_packet(&mut printer, packet)?;
    }
    let all = Capture::from_file(&path)?.for_each(|_| {})?.packets();
    output.print_text(format_args!(
        "The savefile has {}: {}",
        counted::packets(all),
        path.display()
    ))?;
    Ok(())
}

/// Captures the packets that this program sends to itself on the loopback device.
fn capture_loopback(output: &mut DemoOutput, devices: &[Device], path: &Path) -> Outcome {
    let text = |what: &str, e: io::Error| Failure::Text(format!("cannot {what}: {e}"));
    let device = devices.iter().find(|device| device.is_loopback());
    let device = device.ok_or_else(|| Failure::Text("cannot find a loopback device".to_owned()))?;
    let traffic = Traffic::new().map_err(|e| text("open sockets", e))?;
    let expression = traffic.expression().map_err(|e| text("open sockets", e))?;
    let mut capture = Capture::from_device(device)
        .immediate_mode(true)
        .filter(&expression)
        .activate()?;
    let mut dumper = capture.dump(path)?;
    output.print_text(format_args!("On {}, filter: {expression}", device.name()))?;

    let sending = thread::Builder::new().spawn(move || traffic.run());
    let sending = sending.map_err(|e| Failure::no_thread(&e))?;
    let ended = receive_packets(output, &mut capture, &mut dumper)?;
    if !ended {
        return Err(Failure::Text(
            "cannot capture all packets: the last one did not arrive".to_owned(),
        ));
    }
    let stats = capture.close()?;
    dumper.close()?;
    match sending.join() {
        Ok(sent) => sent.map_err(|e| text("send to 127.0.0.1", e))?,
        Err(_) => return Err(Failure::Text("cannot send: the thread panicked".to_owned())),
    }
    output.print_text(format_args!(
        "{} received, {} dropped, {} dropped by the interface",
        counted::packets(stats.received),
        stats.dropped,
        stats.if_dropped
    ))
}

/// Prints and writes packets until the last one. Returns whether the last one arrived in time.
fn receive_packets(
    output: &mut DemoOutput,
    capture: &mut Capture<Active>,
    dumper: &mut Dumper,
) -> Outcome<bool> {
    let mut printer = PacketPrinter::new(PrintFormat::Line, capture);
    let deadline = Instant::now() + TIME_LIMIT;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let Next::Packet(packet) = capture.next_packet_timeout(left)? else {
            return Ok(false);
        };
        dumper.write(packet)?;
        output.print_packet(&mut printer, packet)?;
        if packet.data().ends_with(LAST_DATAGRAM) {
            return Ok(true);
        }
    }
}

/// Sockets that send packets on 127.0.0.1, with ports chosen by the system.
struct Traffic {
    from: UdpSocket,
    to: UdpSocket,
    listener: TcpListener,
}

impl Traffic {
    fn new() -> io::Result<Traffic> {
        let any = (Ipv4Addr::LOCALHOST, 0);
        let traffic = Traffic {
            from: UdpSocket::bind(any)?,
            to: UdpSocket::bind(any)?,
            listener: TcpListener::bind(any)?,
        };
        traffic.from.connect(traffic.to.local_addr()?)?;
        traffic.to.set_read_timeout(Some(TIME_LIMIT))?;
        Ok(traffic)
    }

    /// Returns a filter expression that only accepts the packets of these sockets.
    fn expression(&self) -> io::Result<String> {
        let udp = self.to.local_addr()?.port();
        let tcp = self.listener.local_addr()?.port();
        Ok(format!("udp port {udp} or tcp port {tcp}"))
    }

    /// Sends a few datagrams, opens, uses and closes a TCP connection, and sends the last datagram.
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
        datagram(LAST_DATAGRAM)?;
        Ok(())
    }
}

/// Writes a savefile of generated packets: three datagrams and a TCP connection.
fn write_generated(output: &mut DemoOutput, path: &Path) -> Outcome {
    let capture = Capture::dead_with(Dlt::EN10MB, 65_535, Precision::Nano)?;
    let mut dumper = capture.dump(path)?;
    let mut printer = PacketPrinter::new(PrintFormat::Line, &capture);
    for frame in
        generated_frames().map_err(|e| Failure::Text(format!("cannot generate a packet: {e}")))?
    {
        let packet = Packet::new(Timestamp::now(), frame.len() as u32, &frame);
        dumper.write(packet)?;
        output.print_packet(&mut printer, packet)?;
    }
    Ok(dumper.close()?)
}

/// Generates the Ethernet frames of three datagrams and a TCP connection.
fn generated_frames() -> Result<Vec<Vec<u8>>, etherparse::err::packet::BuildWriteError> {
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
    let request = |sequence| ip(a, b).tcp(40_001, 80, sequence, 64_240);
    let reply = |sequence| ip(b, a).tcp(80, 40_001, sequence, 64_240);
    for (step, text) in [
        (request(100).syn(), ""),
        (reply(500).syn().ack(101), ""),
        (request(101).ack(501), ""),
        (request(101).psh().ack(501), "Hello?"),
        (reply(501).psh().ack(107), "Hello!"),
        (request(107).fin().ack(507), ""),
        (reply(507).fin().ack(108), ""),
        (request(108).ack(508), ""),
    ] {
        let mut frame = Vec::new();
        step.write(&mut frame, text.as_bytes())?;
        frames.push(frame);
    }
    Ok(frames)
}

/// The output of the program: headings, text and packets.
struct DemoOutput(LineOutput);

impl DemoOutput {
    fn heading(&mut self, text: &str) -> Outcome {
        self.print_text(format_args!("\n{text}\n{}", "-".repeat(text.len())))
    }

    fn print_text(&mut self, text: impl Display) -> Outcome {
        for line in text.to_string().lines() {
            self.0
                .print_line(|out| out.extend(format!("{line}\n").bytes()))?;
        }
        Ok(())
    }

    fn print_packet(&mut self, printer: &mut PacketPrinter, packet: Packet<'_>) -> Outcome {
        self.0.print_line(|out| {
            out.extend(b"  ");
            printer.push(out, packet);
        })?;
        Ok(())
    }
}
