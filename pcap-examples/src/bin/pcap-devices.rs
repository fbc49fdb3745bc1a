//! `pcap-devices`: lists the capture devices.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap::Parser;
use pcap_core::{Address, Capture, ConnectionStatus, Device, DeviceAddress, Error};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::json::{self, Object};
use pcap_examples::line_output::LineOutput;
use pcap_examples::program;
use pcap_examples::stderr;
use pcap_examples::{device, escape};

const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-devices                            all devices
  pcap-devices -L -J -i eth0              also link types and time sources
  pcap-devices --json | jq -r .name       only their names

JSON:
  One line per device, with an object of schema (the version of the schema: 1),
  type (\"device\"), number, name, description, up, running, loopback, wireless,
  connection (unknown, connected, disconnected or not applicable), and
  addresses (an array of objects of family, address, netmask, broadcast and
  peer). The family is ipv4, ipv6, mac, hardware or other. With -L also
  link_types, and with -J time_stamp_types (arrays of objects of name and
  description), or link_types_error and time_stamp_types_error (the reason why
  they are unknown). Members that a device does not have are missing.";

/// Lists the capture devices with their numbers, addresses and states.
///
/// `pcap-capture -i` and `pcap-replay -i` accept the name of a device or its number. By default, `pcap-capture` uses
/// the first device that is up and running.
#[derive(Parser)]
#[command(name = NAME, after_help = HELP)]
pub(crate) struct Args {
    /// List only this device, by its name or its number. Can be repeated
    #[arg(short, long, value_name = "DEV")]
    interface: Vec<OsString>,
    /// Also list the link types of each device, which requires permission to capture
    #[arg(short = 'L', long)]
    list_data_link_types: bool,
    /// Also list the sources of packet times of each device
    #[arg(short = 'J', long)]
    list_time_stamp_types: bool,
    /// Print only the names of the devices, one per line
    #[arg(long, conflicts_with = "json")]
    names: bool,
    /// Print JSON instead of text, one object per line (see below)
    #[arg(long)]
    json: bool,
}

/// A device, its number, and what -L and -J add.
struct Row {
    number: usize,
    device: Device,
    link_types: Option<Result<Names, Error>>,
    time_stamp_types: Option<Result<Names, Error>>,
}

/// Names with their descriptions.
type Names = Vec<(String, Option<String>)>;

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    let rows = rows(args)?;
    if rows.is_empty() {
        stderr::print_message(NAME, "found no device on which this process may capture");
    }
    let mut output = LineOutput::stdout();
    if args.names {
        for row in &rows {
            let name = row.device.name();
            output.print_line(|out| {
                out.extend(escape::controls(name.as_bytes()).bytes());
                out.push(b'\n');
            })?;
        }
    } else if args.json {
        for row in &rows {
            output.print_line(|out| json_device(out, row))?;
        }
    } else {
        for line in rows.iter().flat_map(text_lines) {
            output.print_line(|out| {
                out.extend(line.bytes());
                out.push(b'\n');
            })?;
        }
    }
    Ok(())
}

/// Returns the rows of the list: all devices, or those of the command line.
fn rows(args: &Args) -> Outcome<Vec<Row>> {
    let names = args.interface.iter().map(|name| device::resolve_name(name));
    let names = names.collect::<Outcome<Vec<OsString>>>()?;
    let devices = Device::list()?;
    for name in &names {
        if !devices
            .iter()
            .any(|device| OsStr::new(device.name()) == name)
        {
            let name = name.to_string_lossy();
            let text = format!("cannot find device `{name}`: `pcap-devices` lists all devices");
            return Err(Failure::Text(text));
        }
    }
    let is_listed =
        |device: &Device| names.is_empty() || names.iter().any(|name| name == device.name());
    let listed = (1..).zip(devices).filter(|(_, device)| is_listed(device));
    let row = |(number, device)| Row {
        number,
        link_types: args.list_data_link_types.then(|| link_types(&device)),
        time_stamp_types: args
            .list_time_stamp_types
            .then(|| time_stamp_types(&device)),
        device,
    };
    Ok(listed.map(row).collect())
}

fn link_types(device: &Device) -> Result<Names, Error> {
    let linktypes = Capture::from_device(device).activate()?.datalinks()?;
    let names = linktypes
        .iter()
        .map(|linktype| (linktype.to_string(), linktype.description()));
    Ok(names.collect())
}

fn time_stamp_types(device: &Device) -> Result<Names, Error> {
    let types = Capture::from_device(device).tstamp_types()?;
    let names = types
        .iter()
        .map(|source| (source.to_string(), source.description()));
    Ok(names.collect())
}

/// Returns the lines of text for a device.
fn text_lines(row: &Row) -> Vec<String> {
    let device = &row.device;
    let states = [
        (device.is_up(), "up"),
        (device.is_running(), "running"),
        (device.is_loopback(), "loopback"),
        (device.is_wireless(), "wireless"),
    ];
    let states = states.iter().filter(|(is, _)| *is).map(|(_, name)| *name);
    // `not applicable` does not say to what.
    let connection = match device.connection_status() {
        ConnectionStatus::NotApplicable => None,
        _ => connection(device),
    };
    let states: Vec<&str> = states.chain(connection).collect();
    let mut first = format!("{}. {}", row.number, device.name());
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
    for (what, names) in [
        ("link type", &row.link_types),
        ("time stamp type", &row.time_stamp_types),
    ] {
        match names {
            Some(Ok(names)) => lines.extend(names.iter().map(|(name, description)| {
                let description = description.as_ref().map(|text| format!(" ({text})"));
                format!("    {what} {name}{}", description.unwrap_or_default())
            })),
            Some(Err(error)) => lines.push(format!("    {what}s unknown: {error}")),
            None => {}
        }
    }
    lines
}

/// Appends the line of JSON for a device.
fn json_device(out: &mut Vec<u8>, row: &Row) {
    let device = &row.device;
    let mut object = Object::of_type(out, "device")
        .plain("number", row.number)
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
        });
    for (member, names) in [
        ("link_types", &row.link_types),
        ("time_stamp_types", &row.time_stamp_types),
    ] {
        object = match names {
            Some(Ok(names)) => object.member(member, |out| json::list(out, names, json_name)),
            Some(Err(error)) => object.text(&format!("{member}_error"), error),
            None => object,
        };
    }
    object.end();
    out.push(b'\n');
}

/// Appends a name with its description as a JSON object.
fn json_name(out: &mut Vec<u8>, (name, description): &(String, Option<String>)) {
    Object::new(out)
        .text("name", name)
        .some_text("description", description.as_ref())
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
