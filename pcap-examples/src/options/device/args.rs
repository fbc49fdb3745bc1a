//! The command-line arguments of the device options.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};
use pcap_core::{Capture, CompileOptions, Device, Direction, Dlt, Precision, TstampType};

use super::ChosenDevice;
use super::requests::Request;
use crate::drain::MAX_TIMEOUT;
use crate::exit::Outcome;
use crate::{device, value_parsers};

/// The arguments as clap parses them.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct DeviceArgs {
    #[command(flatten)]
    pub(super) capture: CaptureArgs,
    /// Capture only packets that pass this filter expression, as described in pcap-filter(7)
    #[arg(short, long, value_name = "EXPR", action = ArgAction::Append)]
    pub(super) filter: Vec<String>,
    /// Read the filter expression from a file, in which # begins a comment; `-` means standard input
    #[arg(short = 'F', long, value_name = "FILE")]
    pub(super) filter_file: Option<PathBuf>,
    /// Do not optimize the filter
    #[arg(short = 'O', long)]
    pub(super) no_optimize: bool,
    #[command(flatten)]
    pub(super) lists: ListArgs,
    /// The filter expression of the devices without -f; several words are joined with spaces
    #[arg(
        value_name = "EXPR",
        allow_negative_numbers = true,
        conflicts_with = "filter_file"
    )]
    pub(super) words: Vec<String>,
}

/// The devices and how to capture on them. Options in vectors may occur several times, and apply to the `-i` before
/// them.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct CaptureArgs {
    /// The device to capture on, by its name or its number in -D [default: the first that is up and running]
    ///
    /// Several devices are captured together. -s, -y, -B, -p, -I and -f apply to the -i before them; before the first
    /// -i, they are the defaults of all devices.
    #[arg(short, long, value_name = "DEV", action = ArgAction::Append)]
    pub(super) interface: Vec<OsString>,
    /// The maximum number of bytes to capture of each packet; 0 means 262144, or 65600 with --immediate-mode
    /// [default: 0]
    #[arg(
        short,
        long = "snapshot-length",
        value_name = "BYTES",
        action = ArgAction::Append,
        value_parser = value_parsers::number(0_u32..)
    )]
    pub(super) snaplen: Vec<u32>,
    /// The link type, by its DLT name or number (see -L) [default: the first of the device, but LINUX_SLL2 for `any`,
    /// because LINUX_SLL lacks the interface of each packet]
    #[arg(short = 'y', long, value_name = "LINKTYPE", action = ArgAction::Append, value_parser = value_parsers::datalink)]
    pub(super) linktype: Vec<Dlt>,
    /// The size of the kernel's buffer, in KiB or with a unit: 64K, 8M, 1G [default: libpcap's, 2 MiB on Linux]
    #[arg(short = 'B', long, value_name = "KIB", action = ArgAction::Append,
        value_parser = value_parsers::kibibytes)]
    pub(super) buffer_size: Vec<u64>,
    /// Do not use promiscuous mode: only capture packets for this host
    #[arg(short = 'p', long, num_args = 0, default_missing_value = "true", action = ArgAction::Append)]
    pub(super) no_promiscuous_mode: Vec<bool>,
    /// Use monitor mode, for wireless devices
    #[arg(short = 'I', long, num_args = 0, default_missing_value = "true",
        action = ArgAction::Append)]
    pub(super) monitor_mode: Vec<bool>,
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

/// The options that all devices of a capture share.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct CommonArgs {
    /// Deliver each packet as soon as it arrives, without the timeout
    #[arg(long)]
    pub(super) immediate_mode: bool,
    /// The packet-buffer timeout: how long packets may wait to be delivered together, in milliseconds or with a unit;
    /// longer times count as one second, because reports and the end of the capture wait for these packets
    #[arg(long, value_name = "MS", default_value = "100", value_parser = value_parsers::milliseconds)]
    pub(super) timeout: Duration,
    /// The source of packet times, such as host or adapter; -J lists those of a device [default: the device's]
    #[arg(short = 'j', long, value_name = "NAME", value_parser = value_parsers::time_stamp_type)]
    pub(super) time_stamp_type: Option<TstampType>,
    /// The precision of packet times [default: nano]
    #[arg(long, value_name = "PRECISION", value_parser = ["micro", "nano"])]
    time_stamp_precision: Option<String>,
    /// Short for --time-stamp-precision micro
    #[arg(long, conflicts_with = "time_stamp_precision")]
    micro: bool,
    /// Capture received packets, sent packets, or both
    #[arg(short = 'Q', long, value_name = "WAY", default_value = "inout", value_parser = ["in", "out", "inout"])]
    direction: String,
}

impl CaptureArgs {
    /// Returns a device with its options, and a filter for its packets.
    pub(super) fn device(
        &self,
        request: &Request,
        expression: &str,
        compile_options: CompileOptions,
    ) -> Outcome<ChosenDevice> {
        let name = match &request.name {
            Some(name) => device::resolve_name(name)?,
            None => Device::default_device()?.name().into(),
        };
        let common = &self.common;
        let mut options = Capture::from_device(name.clone())
            .snaplen(request.snaplen.unwrap_or(0))
            .promisc(!request.no_promiscuous_mode)
            .rfmon(request.monitor_mode)
            .immediate_mode(common.immediate_mode)
            .timeout(common.timeout.min(MAX_TIMEOUT))
            .precision(common.precision())
            .direction(common.direction());
        if let Some(bytes) = request.buffer_size {
            options = options.buffer_size(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        if let Some(tstamp_type) = common.time_stamp_type {
            options = options.tstamp_type(tstamp_type);
        }
        Ok(ChosenDevice {
            name,
            expression: expression.to_owned(),
            compile_options,
            linktype: request.linktype,
            options,
        })
    }
}

impl CommonArgs {
    /// Returns how long packets may wait in the kernel's buffer, at most.
    pub(super) fn timeout(&self) -> Duration {
        match self.immediate_mode {
            true => Duration::ZERO,
            false => self.timeout.min(MAX_TIMEOUT),
        }
    }

    pub(super) fn precision(&self) -> Precision {
        match self.time_stamp_precision.as_deref() {
            Some("micro") => Precision::Micro,
            _ if self.micro => Precision::Micro,
            _ => Precision::Nano,
        }
    }

    pub(super) fn direction(&self) -> Direction {
        match self.direction.as_str() {
            "in" => Direction::In,
            "out" => Direction::Out,
            _ => Direction::InOut,
        }
    }
}

/// The options that print a list instead of capturing.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct ListArgs {
    /// List the devices with their numbers, and exit
    #[arg(short = 'D', long, group = "list")]
    pub(super) list_interfaces: bool,
    /// List the link types of the devices, and exit
    #[arg(short = 'L', long, group = "list")]
    pub(super) list_data_link_types: bool,
    /// List the sources of packet times of the devices, and exit
    #[arg(short = 'J', long, group = "list")]
    pub(super) list_time_stamp_types: bool,
    /// Print the filters as instructions (-d), C code (-dd) or decimal numbers (-ddd), and exit
    #[arg(short = 'd', action = ArgAction::Count, group = "list")]
    pub(super) dump_filter: u8,
}
