//! The interfaces of a capture.

use std::fs;

use pcap_core::pcapng::Interface;
use pcap_core::{Active, Capture, Device};
use pcap_examples::exit::Outcome;
use pcap_examples::interface_counts::InterfaceCounts;
use pcap_examples::options::device::ChosenDevice;

/// One interface of a running capture.
pub(crate) struct Source<'a> {
    pub(crate) capture: &'a mut Capture<Active>,
    pub(crate) counts: InterfaceCounts,
    /// Whether the interface can deliver no more packets.
    pub(crate) has_ended: bool,
}

impl<'a> Source<'a> {
    pub(crate) fn new(name: &str, capture: &'a mut Capture<Active>) -> Source<'a> {
        Source {
            capture,
            counts: InterfaceCounts::new(name),
            has_ended: false,
        }
    }

    /// Reads the counts of libpcap. See [`InterfaceCounts::update`].
    pub(crate) fn update(&mut self, has_waited: bool) -> Outcome {
        self.counts.update(self.capture, has_waited)
    }
}

/// Activates captures on all devices.
pub(crate) fn open_all(devices: &[ChosenDevice]) -> Outcome<Vec<Capture<Active>>> {
    let open = |device: &ChosenDevice| device.activate(|options| Ok(options.activate()?));
    devices.iter().map(open).collect()
}

/// Returns the description of an interface in pcapng.
pub(crate) fn interface(
    device: &ChosenDevice,
    capture: &Capture<Active>,
    known: &[Device],
) -> Interface {
    let name = device.display_name();
    let mut interface = Interface::for_capture(capture)
        .with_name(&name)
        .with_os(operating_system());
    if !device.expression.trim().is_empty() {
        interface = interface.with_filter(&device.expression);
    }
    let Some(device) = known.iter().find(|known| known.name() == name) else {
        return interface;
    };
    if let Some(description) = device.description() {
        interface = interface.with_description(description);
    }
    match device.mac_address() {
        Some(address) => interface.with_mac_addr(address),
        None => interface,
    }
}

/// Returns the name of the operating system, on Linux with its version: `Linux 6.12.1`.
pub(crate) fn operating_system() -> String {
    let read = |name: &str| fs::read_to_string(format!("/proc/sys/kernel/{name}"));
    match (read("ostype"), read("osrelease")) {
        (Ok(name), Ok(release)) => format!("{} {}", name.trim(), release.trim()),
        _ => std::env::consts::OS.to_owned(),
    }
}
