//! The blocks that hold no packet: statistics, names, secrets, entries of a journal, and those of other organizations.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::device::MacAddr;
use crate::savefile::pcapng::code::{names, statistics};
use crate::savefile::pcapng::{Fields, Interface, Kind, Options, RawBlock, layout};
use crate::timestamp::Timestamp;

/// Defines a view of a block.
macro_rules! view {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'a> {
            raw: RawBlock<'a>,
        }

        impl<'a> $name<'a> {
            #[inline]
            pub(crate) fn new(raw: RawBlock<'a>) -> $name<'a> {
                $name { raw }
            }

            /// Returns the block.
            #[must_use]
            pub fn as_raw(&self) -> RawBlock<'a> {
                self.raw
            }

            /// Returns the comments (`opt_comment`).
            pub fn comments(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
                self.raw.comments()
            }
        }
    };
}

view! {
    /// Names of addresses: a name resolution block.
    NamesBlock
}
view! {
    /// Secrets that decrypt packets: a decryption secrets block. They precede the packets that need them.
    SecretsBlock
}
view! {
    /// An entry of a systemd journal.
    JournalBlock
}
view! {
    /// A block of an organization.
    CustomBlock
}

/// The statistics of an interface. Its counters speak of the capture that wrote them.
#[derive(Clone, Copy, Debug)]
pub struct StatisticsBlock<'a> {
    raw: RawBlock<'a>,
    interface: Option<&'a Interface>,
}

impl<'a> StatisticsBlock<'a> {
    #[inline]
    pub(crate) fn new(raw: RawBlock<'a>, interface: Option<&'a Interface>) -> StatisticsBlock<'a> {
        StatisticsBlock { raw, interface }
    }

    /// Returns the block.
    #[must_use]
    #[inline]
    pub fn as_raw(&self) -> RawBlock<'a> {
        self.raw
    }

    /// Returns the number of the interface in its section, starting at 0.
    #[must_use]
    #[inline]
    pub fn interface_id(&self) -> u32 {
        self.raw.content().u32(0).unwrap_or(u32::MAX)
    }

    /// Returns the interface, if the section has one with this number.
    #[must_use]
    #[inline]
    pub fn interface(&self) -> Option<&'a Interface> {
        self.interface
    }

    /// Returns the time of the statistics. Some programs write this time and the other two with another resolution than
    /// the interface's, for example dumpcap 4.0.
    #[must_use]
    #[inline]
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.time(self.raw.content().ticks(4)?)
    }

    /// Returns the time of the statistics in ticks of the interface.
    #[must_use]
    #[inline]
    pub fn ticks(&self) -> Option<u64> {
        self.raw.content().ticks(4)
    }

    /// Returns the time when the capture started (`isb_starttime`).
    #[must_use]
    #[inline]
    pub fn start_time(&self) -> Option<Timestamp> {
        self.time_of(statistics::START)
    }

    /// Returns the time when the capture ended (`isb_endtime`).
    #[must_use]
    #[inline]
    pub fn end_time(&self) -> Option<Timestamp> {
        self.time_of(statistics::END)
    }

    /// Returns the number of packets that the interface received (`isb_ifrecv`).
    #[must_use]
    #[inline]
    pub fn received(&self) -> Option<u64> {
        self.count(statistics::RECEIVED)
    }

    /// Returns the number of packets that the interface dropped (`isb_ifdrop`).
    #[must_use]
    #[inline]
    pub fn if_dropped(&self) -> Option<u64> {
        self.count(statistics::IF_DROPPED)
    }

    /// Returns the number of packets that passed the filter (`isb_filteraccept`).
    #[must_use]
    #[inline]
    pub fn accepted(&self) -> Option<u64> {
        self.count(statistics::ACCEPTED)
    }

    /// Returns the number of packets that the operating system dropped (`isb_osdrop`).
    #[must_use]
    #[inline]
    pub fn dropped(&self) -> Option<u64> {
        self.count(statistics::OS_DROPPED)
    }

    /// Returns the number of packets that were delivered to the program (`isb_usrdeliv`).
    #[must_use]
    #[inline]
    pub fn delivered(&self) -> Option<u64> {
        self.count(statistics::DELIVERED)
    }

    /// Returns the options.
    #[must_use]
    #[inline]
    pub fn options(&self) -> Options<'a> {
        self.raw.options_after(layout::STATISTICS)
    }

    /// Returns the comments (`opt_comment`).
    #[inline]
    pub fn comments(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        self.raw.comments()
    }

    #[inline]
    fn count(&self, code: u16) -> Option<u64> {
        self.options().first(code)?.u64()
    }

    #[inline]
    fn time_of(&self, code: u16) -> Option<Timestamp> {
        let option = self.options().first(code)?;
        let ticks = option.value.ticks(0)?;
        (option.value().len() == 8).then(|| self.time(ticks))?
    }

    #[inline]
    fn time(&self, ticks: u64) -> Option<Timestamp> {
        let (secs, nanos) = self.interface?.clock().time(ticks)?;
        Some(Timestamp::new(secs, i64::from(nanos)))
    }
}

/// An address with its names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NameRecord<'a> {
    /// The address.
    pub address: NamedAddress<'a>,
    /// The names.
    pub names: Vec<Cow<'a, str>>,
}

/// An address that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NamedAddress<'a> {
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// An EUI-48 address.
    Mac(MacAddr),
    /// An EUI-64 address.
    Eui64([u8; 8]),
    /// A record of another type: the type, and the whole value, in which no names are known.
    Other(u16, &'a [u8]),
}

impl<'a> NamesBlock<'a> {
    /// Returns the addresses with their names. Ends at a record that is damaged.
    #[inline]
    pub fn records(&self) -> impl Iterator<Item = NameRecord<'a>> + use<'a> {
        let mut rest = self.raw.content();
        std::iter::from_fn(move || {
            let (kind, length) = (rest.u16(0)?, usize::from(rest.u16(2)?));
            let value = rest.bytes().get(4..4 + length).filter(|_| kind != 0)?;
            rest = rest.from(4 + length.next_multiple_of(4));
            record(kind, value)
        })
    }

    /// Returns the options.
    #[must_use]
    #[inline]
    pub fn options(&self) -> Options<'a> {
        let none = Options::new(self.raw.content().from(usize::MAX));
        self.raw.options().unwrap_or(none)
    }

    /// Returns the name of the DNS server that resolved the addresses (`ns_dnsname`).
    #[must_use]
    #[inline]
    pub fn dns_name(&self) -> Option<Cow<'a, str>> {
        self.options().text(names::DNS_NAME)
    }

    /// Returns the IPv4 address of that DNS server (`ns_dnsIP4addr`).
    #[must_use]
    #[inline]
    pub fn dns_ipv4(&self) -> Option<Ipv4Addr> {
        let option = self.options().first(names::DNS_IPV4)?;
        Some(<[u8; 4]>::try_from(option.value()).ok()?.into())
    }

    /// Returns the IPv6 address of that DNS server (`ns_dnsIP6addr`).
    #[must_use]
    #[inline]
    pub fn dns_ipv6(&self) -> Option<Ipv6Addr> {
        let option = self.options().first(names::DNS_IPV6)?;
        Some(<[u8; 16]>::try_from(option.value()).ok()?.into())
    }
}

/// Parses a record of a name resolution block. `None` if it is too short for its type.
#[inline]
fn record(kind: u16, value: &[u8]) -> Option<NameRecord<'_>> {
    let (address, names) = match kind {
        1 => {
            let (address, names) = value.split_first_chunk::<4>()?;
            (NamedAddress::Ip(IpAddr::V4((*address).into())), names)
        }
        2 => {
            let (address, names) = value.split_first_chunk::<16>()?;
            (NamedAddress::Ip(IpAddr::V6((*address).into())), names)
        }
        3 => {
            let (address, names) = value.split_first_chunk::<6>()?;
            (NamedAddress::Mac(MacAddr::new(*address)), names)
        }
        4 => {
            let (address, names) = value.split_first_chunk::<8>()?;
            (NamedAddress::Eui64(*address), names)
        }
        other => (NamedAddress::Other(other, value), &[][..]),
    };
    let names = names.split(|&byte| byte == 0);
    Some(NameRecord {
        address,
        names: names
            .filter(|name| !name.is_empty())
            .map(String::from_utf8_lossy)
            .collect(),
    })
}

/// Returns whether the records of a name resolution block have an address and whole names, as Wireshark requires it.
#[inline]
pub(crate) fn are_names_whole(body: Fields<'_>) -> bool {
    let mut rest = body;
    loop {
        let (Some(kind), Some(length)) = (rest.u16(0), rest.u16(2)) else {
            // Not even a record that ends the others is required, but one record is.
            return !body.bytes().is_empty();
        };
        let length = usize::from(length);
        let address = match kind {
            0 => return true,
            1 => 4,
            2 => 16,
            _ => 0,
        };
        let Some(value) = rest.bytes().get(4..4 + length) else {
            return false;
        };
        let Some(names) = value.get(address..) else {
            return false;
        };
        if address > 0 && names.last().is_some_and(|&byte| byte != 0) {
            return false;
        }
        rest = rest.from(4 + length.next_multiple_of(4));
    }
}

impl<'a> SecretsBlock<'a> {
    /// Returns the type of the secrets, for example `0x544c_534b` (`TLSK`) for a TLS key log.
    #[must_use]
    #[inline]
    pub fn secrets_type(&self) -> u32 {
        self.raw.content().u32(0).unwrap_or(0)
    }

    /// Returns the secrets. Damaged secrets end at the end of the block.
    #[must_use]
    #[inline]
    pub fn secrets(&self) -> &'a [u8] {
        let body: Fields<'a> = self.raw.content();
        let length = body.u32(4).unwrap_or(0) as usize;
        let secrets = body.from(layout::SECRETS).bytes();
        &secrets[..length.min(secrets.len())]
    }
}

impl<'a> JournalBlock<'a> {
    /// Returns the entry in the journal's export format, without the zeros at its end.
    #[must_use]
    #[inline]
    pub fn entry(&self) -> &'a [u8] {
        let body = self.raw.body();
        let end = body.iter().rposition(|&byte| byte != 0);
        &body[..end.map_or(0, |end| end + 1)]
    }
}

impl<'a> CustomBlock<'a> {
    /// Returns the private enterprise number of the organization.
    #[must_use]
    #[inline]
    pub fn enterprise(&self) -> u32 {
        self.raw.content().u32(0).unwrap_or(0)
    }

    /// Returns the data, with the padding and the options, which only the organization can tell apart.
    #[must_use]
    #[inline]
    pub fn data(&self) -> &'a [u8] {
        self.raw.content().from(4).bytes()
    }

    /// Returns whether programs that edit the file keep the block.
    #[must_use]
    #[inline]
    pub fn is_copyable(&self) -> bool {
        self.raw.kind() == Kind::CUSTOM
    }
}
