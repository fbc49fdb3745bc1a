//! A capture before its activation.

use std::time::Duration;

use crate::capture::options::Options;
use crate::capture::{Active, Capture, Phase, active, phase};
use crate::device::DeviceName;
use crate::direction::Direction;
use crate::error::Result;
use crate::filter::FilterSource;
use crate::linktype::Dlt;
use crate::timestamp::Precision;
use crate::tstamp_type::TstampType;

/// The phase of a capture on a device before it is activated. It holds the options; nothing is open yet.
#[derive(Clone, Debug)]
pub struct Inactive {
    device: DeviceName,
    options: Box<Options>,
}

impl phase::Sealed for Inactive {}
impl Phase for Inactive {}

impl Clone for Capture<Inactive> {
    fn clone(&self) -> Capture<Inactive> {
        Capture::new(self.state.clone())
    }
}

/// # Opening a device: options
impl Capture<Inactive> {
    /// Creates a capture on a device: a name such as `eth0`, or a [`Device`](crate::Device). On Linux `any` stands for
    /// all devices.
    ///
    /// [`activate`](Self::activate) opens the device. The defaults of the options are:
    ///
    /// - the largest snaplen (262 144 bytes),
    /// - not promiscuous, no monitor mode,
    /// - a packet-buffer timeout of 100 ms,
    /// - libpcap's buffer size,
    /// - timestamps in nanoseconds,
    /// - both directions, no filter.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::Capture;
    /// use std::time::Duration;
    ///
    /// let mut capture = Capture::from_device("eth0")
    ///     .promisc(true)
    ///     .snaplen(256)
    ///     .timeout(Duration::from_millis(20))
    ///     .filter("tcp port 443")
    ///     .activate()?;
    /// while let Some(packet) = capture.next_packet()? {
    ///     println!("{} {} bytes", packet.timestamp(), packet.wire_len());
    /// }
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    #[doc = manual!("pcap_create")]
    ///
    #[doc(alias = "pcap_create")]
    pub fn from_device(device: impl Into<DeviceName>) -> Capture<Inactive> {
        Capture::new(Inactive {
            device: device.into(),
            options: Box::default(),
        })
    }

    fn with(mut self, set: impl FnOnce(&mut Options)) -> Self {
        set(&mut self.state.options);
        self
    }

    /// Sets the snapshot length: the maximum number of bytes delivered per packet.
    ///
    /// The default, 0, is the largest: 262 144 bytes, or 65 600 in [immediate mode](Self::immediate_mode) on Linux
    /// network interfaces. The activation rejects more than 262 144.
    ///
    /// A small snaplen saves time and room in the kernel's buffer. On Linux network interfaces, a snaplen of 256 lets a
    /// buffer of 2 MiB hold 6000 packets of 1514 bytes instead of 1300. (libpcap alone has the kernel truncate packets
    /// only if a filter is set.) In immediate mode each packet takes a slot of this size. Filters always see whole
    /// packets.
    ///
    #[doc = manual!("pcap_set_snaplen")]
    #[doc(alias = "pcap_set_snaplen")]
    #[must_use]
    pub fn snaplen(self, bytes: u32) -> Self {
        self.with(|o| o.snaplen = bytes)
    }

    /// Sets promiscuous mode: captures packets that are not addressed to this host, too. Default: no.
    ///
    /// A device without this mode still captures, and reports a [warning](Capture::warnings).
    ///
    #[doc = manual!("pcap_set_promisc")]
    #[doc(alias = "pcap_set_promisc")]
    #[must_use]
    pub fn promisc(self, on: bool) -> Self {
        self.with(|o| o.promisc = on)
    }

    /// Sets monitor mode: captures raw 802.11 frames. Default: no. [`can_set_rfmon`](Self::can_set_rfmon) returns
    /// whether the device supports it.
    ///
    #[doc = manual!("pcap_set_rfmon")]
    #[doc(alias = "pcap_set_rfmon")]
    #[must_use]
    pub fn rfmon(self, on: bool) -> Self {
        self.with(|o| o.rfmon = on)
    }

    /// Sets the packet-buffer timeout: how long the kernel may hold packets, to deliver them together. Default: 100 ms.
    /// It is rounded up to whole milliseconds, at least one. The activation rejects more than 2 147 483 647 ms.
    ///
    /// It is not a read deadline; [`next_packet_timeout`](Capture::next_packet_timeout) has one.
    ///
    #[doc = manual!("pcap_set_timeout")]
    #[doc(alias = "pcap_set_timeout")]
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|o| o.timeout = timeout)
    }

    /// Sets immediate mode: the kernel delivers each packet as soon as it arrives, without waiting for the
    /// packet-buffer timeout. Default: no.
    ///
    /// Immediate mode costs a wake-up per packet. On Linux network interfaces each packet takes a slot of the size of
    /// the [snaplen](Self::snaplen) in the buffer, on Ethernet at most the device's longest packet.
    ///
    /// There the default buffer is 32 MiB and the default snaplen 65 600 bytes, which is room for 511 packets. A
    /// smaller snaplen makes room for more: 16 000 packets with 2000 bytes. [`buffer_size`](Self::buffer_size) sets
    /// another size.
    ///
    #[doc = manual!("pcap_set_immediate_mode")]
    #[doc(alias = "pcap_set_immediate_mode")]
    #[must_use]
    pub fn immediate_mode(self, on: bool) -> Self {
        self.with(|o| o.immediate_mode = on)
    }

    /// Sets the size of the kernel's buffer, in bytes. Default: libpcap's, on Linux 2 MiB.
    ///
    /// The kernel drops packets that arrive while the buffer is full, and counts them in [`Stats`](crate::Stats). On
    /// Linux:
    ///
    /// | buffer | packets of 64 bytes | packets of 1514 bytes |
    /// |---|---|---|
    /// | 2 MiB | 13 800 | 1300 |
    /// | 64 MiB | 435 000 | 41 600 |
    ///
    /// At 500 000 packets a second, 2 MiB cover a pause of 28 or 2.6 milliseconds in which the program does not read.
    /// The kernel allocates the memory at activation.
    ///
    #[doc = manual!("pcap_set_buffer_size")]
    #[doc(alias = "pcap_set_buffer_size")]
    #[must_use]
    pub fn buffer_size(self, bytes: usize) -> Self {
        self.with(|o| o.buffer_size = Some(bytes))
    }

    /// Sets the clock that stamps the packets. Default: the device's. [`tstamp_types`](Self::tstamp_types) lists the
    /// clocks of the device; the activation rejects others.
    ///
    #[doc = manual!("pcap_set_tstamp_type")]
    #[doc(alias = "pcap_set_tstamp_type")]
    #[must_use]
    pub fn tstamp_type(self, tstamp_type: TstampType) -> Self {
        self.with(|o| o.tstamp_type = Some(tstamp_type))
    }

    /// Sets the precision of the timestamps, also in savefiles written from this capture. Default: nanoseconds, or
    /// microseconds if the device offers nothing finer.
    ///
    #[doc = manual!("pcap_set_tstamp_precision")]
    #[doc(alias = "pcap_set_tstamp_precision")]
    #[must_use]
    pub fn precision(self, precision: Precision) -> Self {
        self.with(|o| o.precision = precision)
    }

    /// Sets the link type, for a device that offers several. Default: the device's first.
    /// [`datalinks`](Capture::datalinks) of an active capture lists them.
    ///
    #[doc = manual!("pcap_set_datalink")]
    #[doc(alias = "pcap_set_datalink")]
    #[must_use]
    pub fn datalink(self, dlt: impl Into<Dlt>) -> Self {
        let dlt = dlt.into();
        self.with(|o| o.datalink = Some(dlt))
    }

    /// Sets the direction of the packets to capture: received, sent or both. Default: both.
    ///
    #[doc = manual!("pcap_setdirection")]
    #[doc(alias = "pcap_setdirection")]
    #[must_use]
    pub fn direction(self, direction: Direction) -> Self {
        self.with(|o| o.direction = direction)
    }

    /// Sets the filter: an expression, or a compiled [`Filter`](crate::Filter). Default: all packets.
    ///
    /// The empty expression accepts all packets, too, so an `Option<&str>` can be passed as `text.unwrap_or_default()`.
    ///
    /// The activation compiles and sets the filter, as [`set_filter`](Capture::set_filter) does, before it receives any
    /// packet.
    ///
    #[doc = manual!(libpcap 7 "pcap-filter")]
    #[doc(alias = "pcap_setfilter")]
    #[must_use]
    pub fn filter<'f>(self, filter: impl Into<FilterSource<'f>>) -> Self {
        let filter = filter.into().into_owned();
        self.with(|o| o.filter = Some(filter))
    }

    /// Sets non-blocking mode: [`dispatch`](Capture::dispatch) returns at once when there is no packet, and
    /// [`inject`](Capture::inject) fails instead of waiting for room. See [`set_nonblock`](Capture::set_nonblock).
    /// Default: no.
    ///
    #[doc = manual!("pcap_setnonblock")]
    #[doc(alias = "pcap_setnonblock")]
    #[must_use]
    pub fn nonblock(self, on: bool) -> Self {
        self.with(|o| o.nonblock = on)
    }

    /// Sets the protocol to capture, by its number in `linux/if_ether.h`; 0 is all. Used by `os::linux`.
    #[allow(dead_code)] // of one system only
    pub(crate) fn with_protocol(self, protocol: u16) -> Self {
        self.with(|o| o.protocol = (protocol != 0).then_some(protocol))
    }

    /// Sets whether to deliver PKTAP headers, for `os::macos`.
    #[allow(dead_code)] // of one system only
    pub(crate) fn with_pktap(self, on: bool) -> Self {
        self.with(|o| o.pktap = on)
    }

    /// Returns the requested protocol, if there is one.
    #[allow(dead_code)] // as above
    pub(crate) fn protocol_to_capture(&self) -> Option<u16> {
        self.state.options.protocol
    }

    /// Returns the device's name in errors.
    #[allow(dead_code)] // as above
    pub(crate) fn device_name(&self) -> String {
        self.state.device.to_text()
    }

    /// Sets whether sending bypasses the queueing discipline. Used by `os::linux`.
    #[allow(dead_code)] // as above
    pub(crate) fn with_qdisc_bypass(self, on: bool) -> Self {
        self.with(|o| o.qdisc_bypass = on)
    }

    /// Returns the timestamp types of the device, empty if it has only its default. The call does not open the device.
    ///
    /// # Errors
    ///
    /// The call fails if there is no such device, or if libpcap cannot query it.
    ///
    #[doc = manual!("pcap_list_tstamp_types")]
    #[doc(alias = "pcap_list_tstamp_types")]
    pub fn tstamp_types(&self) -> Result<Vec<TstampType>> {
        active::Created::new(&self.state.device)?.tstamp_types()
    }

    /// Returns whether the device supports monitor mode. The call does not open the device.
    ///
    /// # Errors
    ///
    /// The call fails if there is no such device, or if the process may not query it.
    ///
    #[doc = manual!("pcap_can_set_rfmon")]
    #[doc(alias = "pcap_can_set_rfmon")]
    pub fn can_set_rfmon(&self) -> Result<bool> {
        active::Created::new(&self.state.device)?.can_set_rfmon()
    }
}

/// # Opening a device: activation
impl Capture<Inactive> {
    /// Opens the device and starts to capture. The options remain usable, for example to change one and try again.
    ///
    /// # Errors
    ///
    /// - [`NoSuchDevice`](crate::ErrorKind::NoSuchDevice) if there is no such device.
    /// - [`PermissionDenied`](crate::ErrorKind::PermissionDenied) if the process may not capture on it.
    /// - [`InterfaceNotUp`](crate::ErrorKind::InterfaceNotUp) if the interface is down.
    /// - [`RfmonNotSupported`](crate::ErrorKind::RfmonNotSupported) if monitor mode was requested and the device lacks
    ///   it.
    /// - [`InvalidOption`](crate::ErrorKind::InvalidOption) if an option is invalid; the text names it and its value.
    /// - Those of [`set_filter`](Capture::set_filter) if the filter is invalid.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Capture, ErrorKind};
    ///
    /// let capture = Capture::from_device("no-such-device").promisc(true);
    /// let error = capture.activate().unwrap_err();
    /// println!("{error}"); // cannot activate `no-such-device`: …
    /// let again = capture.promisc(false).activate();
    /// # drop(again);
    /// ```
    ///
    #[doc = manual!("pcap_activate")]
    ///
    #[doc(alias = "pcap_create")]
    #[doc(alias = "pcap_activate")]
    pub fn activate(&self) -> Result<Capture<Active>> {
        self.open(false)
    }

    /// Opens the device as [`activate`](Self::activate) does, but skips options that fail on the open device.
    ///
    /// These are the link type, the direction, the filter, and on Linux the bypass of the queueing discipline. The
    /// [`warnings`](Capture::warnings) have an [`OptionSkipped`](crate::WarningKind::OptionSkipped) for each, with the
    /// text of its error.
    ///
    /// If its filter is skipped, the capture delivers all packets. Use `activate` where that would be wrong.
    ///
    /// # Errors
    ///
    /// Those of [`activate`](Self::activate), for everything else.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// let capture = pcap_core::Capture::from_device("eth0").filter("tcp prot 80").activate_best_effort()?;
    /// for warning in capture.warnings() {
    ///     eprintln!("{warning}"); // cannot compile `tcp prot 80`: syntax error
    /// }
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[doc(alias = "pcap_activate")]
    pub fn activate_best_effort(&self) -> Result<Capture<Active>> {
        self.open(true)
    }

    fn open(&self, anyway: bool) -> Result<Capture<Active>> {
        Active::open(&self.state.device, &self.state.options, anyway).map(Capture::new)
    }

    /// Opens a device in one call: a short form of [`from_device`](Self::from_device) for the most common options.
    ///
    /// `snaplen` is in bytes; 0 is the largest.
    ///
    /// # Errors
    ///
    /// Those of [`activate`](Self::activate).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// let mut capture = pcap_core::Capture::open_live("eth0", 0, true, Duration::from_millis(100))?;
    /// let done = capture.for_each_up_to(10, |packet| println!("{packet:?}"))?;
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    #[doc = manual!("pcap_open_live")]
    ///
    #[doc(alias = "pcap_open_live")]
    pub fn open_live(
        device: impl Into<DeviceName>,
        snaplen: u32,
        promisc: bool,
        timeout: Duration,
    ) -> Result<Capture<Active>> {
        let capture = Capture::from_device(device)
            .snaplen(snaplen)
            .promisc(promisc)
            .timeout(timeout);
        capture.activate()
    }
}
