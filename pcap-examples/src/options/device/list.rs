//! Prints the lists of tcpdump's `-D`, `-L`, `-J` and `-d`.

use std::io;

use pcap_core::{Capture, CompileOptions, Device, Dlt, Filter, TstampType};

use super::ChosenDevice;
use crate::device_list;
use crate::exit::Outcome;
use crate::line_output::LineOutput;
use crate::signals;

/// The snaplen of filters that are compiled without a device.
const DEFAULT_SNAPLEN: u32 = 262_144;

/// What to print instead of capturing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceList {
    /// The devices with their numbers.
    Devices,
    /// The link types of the devices.
    LinkTypes,
    /// The sources of packet times of the devices.
    TimeStampTypes,
    /// The compiled filters. The number is that of the `d` in the option: 1 to 3.
    Filters(u8),
}

impl DeviceList {
    /// Prints the list on standard output.
    ///
    /// # Errors
    ///
    /// Returns an error if a device cannot be opened, if a filter cannot be compiled, or if standard output has failed.
    pub fn print(self, devices: impl FnOnce() -> Outcome<Vec<ChosenDevice>>) -> Outcome {
        let mut output = LineOutput::stdout();
        if self == DeviceList::Devices {
            for (index, device) in Device::list()?.iter().enumerate() {
                print(&mut output, &device_list::numbered_line(index + 1, device))?;
            }
            return Ok(output.flush()?);
        }
        for device in devices()? {
            let name = device.display_name();
            match self {
                DeviceList::LinkTypes => {
                    let linktypes = device.plain_options().activate()?.datalinks()?;
                    print(&mut output, &device_list::link_types(&name, &linktypes))?;
                }
                DeviceList::TimeStampTypes => {
                    let types: Vec<TstampType> = device.plain_options().tstamp_types()?;
                    print(&mut output, &device_list::time_stamp_types(&name, &types))?;
                }
                DeviceList::Filters(times) => {
                    output.print_listing(&filter_listing(&device, times)?)?;
                }
                DeviceList::Devices => {}
            }
        }
        Ok(output.flush()?)
    }
}

/// Prints text, which may have several lines.
fn print(output: &mut LineOutput, text: &str) -> io::Result<()> {
    text.lines()
        .try_for_each(|line| output.print_line(|out| out.extend([line.as_bytes(), b"\n"].concat())))
}

/// Compiles the filter of a device. If the link type is on the command line, the device is not opened.
fn filter_listing(device: &ChosenDevice, times: u8) -> Outcome<String> {
    let (expression, options) = (&device.expression, device.compile_options);
    let filter = match device.linktype {
        Some(linktype) => compile(linktype, options, expression)?,
        None => {
            let unfiltered = ChosenDevice {
                expression: String::new(),
                ..device.clone()
            };
            let capture =
                unfiltered.activate(|options| Ok(options.promisc(false).activate()?))?;
            compile_for(&capture, options, expression)?
        }
    };
    Ok(match times {
        1 => filter.to_string(),
        2 => filter.to_c_listing(),
        _ => filter.to_decimal_listing(),
    })
}

fn compile(linktype: Dlt, options: CompileOptions, expression: &str) -> Outcome<Filter> {
    let compile = || {
        options
            .snaplen(DEFAULT_SNAPLEN)
            .compile(linktype, expression)
    };
    Ok(signals::while_killable(compile)?)
}

fn compile_for(
    capture: &Capture<pcap_core::Active>,
    options: CompileOptions,
    expression: &str,
) -> Outcome<Filter> {
    // Resolving host names may take a long time.
    let compile = || options.compile_for(capture, expression);
    Ok(signals::while_killable(compile)?)
}
