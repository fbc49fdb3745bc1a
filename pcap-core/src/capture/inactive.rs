//! A capture that is being set up.

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

/// The phase of a capture on a device before it is activated: options that are recorded, nothing
/// that is open.
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

impl Capture<Inactive> {
    /// Begins a capture on a device: a name such as `eth0`, or a [`Device`](crate::Device). On Linux
    /// `any` is all devices at once.
    ///
    /// Nothing is opened before [`activate`](Self::activate). Options that are not set have these
    /// defaults: the largest snaplen (262 144 bytes), not promiscuous, no monitor mode, a
    /// packet-buffer timeout of 100 ms, libpcap's buffer size, nanoseconds, both directions, no
    /// filter.
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
    /// Manual page: [`pcap_create(3PCAP)`](https://www.tcpdump.org/manpages/pcap_create.3pcap.html).
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

    /// Sets the snapshot length: the most bytes of a packet to deliver. 0, the default, is the largest, 262 144
    /// bytes, and in [immediate mode](Self::immediate_mode) on Linux network interfaces 65 600. More than 262 144 is an
    /// error of the activation.
    ///
    /// A small snaplen saves time and room in the kernel's buffer. On Linux, where libpcap alone has the
    /// kernel cut packets only if a filter is set, 2 MiB hold 6000 packets of 1514 bytes instead of
    /// 1300 with a snaplen of 256. In immediate mode each packet has a slot of this size. A filter sees whole packets
    /// in any case.
    ///
    /// Manual page: [`pcap_set_snaplen(3PCAP)`](https://www.tcpdump.org/manpages/pcap_set_snaplen.3pcap.html).
    #[doc(alias = "pcap_set_snaplen")]
    #[must_use]
    pub fn snaplen(self, bytes: u32) -> Self {
        self.with(|o| o.snaplen = bytes)
    }

    /// Whether to capture packets that are not for this host, too. Default: no.
    ///
    /// A device without such a mode gives a [warning](Capture::warnings) and captures.
    ///
    /// Manual page: [`pcap_set_promisc(3PCAP)`](https://www.tcpdump.org/manpages/pcap_set_promisc.3pcap.html).
    #[doc(alias = "pcap_set_promisc")]
    #[must_use]
    pub fn promisc(self, on: bool) -> Self {
        self.with(|o| o.promisc = on)
    }

    /// Whether to capture raw 802.11 frames in monitor mode. Default: no.
    /// [`can_set_rfmon`](Self::can_set_rfmon) asks whether the device has it.
    ///
    /// Manual page: [`pcap_set_rfmon(3PCAP)`](https://www.tcpdump.org/manpages/pcap_set_rfmon.3pcap.html).
    #[doc(alias = "pcap_set_rfmon")]
    #[must_use]
    pub fn rfmon(self, on: bool) -> Self {
        self.with(|o| o.rfmon = on)
    }

    /// The packet-buffer timeout: how long packets may lie in the kernel's buffer to be delivered
    /// together. Default: 100 ms. It is rounded up to whole milliseconds, at least one.
    ///
    /// It is no deadline of a read; [`next_packet_timeout`](Capture::next_packet_timeout) has one.
    ///
    /// Manual page: [`pcap_set_timeout(3PCAP)`](https://www.tcpdump.org/manpages/pcap_set_timeout.3pcap.html).
    #[doc(alias = "pcap_set_timeout")]
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|o| o.timeout = timeout)
    }

    /// Whether each packet is delivered as soon as it arrives, without waiting for the
    /// packet-buffer timeout. Default: no.
    ///
    /// It costs a wake-up per packet. On Linux network interfaces each packet takes a slot of the size of the
    /// [snaplen](Self::snaplen) in the buffer, and on Ethernet no more than the device's longest packet. The default
    /// buffer is 32 MiB here, and the default snaplen 65 600 bytes, so that it holds 511 packets. Set a snaplen to
    /// hold more: 16 000 packets with one of 2000 bytes. [`buffer_size`](Self::buffer_size) sets another size.
    ///
    /// Manual page: [`pcap_set_immediate_mode(3PCAP)`](https://www.tcpdump.org/manpages/pcap_set_immediate_mode.3pcap.html).
    #[doc(alias = "pcap_set_immediate_mode")]
    #[must_use]
    pub fn immediate_mode(self, on: bool) -> Self {
        self.with(|o| o.immediate_mode = on)
    }

    /// The size of the kernel's buffer, in bytes. Default: libpcap's, on Linux 2 MiB.
    ///
    /// What arrives while the buffer is full is dropped, and counted in [`Stats`](crate::Stats). On Linux 2
    /// MiB hold 13 800 packets of 64 bytes, or 1300 of 1514: at 500 000 packets a second, 28 or 2.6
    /// milliseconds in which the program does not read. 64 MiB hold 435 000 and 41 600. The memory is the
    /// kernel's, and taken at once.
    ///
    /// Manual page: [`pcap_set_buffer_size(3PCAP)`](https://www.tcpdump.org/manpages/pcap_set_buffer_size.3pcap.html).
    #[doc(alias = "pcap_set_buffer_size")]
    #[must_use]
    pub fn buffer_size(self, bytes: usize) -> Self {
        self.with(|o| o.buffer_size = Some(bytes))
    }

    /// Which clock stamps the packets. Default: the device's. One that the device does not have is
    /// an error when activating; [`tstamp_types`](Self::tstamp_types) lists them.
    ///
    /// Manual page: [`pcap_set_tstamp_type(3PCAP)`](https://www.tcpdump.org/manpages/pcap_set_tstamp_type.3pcap.html).
    #[doc(alias = "pcap_set_tstamp_type")]
    #[must_use]
    pub fn tstamp_type(self, tstamp_type: TstampType) -> Self {
        self.with(|o| o.tstamp_type = Some(tstamp_type))
    }

    /// The precision of the timestamps, also in savefiles written from this capture. Default:
    /// nanoseconds, or microseconds where the device has no better.
    ///
    /// Manual page: [`pcap_set_tstamp_precision(3PCAP)`](https://www.tcpdump.org/manpages/pcap_set_tstamp_precision.3pcap.html).
    #[doc(alias = "pcap_set_tstamp_precision")]
    #[must_use]
    pub fn precision(self, precision: Precision) -> Self {
        self.with(|o| o.precision = precision)
    }

    /// The link type to capture, where the device has several. Default: the device's first.
    /// [`datalinks`](Capture::datalinks) of an active capture lists them.
    ///
    /// Manual page: [`pcap_set_datalink(3PCAP)`](https://www.tcpdump.org/manpages/pcap_set_datalink.3pcap.html).
    #[doc(alias = "pcap_set_datalink")]
    #[must_use]
    pub fn datalink(self, datalink: impl Into<Dlt>) -> Self {
        let datalink = datalink.into();
        self.with(|o| o.datalink = Some(datalink))
    }

    /// Which packets: received, sent or both. Default: both.
    ///
    /// Manual page: [`pcap_setdirection(3PCAP)`](https://www.tcpdump.org/manpages/pcap_setdirection.3pcap.html).
    #[doc(alias = "pcap_setdirection")]
    #[must_use]
    pub fn direction(self, direction: Direction) -> Self {
        self.with(|o| o.direction = direction)
    }

    /// Sets the filter: an expression, or a compiled [`Filter`](crate::Filter). Default: all packets.
    ///
    /// It is compiled and set by the activation, as by [`set_filter`](Capture::set_filter), before any packet is
    /// received.
    ///
    /// Manual page: [`pcap-filter(7)`](https://www.tcpdump.org/manpages/pcap-filter.7.html).
    #[doc(alias = "pcap_setfilter")]
    #[must_use]
    pub fn filter<'f>(self, filter: impl Into<FilterSource<'f>>) -> Self {
        let filter = filter.into().into_owned();
        self.with(|o| o.filter = Some(filter))
    }

    /// Sets whether [`dispatch`](Capture::dispatch) returns at once when nothing is there, and whether
    /// [`inject`](Capture::inject) fails instead of waiting for room: see
    /// [`set_nonblock`](Capture::set_nonblock). Default: no.
    ///
    /// Manual page: [`pcap_setnonblock(3PCAP)`](https://www.tcpdump.org/manpages/pcap_setnonblock.3pcap.html).
    #[doc(alias = "pcap_setnonblock")]
    #[must_use]
    pub fn nonblock(self, on: bool) -> Self {
        self.with(|o| o.nonblock = on)
    }

    /// The protocol to capture, as its number in `linux/if_ether.h`, or 0 for all: recorded for `os::linux`.
    #[allow(dead_code)] // of one system only
    pub(crate) fn with_protocol(self, protocol: u16) -> Self {
        self.with(|o| o.protocol = (protocol != 0).then_some(protocol))
    }

    /// Whether to deliver PKTAP headers: recorded for `os::macos`.
    #[allow(dead_code)] // of one system only
    pub(crate) fn with_pktap(self, on: bool) -> Self {
        self.with(|o| o.pktap = on)
    }

    /// The protocol to capture, if one was asked for.
    #[allow(dead_code)] // as above
    pub(crate) fn protocol_to_capture(&self) -> Option<u16> {
        self.state.options.protocol
    }

    /// What errors call the device.
    #[allow(dead_code)] // as above
    pub(crate) fn device_name(&self) -> String {
        self.state.device.to_text()
    }

    /// Whether to send past the queueing discipline: recorded for `os::linux`.
    #[allow(dead_code)] // as above
    pub(crate) fn with_qdisc_bypass(self, on: bool) -> Self {
        self.with(|o| o.qdisc_bypass = on)
    }

    /// The timestamp types that the device has; empty if it has only its default. Nothing is opened on the device.
    ///
    /// # Errors
    ///
    /// If there is no such device, or it cannot be asked.
    ///
    /// Manual page: [`pcap_list_tstamp_types(3PCAP)`](https://www.tcpdump.org/manpages/pcap_list_tstamp_types.3pcap.html).
    #[doc(alias = "pcap_list_tstamp_types")]
    pub fn tstamp_types(&self) -> Result<Vec<TstampType>> {
        active::Created::new(&self.state.device)?.tstamp_types()
    }

    /// Whether the device has monitor mode. Nothing is opened on the device.
    ///
    /// # Errors
    ///
    /// If there is no such device, or there is no permission to ask.
    ///
    /// Manual page: [`pcap_can_set_rfmon(3PCAP)`](https://www.tcpdump.org/manpages/pcap_can_set_rfmon.3pcap.html).
    #[doc(alias = "pcap_can_set_rfmon")]
    pub fn can_set_rfmon(&self) -> Result<bool> {
        active::Created::new(&self.state.device)?.can_set_rfmon()
    }

    /// Opens the device and begins to capture. The options stay, to change one and try again.
    ///
    /// # Errors
    ///
    /// The kind is [`NoSuchDevice`](crate::ErrorKind::NoSuchDevice),
    /// [`PermissionDenied`](crate::ErrorKind::PermissionDenied),
    /// [`InterfaceNotUp`](crate::ErrorKind::InterfaceNotUp),
    /// [`RfmonNotSupported`](crate::ErrorKind::RfmonNotSupported),
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) with the option and its value in the
    /// text, or that of a bad filter.
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
    /// Manual page: [`pcap_activate(3PCAP)`](https://www.tcpdump.org/manpages/pcap_activate.3pcap.html).
    #[doc(alias = "pcap_create")]
    #[doc(alias = "pcap_activate")]
    pub fn activate(&self) -> Result<Capture<Active>> {
        self.open(false)
    }

    /// [`activate`](Self::activate), but without the options that cannot be had, where a capture can
    /// do without: a link type, a direction or a filter that the open device does not take, and on Linux
    /// sending past the queueing discipline. Each that is left out is a [`LeftOut`](crate::WarningKind::LeftOut) among the
    /// [`warnings`](Capture::warnings), with the error that it would have been.
    ///
    /// Without its filter a capture gives all packets. Where that would be wrong, `activate`.
    ///
    /// # Errors
    ///
    /// As [`activate`](Self::activate), for everything else.
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

    /// Opens a device in one call: the short form of [`from_device`](Self::from_device) with the
    /// options that most programs set.
    ///
    /// `snaplen` is in bytes, and 0 is the largest.
    ///
    /// # Errors
    ///
    /// As [`activate`](Self::activate).
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
    /// Manual page: [`pcap_open_live(3PCAP)`](https://www.tcpdump.org/manpages/pcap_open_live.3pcap.html).
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
