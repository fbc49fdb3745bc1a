//! `pcap-devices`: lists the capture devices.

use std::process::ExitCode;

use clap::Parser;
use pcap_core::{Address, ConnectionStatus, Device, DeviceAddress};
use pcap_examples::exit::Outcome;
use pcap_examples::json::{self, Object};
use pcap_examples::line_output::LineOutput;
use pcap_examples::program;
use pcap_examples::stderr;

const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-devices                               all devices, with addresses and states
  pcap-devices --json | jq -r '.[].name'     only their names

JSON:
  An array with an object per device: name, description, up, running, loopback, wireless,
  connection (unknown, connected, disconnected or not applicable), and addresses (an array of
  objects of family, address, netmask, broadcast and peer). The family is ipv4, ipv6, mac,
  hardware or other. Members that a device does not have are missing.";

/// Lists the capture devices with their addresses and states.
///
/// By default, `pcap-capture` uses the first device that is up and running.
#[derive(Parser)]
#[command(name = NAME, after_help = HELP)]
pub(crate) struct Args {
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    let devices = Device::list()?;
    if devices.is_empty() {
        stderr::print_message(NAME, "found no device on which this process may capture");
    }
    let mut output = LineOutput::stdout();
    if args.json {
        output.print_line(|out| {
            json::list(out, &devices, json_device);
            out.push(b'\n');
        })?;
    } else {
        for line in devices.iter().flat_map(text_lines) {
            output.print_line(|out| {
                out.extend(line.bytes());
                out.push(b'\n');
            })?;
        }
    }
    Ok(())
}

/// Returns the lines of text for a device.
fn text_lines(device: &Device) -> Vec<String> {
    let states = [
        (device.is_up(), "up"),
        (device.is_running(), "running"),
        (device.is_loopback(), "loopback"),
        (device.is_wireless(), "wireless"),
    ];
    let states = states.iter().filter(|(is, _)| *is).map(|(_, name)| *name);
    let states: Vec<&str> = states.chain(connection(device)).collect();
    let mut first = device.name().to_owned();
    if !states.is_empty() {
        first += &format!(": {}", states.join(", "));
    }
    let mut lines = vec![first];
    lines.extend(device.description().map(|text| format!("    {text}")));
    for address in device.addresses() {
        let mut line = format!("    {} {}", family(address), address.address);
        for (name, other) in other_addresses(address) {
            if let Some(other) = other {
                line += &format!(" {name} {other}");
            }
        }
        lines.push(line);
    }
    lines
}

/// Appends a device as a JSON object.
fn json_device(out: &mut Vec<u8>, device: &Device) {
    Object::new(out)
        .text("name", device.name())
        .some_text("description", device.description())
        .plain("up", device.is_up())
        .plain("running", device.is_running())
        .plain("loopback", device.is_loopback())
        .plain("wireless", device.is_wireless())
        .text("connection", connection(device).unwrap_or("unknown"))
        .member("addresses", |out| {
            json::list(out, device.addresses(), |out, address| {
                let object = Object::new(out)
                    .text("family", family(address))
                    .text("address", &address.address);
                other_addresses(address)
                    .into_iter()
                    .fold(object, |object, (name, other)| {
                        object.some_text(name, other)
                    })
                    .end();
            });
        })
        .end();
}

/// Returns the name of the connection status, if it is known.
fn connection(device: &Device) -> Option<&'static str> {
    match device.connection_status() {
        ConnectionStatus::Connected => Some("connected"),
        ConnectionStatus::Disconnected => Some("disconnected"),
        ConnectionStatus::NotApplicable => Some("not applicable"),
        _ => None,
    }
}

/// Returns the name of the address family.
fn family(address: &DeviceAddress) -> &'static str {
    match address.address {
        Address::V4(_) => "ipv4",
        Address::V6 { .. } => "ipv6",
        Address::Mac(_) => "mac",
        Address::Hardware(_) => "hardware",
        _ => "other",
    }
}

/// Returns the netmask, broadcast address and peer address with their names.
fn other_addresses(address: &DeviceAddress) -> [(&'static str, Option<&Address>); 3] {
    [
        ("netmask", address.netmask.as_ref()),
        ("broadcast", address.broadcast.as_ref()),
        ("peer", address.destination.as_ref()),
    ]
}
