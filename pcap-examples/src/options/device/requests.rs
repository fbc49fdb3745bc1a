//! Assigns the options on the command line to the devices before them.

use std::ffi::OsString;

use clap::ArgMatches;
use pcap_core::Dlt;

use super::args::CaptureArgs;

/// One device, and the options that were given for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    /// `None` for the default device.
    pub(super) name: Option<OsString>,
    pub(super) filter: Option<String>,
    pub(super) snaplen: Option<u32>,
    pub(super) linktype: Option<Dlt>,
    pub(super) buffer_size: Option<u64>,
    pub(super) no_promiscuous_mode: bool,
    pub(super) monitor_mode: bool,
}

/// An option that may occur several times: each value with its position on the command line.
struct Positioned<'a, T>(Vec<(usize, &'a T)>);

impl<'a, T: Clone> Positioned<'a, T> {
    fn new(matches: &ArgMatches, id: &str, values: &'a [T]) -> Positioned<'a, T> {
        let positions = matches.indices_of(id).into_iter().flatten();
        Positioned(positions.zip(values).collect())
    }

    /// Returns the last value in this range of positions, or else the last one before the first device.
    fn value(&self, range: &std::ops::Range<usize>, first_device: usize) -> Option<T> {
        let last = |is_in: &dyn Fn(usize) -> bool| {
            let mut values = self.0.iter().rev();
            values.find(|(position, _)| is_in(*position))
        };
        let found = last(&|position| range.contains(&position))
            .or_else(|| last(&|position| position < first_device));
        found.map(|&(_, value)| value.clone())
    }
}

/// Returns the devices in the order of the command line; without `-i`, the default device. `filters` are the values of
/// `-f`, if that may occur several times.
pub(super) fn requests(
    args: &CaptureArgs,
    filters: &[String],
    matches: &ArgMatches,
) -> Vec<Request> {
    let devices = Positioned::new(matches, "interface", &args.interface);
    let filters = Positioned::new(matches, "filter", filters);
    let snaplens = Positioned::new(matches, "snaplen", &args.snaplen);
    let linktypes = Positioned::new(matches, "linktype", &args.linktype);
    let buffer_sizes = Positioned::new(matches, "buffer_size", &args.buffer_size);
    let no_promiscuous_modes =
        Positioned::new(matches, "no_promiscuous_mode", &args.no_promiscuous_mode);
    let monitor_modes = Positioned::new(matches, "monitor_mode", &args.monitor_mode);
    let mut starts: Vec<usize> = devices.0.iter().map(|(position, _)| *position).collect();
    let first = starts.first().copied().unwrap_or(usize::MAX);
    starts.push(usize::MAX);
    let request = |name: Option<&OsString>, range: std::ops::Range<usize>| Request {
        name: name.cloned(),
        filter: filters.value(&range, first),
        snaplen: snaplens.value(&range, first),
        linktype: linktypes.value(&range, first),
        buffer_size: buffer_sizes.value(&range, first),
        no_promiscuous_mode: no_promiscuous_modes.value(&range, first).unwrap_or(false),
        monitor_mode: monitor_modes.value(&range, first).unwrap_or(false),
    };
    if devices.0.is_empty() {
        return vec![request(None, 0..usize::MAX)];
    }
    let ranges = starts.windows(2).map(|pair| pair[0]..pair[1]);
    let devices = devices.0.iter().zip(ranges);
    devices
        .map(|((_, name), range)| request(Some(*name), range))
        .collect()
}
