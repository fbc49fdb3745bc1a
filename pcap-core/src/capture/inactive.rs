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

/// The phase of a capture before activation. It stores the options; the device is not open.
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
    /// Creates a capture for a device, given by its name, such as `eth0`, or as a [`Device`](crate::Device). On Linux,
    /// the `any` device captures on all network interfaces.
    ///
    /// This call does not open the device; [`activate`](Self::activate) does. The options have these defaults:
    ///
    /// - the largest snaplen (262 144 bytes),
    /// - promiscuous, monitor, immediate and non-blocking mode off,
    /// - a packet-buffer timeout of 100 ms,
    /// - libpcap's buffer size,
    /// - timestamps in nanoseconds,
    /// - both directions,
    /// - no filter.
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
    /// The default, 0, means the largest snaplen: 262 144 bytes, or 65 600 in [immediate mode](Self::immediate_mode) on
    /// Linux network interfaces. Activation rejects values above 262 144.
    ///
    /// A small snaplen saves time and space in the kernel's buffer. On Linux network interfaces, a buffer of 2 MiB
    /// holds 6000 packets of 1514 bytes with a snaplen of 256, and 1300 with the default. (When used directly, libpcap
    /// has the kernel truncate packets only if a filter is set.) In immediate mode, each packet occupies a slot of this
    /// size. On Linux network interfaces, filters see whole packets regardless of the snaplen.
    ///
    #[doc = manual!("pcap_set_snaplen")]
    #[doc(alias = "pcap_set_snaplen")]
    #[must_use]
    pub fn snaplen(self, bytes: u32) -> Self {
        self.with(|o| o.snaplen = bytes)
    }

    /// Sets whether to use promiscuous mode, in which the device also captures packets that are not addressed to this
    /// host. Default: off.
    ///
    /// If the device does not support this mode, the capture works without it and reports a
    /// [warning](Capture::warnings).
    ///
    #[doc = manual!("pcap_set_promisc")]
    #[doc(alias = "pcap_set_promisc")]
    #[must_use]
    pub fn promisc(self, on: bool) -> Self {
        self.with(|o| o.promisc = on)
    }

    /// Sets whether to use monitor mode, in which a Wi-Fi device captures raw 802.11 frames. Default: off.
    ///
    /// [`can_set_rfmon`](Self::can_set_rfmon) returns whether the device supports this mode. If it does not, activation
    /// fails with [`RfmonNotSupported`](crate::ErrorKind::RfmonNotSupported).
    ///
    #[doc = manual!("pcap_set_rfmon")]
    #[doc(alias = "pcap_set_rfmon")]
    #[must_use]
    pub fn rfmon(self, on: bool) -> Self {
        self.with(|o| o.rfmon = on)
    }

    /// Sets the packet-buffer timeout: the longest time for which the kernel may hold packets back in order to deliver
    /// several at once. Default: 100 ms.
    ///
    /// The timeout is rounded up to whole milliseconds, at least one. Activation rejects values above 2 147 483 647 ms.
    ///
    /// This is not the timeout of a read; for that, use [`next_packet_timeout`](Capture::next_packet_timeout).
    ///
    #[doc = manual!("pcap_set_timeout")]
    #[doc(alias = "pcap_set_timeout")]
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|o| o.timeout = timeout)
    }

    /// Sets whether to use immediate mode, in which the kernel delivers each packet as soon as it arrives, without
    /// waiting for the packet-buffer timeout. Default: off.
    ///
    /// Immediate mode costs one wake-up per packet. On Linux network interfaces, each packet also occupies a buffer
    /// slot as large as the [snaplen](Self::snaplen), or on Ethernet as the device's longest packet if that is smaller.
    ///
    /// The default buffer size in immediate mode is 32 MiB; [`buffer_size`](Self::buffer_size) sets another. On Linux
    /// network interfaces, the default snaplen in immediate mode is 65 600 bytes, with which the buffer holds 511
    /// packets. With a snaplen of 2000 bytes, it holds 16 000.
    ///
    #[doc = manual!("pcap_set_immediate_mode")]
    #[doc(alias = "pcap_set_immediate_mode")]
    #[must_use]
    pub fn immediate_mode(self, on: bool) -> Self {
        self.with(|o| o.immediate_mode = on)
    }

    /// Sets the size of the kernel's buffer, in bytes. Default: 32 MiB in [immediate mode](Self::immediate_mode), and
    /// otherwise libpcap's default, which is 2 MiB on Linux.
    ///
    /// The kernel drops packets that arrive while the buffer is full, and counts them in [`Stats`](crate::Stats). On
    /// Linux network interfaces, the buffer holds about this many packets. [Immediate mode](Self::immediate_mode) uses
    /// slots of a fixed size, and holds far fewer.
    ///
    /// | buffer | packets of 64 bytes | packets of 1514 bytes |
    /// |---|---|---|
    /// | 2 MiB | 13 800 | 1300 |
    /// | 64 MiB | 435 000 | 41 600 |
    ///
    /// At 500 000 packets per second, a program with a buffer of 2 MiB may stop reading for 28 ms (packets of 64 bytes)
    /// or 2.6 ms (packets of 1514 bytes) without losing packets.
    ///
    /// The kernel allocates the memory at activation. Activation rejects 0 and values above 2 147 483 647.
    ///
    #[doc = manual!("pcap_set_buffer_size")]
    #[doc(alias = "pcap_set_buffer_size")]
    #[must_use]
    pub fn buffer_size(self, bytes: usize) -> Self {
        self.with(|o| o.buffer_size = Some(bytes))
    }

    /// Sets the timestamp type, which selects the clock that timestamps the packets. Default: the device's default.
    ///
    /// [`tstamp_types`](Self::tstamp_types) returns the types that the device supports; activation rejects others.
    ///
    #[doc = manual!("pcap_set_tstamp_type")]
    #[doc(alias = "pcap_set_tstamp_type")]
    #[must_use]
    pub fn tstamp_type(self, tstamp_type: TstampType) -> Self {
        self.with(|o| o.tstamp_type = Some(tstamp_type))
    }

    /// Sets the precision of the timestamps, and of the savefiles that this capture creates. Default: nanoseconds.
    ///
    /// If the device does not support nanoseconds, the capture has a precision of microseconds.
    ///
    #[doc = manual!("pcap_set_tstamp_precision")]
    #[doc(alias = "pcap_set_tstamp_precision")]
    #[must_use]
    pub fn precision(self, precision: Precision) -> Self {
        self.with(|o| o.precision = precision)
    }

    /// Sets the link type, for a device that supports several. Default: the device's default.
    ///
    /// After activation, [`datalinks`](Capture::datalinks) returns the supported link types.
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

    /// Sets the filter, which is an expression or a compiled [`Filter`](crate::Filter). Default: no filter, so all
    /// packets are captured.
    ///
    /// An empty expression accepts all packets, so an `Option<&str>` can be passed as `expression.unwrap_or_default()`.
    ///
    /// Activation compiles and sets the filter, as [`set_filter`](Capture::set_filter) does, before the capture
    /// receives any packet.
    ///
    #[doc = manual!(libpcap 7 "pcap-filter")]
    #[doc(alias = "pcap_setfilter")]
    #[must_use]
    pub fn filter<'f>(self, filter: impl Into<FilterSource<'f>>) -> Self {
        let filter = filter.into().into_owned();
        self.with(|o| o.filter = Some(filter))
    }

    /// Sets whether to use non-blocking mode, in which [`dispatch`](Capture::dispatch) returns at once if no packet is
    /// available, and [`inject`](Capture::inject) fails instead of waiting while the device's send queue is full. See
    /// [`set_nonblock`](Capture::set_nonblock). Default: off.
    ///
    #[doc = manual!("pcap_setnonblock")]
    #[doc(alias = "pcap_setnonblock")]
    #[must_use]
    pub fn nonblock(self, on: bool) -> Self {
        self.with(|o| o.nonblock = on)
    }

    /// Sets the protocol to capture, by its number in `linux/if_ether.h`; 0 means all. Used by `os::linux`.
    #[allow(dead_code)] // used on one system only
    pub(crate) fn with_protocol(self, protocol: u16) -> Self {
        self.with(|o| o.protocol = (protocol != 0).then_some(protocol))
    }

    /// Sets whether to deliver PKTAP headers, for `os::macos`.
    #[allow(dead_code)] // used on one system only
    pub(crate) fn with_pktap(self, on: bool) -> Self {
        self.with(|o| o.pktap = on)
    }

    /// Returns the requested protocol, or `None` for all protocols.
    #[allow(dead_code)] // as above
    pub(crate) fn protocol_to_capture(&self) -> Option<u16> {
        self.state.options.protocol
    }

    /// Returns the device's name as error messages show it.
    #[allow(dead_code)] // as above
    pub(crate) fn device_name(&self) -> String {
        self.state.device.to_text()
    }

    /// Sets whether sending bypasses the queueing discipline. Used by `os::linux`.
    #[allow(dead_code)] // as above
    pub(crate) fn with_qdisc_bypass(self, on: bool) -> Self {
        self.with(|o| o.qdisc_bypass = on)
    }

    /// Returns the timestamp types that the device supports. The list is empty if the device has only its default type.
    /// The call does not activate the device.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the device's name contains a NUL byte.
    /// - [`Other`](crate::ErrorKind::Other) if libpcap cannot query the device. On Linux, the call succeeds for an
    ///   interface that does not exist.
    ///
    #[doc = manual!("pcap_list_tstamp_types")]
    #[doc(alias = "pcap_list_tstamp_types")]
    pub fn tstamp_types(&self) -> Result<Vec<TstampType>> {
        active::Created::new(&self.state.device)?.tstamp_types()
    }

    /// Returns whether the device supports monitor mode. The call does not activate the device.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the device's name contains a NUL byte.
    /// - [`NoSuchDevice`](crate::ErrorKind::NoSuchDevice) if the device does not exist. On Linux, the call returns
    ///   `false` instead.
    /// - [`PermissionDenied`](crate::ErrorKind::PermissionDenied) if the process lacks permission to query the device.
    /// - [`Other`](crate::ErrorKind::Other) if libpcap reports any other error.
    ///
    #[doc = manual!("pcap_can_set_rfmon")]
    #[doc(alias = "pcap_can_set_rfmon")]
    pub fn can_set_rfmon(&self) -> Result<bool> {
        active::Created::new(&self.state.device)?.can_set_rfmon()
    }
}

/// # Opening a device: activation
impl Capture<Inactive> {
    /// Opens the device and starts capturing.
    ///
    /// The call only borrows the options, so they remain usable, for example to change one and try again.
    ///
    /// # Errors
    ///
    /// - [`NoSuchDevice`](crate::ErrorKind::NoSuchDevice) if the device does not exist.
    /// - [`PermissionDenied`](crate::ErrorKind::PermissionDenied) if the process lacks permission to capture on it.
    /// - [`InterfaceNotUp`](crate::ErrorKind::InterfaceNotUp) if the interface is down.
    /// - [`RfmonNotSupported`](crate::ErrorKind::RfmonNotSupported) if monitor mode was requested and the device does
    ///   not support it.
    /// - [`InvalidOption`](crate::ErrorKind::InvalidOption) if an option is invalid. The message names the option and
    ///   its value.
    /// - The errors of [`set_filter`](Capture::set_filter), [`set_direction`](Capture::set_direction) and
    ///   [`set_datalink`](Capture::set_datalink), for the filter, the direction and the link type.
    /// - [`Io`](crate::ErrorKind::Io) if the process has no file descriptor left.
    /// - [`Other`](crate::ErrorKind::Other) if libpcap reports any other error.
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

    /// Opens the device as [`activate`](Self::activate) does, but skips options that cannot be applied to the open
    /// device.
    ///
    /// The call can skip the link type, the direction, the filter, and on Linux the bypass of the queueing discipline.
    /// For each skipped option, [`warnings`](Capture::warnings) contains an
    /// [`OptionSkipped`](crate::WarningKind::OptionSkipped) with the text of the error.
    ///
    /// If the filter is skipped, the capture delivers all packets. Use `activate` if that is not acceptable.
    ///
    /// # Errors
    ///
    /// The errors of [`activate`](Self::activate), except for the options that the call can skip.
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

    fn open(&self, best_effort: bool) -> Result<Capture<Active>> {
        Active::open(&self.state.device, &self.state.options, best_effort).map(Capture::new)
    }

    /// Opens a device in one call. This is shorthand for [`from_device`](Self::from_device), the most common options
    /// and [`activate`](Self::activate).
    ///
    /// `snaplen` is in bytes; 0 means the largest snaplen. `promisc` sets promiscuous mode, and `timeout` sets the
    /// packet-buffer timeout.
    ///
    /// # Errors
    ///
    /// The errors of [`activate`](Self::activate).
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
