//! The description of an interface.

mod setters;

use std::borrow::Cow;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::device::MacAddr;
use crate::linktype::Linktype;
use crate::savefile::ByteOrder;
use crate::savefile::pcapng::code::interface as code;
use crate::savefile::pcapng::{
    BlockBuf, Clock, Kind, Options, RawBlock, Resolution, layout, text::Texts,
};
use crate::timestamp::Precision;

/// The snaplen of a new interface: libpcap's largest for most link types.
const SNAPLEN: u32 = 262_144;

/// The description of an interface in a pcapng file: the link type of its packets, and optional information about the
/// device.
///
/// [`Reader`](crate::pcapng::Reader) returns the interfaces of a file, and
/// [`PcapngDumper::add_interface`](crate::pcapng::PcapngDumper::add_interface) writes one. An interface from a file
/// keeps its bytes, including options that this crate does not know, so that it is written unchanged.
///
/// Each string may be at most 65 535 bytes long (the filter: 65 534) and must not contain a NUL byte.
/// [`add_interface`](crate::pcapng::PcapngDumper::add_interface) checks this.
///
/// # Examples
///
/// ```
/// use pcap_core::pcapng::Interface;
/// use pcap_core::{Linktype, Precision};
///
/// let interface = Interface::new(Linktype::ETHERNET)
///     .with_name("eth0")
///     .with_snaplen(1500)
///     .with_precision(Precision::Micro)
///     .with_filter("tcp port 443");
/// assert_eq!(interface.name().as_deref(), Some("eth0"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Interface {
    block: BlockBuf,
    /// The link type to write, even if it has more than 16 bits, which is an error then.
    linktype: Linktype,
    /// The clock of its packets, as the options say.
    clock: Clock,
    texts: Texts,
}

/// The filter of an interface: what [`Interface::filter`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InterfaceFilter<'a> {
    /// A filter expression.
    Expression(Cow<'a, str>),
    /// A BPF program: its instructions, each with `code`, `jt`, `jf` and `k`.
    Program(Vec<(u16, u8, u8, u32)>),
    /// A filter of another kind: the number of the kind, and the rest of the value.
    Other(u8, &'a [u8]),
}

impl Interface {
    /// Creates an interface with the given link type, a snaplen of 262 144 bytes, nanosecond precision, and no other
    /// information.
    #[must_use]
    pub fn new(linktype: impl Into<Linktype>) -> Interface {
        let linktype = linktype.into();
        let mut body = (linktype.value() as u16).to_ne_bytes().to_vec();
        body.extend_from_slice(&[0, 0]);
        body.extend_from_slice(&SNAPLEN.to_ne_bytes());
        let interface = Interface {
            block: BlockBuf::of_kind(Kind::INTERFACE, &body, ByteOrder::Native),
            linktype,
            clock: Clock::UNKNOWN,
            texts: Texts::default(),
        };
        interface.with_precision(Precision::Nano)
    }

    /// Takes over an interface description from a file.
    #[inline]
    pub(crate) fn from_block(block: RawBlock<'_>) -> Interface {
        let interface = Interface {
            block: block.into(),
            linktype: Linktype::new(block.content().u16(0).unwrap_or(0).into()),
            clock: Clock::UNKNOWN,
            texts: Texts::default(),
        };
        interface.with_clock()
    }

    /// Determines the clock from the options.
    #[inline]
    fn with_clock(mut self) -> Interface {
        let (resolution, offset) = (self.resolution().value(), self.time_offset());
        self.clock = Clock::new(resolution, offset).unwrap_or(Clock::UNKNOWN);
        self
    }

    /// Borrows the block of the description.
    #[must_use]
    #[inline]
    pub fn as_raw(&self) -> RawBlock<'_> {
        self.block.as_raw()
    }

    /// Returns the first error of a setter.
    #[inline]
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.texts.refusal()
    }

    /// Returns whether both describe the same interface, whatever their byte order and the order in which
    /// options with different codes come.
    #[inline]
    pub(crate) fn is_same(&self, other: &Interface) -> bool {
        let in_order = |interface: &Interface, order| {
            // Nobody knows whether options of unknown meaning are equal.
            let block = interface.block.to_whole_order(order).ok()?;
            let mut options: Vec<_> = block.options()?.map(|o| (o.code(), o.value())).collect();
            // Among several options with a code, the first one may be the one that counts.
            options.sort_by_key(|(code, _)| *code);
            let options: Vec<_> = options.iter().map(|(c, v)| (*c, v.to_vec())).collect();
            Some(options)
        };
        let order = self.block.order();
        (self.linktype, self.snaplen()) == (other.linktype, other.snaplen())
            && in_order(self, order)
                .zip(in_order(other, order))
                .is_some_and(|(a, b)| a == b)
    }

    /// Returns the clock of the interface's packets.
    #[inline]
    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }
}

/// # Getters
impl Interface {
    /// Returns the link type of the packets.
    #[must_use]
    #[inline]
    pub fn linktype(&self) -> Linktype {
        self.linktype
    }

    /// Returns the snaplen, in bytes; 0 means no limit.
    #[must_use]
    #[inline]
    pub fn snaplen(&self) -> u32 {
        self.as_raw().content().u32(4).unwrap_or(0)
    }

    /// Returns all options.
    #[must_use]
    #[inline]
    pub fn options(&self) -> Options<'_> {
        self.as_raw().options_after(layout::INTERFACE)
    }

    /// Returns the name of the device (`if_name`).
    #[must_use]
    #[inline]
    pub fn name(&self) -> Option<Cow<'_, str>> {
        self.options().text(code::NAME)
    }

    /// Returns the description of the device (`if_description`).
    #[must_use]
    #[inline]
    pub fn description(&self) -> Option<Cow<'_, str>> {
        self.options().text(code::DESCRIPTION)
    }

    /// Returns the comments (`opt_comment`).
    #[inline]
    pub fn comments(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.as_raw().comments()
    }

    /// Returns the IPv4 addresses of the device, each with its netmask (`if_IPv4addr`).
    #[inline]
    pub fn ipv4(&self) -> impl Iterator<Item = (Ipv4Addr, Ipv4Addr)> {
        let values = self.values(code::IPV4);
        values.filter_map(|value| {
            let [a, b, c, d, e, f, g, h] = <[u8; 8]>::try_from(value).ok()?;
            Some((Ipv4Addr::new(a, b, c, d), Ipv4Addr::new(e, f, g, h)))
        })
    }

    /// Returns the IPv6 addresses of the device, each with the length of its prefix in bits (`if_IPv6addr`).
    #[inline]
    pub fn ipv6(&self) -> impl Iterator<Item = (Ipv6Addr, u8)> {
        let values = self.values(code::IPV6);
        values.filter_map(|value| match value.split_first_chunk::<16>()? {
            (address, &[prefix]) => Some((Ipv6Addr::from(*address), prefix)),
            _ => None,
        })
    }

    /// Returns the hardware address of the device (`if_MACaddr`).
    #[must_use]
    #[inline]
    pub fn mac_addr(&self) -> Option<MacAddr> {
        let bytes = <[u8; 6]>::try_from(self.values(code::MAC).next()?);
        Some(MacAddr::new(bytes.ok()?))
    }

    /// Returns the EUI-64 address of the device (`if_EUIaddr`).
    #[must_use]
    #[inline]
    pub fn eui_addr(&self) -> Option<[u8; 8]> {
        self.values(code::EUI).next()?.try_into().ok()
    }

    /// Returns the speed of the device, in bits per second (`if_speed`).
    #[must_use]
    #[inline]
    pub fn speed(&self) -> Option<u64> {
        self.options().first(code::SPEED)?.u64()
    }

    /// Returns the speed of sending, in bits per second (`if_txspeed`).
    #[must_use]
    #[inline]
    pub fn tx_speed(&self) -> Option<u64> {
        self.options().first(code::TX_SPEED)?.u64()
    }

    /// Returns the speed of receiving, in bits per second (`if_rxspeed`).
    #[must_use]
    #[inline]
    pub fn rx_speed(&self) -> Option<u64> {
        self.options().first(code::RX_SPEED)?.u64()
    }

    /// Returns the resolution of the timestamps (`if_tsresol`). Default: microseconds. If the file has several, the
    /// first one counts, as in Wireshark.
    #[must_use]
    #[inline]
    pub fn resolution(&self) -> Resolution {
        let mut values = self.values(code::RESOLUTION);
        let value = values.find_map(|value| <[u8; 1]>::try_from(value).ok());
        value.map_or(Resolution::MICRO, |[value]| Resolution::from_value(value))
    }

    /// Returns the number of seconds to add to each timestamp (`if_tsoffset`). Default: 0. If the file has several, the
    /// first one counts, as in Wireshark.
    #[must_use]
    #[inline]
    pub fn time_offset(&self) -> i64 {
        let mut options = self.options();
        let offset = options.find_map(|option| match option.code() {
            code::OFFSET => option.u64(),
            _ => None,
        });
        offset.unwrap_or(0) as i64
    }

    /// Returns the time zone (`if_tzone`), of which the specification does not say what it means.
    #[must_use]
    #[inline]
    pub fn time_zone(&self) -> Option<u32> {
        self.options().first(code::TIME_ZONE)?.u32()
    }

    /// Returns the name of the time zone in the IANA database (`if_iana_tzname`), such as `Europe/Berlin`.
    #[must_use]
    #[inline]
    pub fn iana_time_zone(&self) -> Option<Cow<'_, str>> {
        self.options().text(code::IANA_TIME_ZONE)
    }

    /// Returns the filter of the capture (`if_filter`).
    #[must_use]
    #[inline]
    pub fn filter(&self) -> Option<InterfaceFilter<'_>> {
        let option = self.options().first(code::FILTER)?;
        let (kind, rest) = option.value().split_first()?;
        Some(match kind {
            0 => {
                let end = rest.iter().position(|&byte| byte == 0);
                let text = &rest[..end.unwrap_or(rest.len())];
                InterfaceFilter::Expression(String::from_utf8_lossy(text))
            }
            1 if rest.len() % 8 == 0 => {
                let fields = option.value.from(1);
                let program = (0..rest.len()).step_by(8).filter_map(|at| {
                    let (code, k) = (fields.u16(at)?, fields.u32(at + 4)?);
                    Some((code, rest[at + 2], rest[at + 3], k))
                });
                InterfaceFilter::Program(program.collect())
            }
            other => InterfaceFilter::Other(*other, rest),
        })
    }

    /// Returns the operating system of the host on which the packets were captured (`if_os`).
    #[must_use]
    #[inline]
    pub fn os(&self) -> Option<Cow<'_, str>> {
        self.options().text(code::OS)
    }

    /// Returns the description of the device's hardware (`if_hardware`).
    #[must_use]
    #[inline]
    pub fn hardware(&self) -> Option<Cow<'_, str>> {
        self.options().text(code::HARDWARE)
    }

    /// Returns the length of the frame check sequence at the end of each packet (`if_fcslen`), as the file has it:
    /// Wireshark counts bytes, the specification bits.
    #[must_use]
    #[inline]
    pub fn fcs_len(&self) -> Option<u8> {
        self.options().first(code::FCS_LEN)?.u8()
    }

    #[inline]
    fn values(&self, code: u16) -> impl Iterator<Item = &[u8]> {
        let options = self.options();
        options
            .filter(move |option| option.code() == code)
            .map(|option| option.value())
    }
}

impl fmt::Debug for Interface {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interface")
            .field("linktype", &self.linktype)
            .field("snaplen", &self.snaplen())
            .field("name", &self.name())
            .field("resolution", &self.resolution())
            .finish_non_exhaustive()
    }
}
