//! The filter of a capture that reads a savefile.

use crate::capture::offline::blocks::Header;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{Filter, FilterSource};
use crate::linktype::{Dlt, Linktype};
use crate::packet::Packet;
use crate::savefile::ByteOrder;
use crate::savefile::pcapng::Interface;
use crate::warning::{Warning, WarningKind};

/// Which packets a capture delivers.
#[allow(clippy::large_enum_variant)] // a capture has one, and the filter is close at hand
pub(super) enum Filtering {
    All,
    /// Those that a filter accepts, and what the filter was made of.
    One(Filter, FilterSource<'static>),
    /// Those that the filter of their link type accepts.
    PerLinktype(PerLinktype),
}

impl Filtering {
    /// Returns whether a packet is delivered.
    #[inline(always)] // else the packet would be passed in memory
    pub(super) fn wants(&self, packet: Option<Packet<'_>>) -> bool {
        match (self, packet) {
            (Filtering::One(filter, _), Some(packet)) => filter.matches_packet(packet),
            (Filtering::PerLinktype(filters), Some(packet)) => {
                filters.want(packet.interface(), packet.data(), packet.wire_len())
            }
            _ => true,
        }
    }

    #[inline]
    pub(super) fn is_all(&self) -> bool {
        matches!(self, Filtering::All)
    }

    /// Returns the filter, if there is one for all packets.
    pub(super) fn one(&self) -> Option<&Filter> {
        match self {
            Filtering::One(filter, _) => Some(filter),
            Filtering::All | Filtering::PerLinktype(_) => None,
        }
    }
}

/// The filters of a pcapng savefile with several link types, all made of the same source.
pub(super) struct PerLinktype {
    source: FilterSource<'static>,
    /// `None` if the filter does not compile for the link type, whose packets are not delivered then.
    filters: Vec<Option<Filter>>,
    /// The index of the filter for a link type, sorted by link type. The byte order matters only for some of them.
    indices: Vec<(Key, usize)>,
    /// The index of the filter for each interface of the section.
    interfaces: Vec<usize>,
    warnings: Vec<Warning>,
    /// Why the filter does not compile for the first such link type.
    failure: Option<Error>,
}

impl PerLinktype {
    pub(super) fn new(source: FilterSource<'static>) -> PerLinktype {
        PerLinktype {
            source,
            filters: Vec::new(),
            indices: Vec::new(),
            interfaces: Vec::new(),
            warnings: Vec::new(),
            failure: None,
        }
    }

    /// Returns whether the filter for an interface accepts a packet. Takes its parts, which fit into registers.
    #[inline(never)] // to keep the other filters' loops small
    fn want(&self, interface: Option<u32>, data: &[u8], wire_len: u32) -> bool {
        let number = interface.map_or(usize::MAX, |n| n as usize);
        let index = self.interfaces.get(number).copied();
        let filter = index.and_then(|index| self.filters[index].as_ref());
        filter.is_some_and(|filter| filter.run(data, wire_len) != 0)
    }

    /// Adds a compiled filter for its link type.
    pub(super) fn add(&mut self, filter: Filter, order: ByteOrder) {
        self.push(key(filter.datalink(), order), Some(filter));
    }

    /// Adds the result of a compilation, and returns its index.
    fn push(&mut self, key: Key, filter: Option<Filter>) -> usize {
        let index = self.filters.len();
        self.filters.push(filter);
        let at = self.place(key).unwrap_or_else(|at| at);
        self.indices.insert(at, (key, index));
        index
    }

    /// Returns the place of a link type in `indices`, or the place where it belongs.
    fn place(&self, key: Key) -> Result<usize, usize> {
        self.indices.binary_search_by_key(&key, |(key, _)| *key)
    }

    /// Compiles the filter for a link type, unless that was done before. Returns its index.
    ///
    /// # Errors
    ///
    /// Only those of the operating system. Any other error is a warning.
    pub(super) fn compile(
        &mut self,
        (linktype, snaplen): (Linktype, u32),
        order: ByteOrder,
        name: &str,
    ) -> Result<usize> {
        let dlt = Dlt::from(linktype);
        let key = key(dlt, order);
        if let Ok(at) = self.place(key) {
            return Ok(self.indices[at].1);
        }
        let compiled = match &self.source {
            FilterSource::Compiled(filter) if filter.datalink() != dlt => {
                let text = format!("it was compiled for link type {}", filter.datalink());
                let (kind, name) = (ErrorKind::LinktypeMismatch, name.to_owned());
                Err(Error::cannot(kind, "set a filter on", name, text))
            }
            source => Header::open(linktype.value() as u16, snaplen, order, name)
                .and_then(|header| header.filter(source, name)),
        };
        let filter = match compiled {
            Ok(filter) => Some(filter),
            Err(error) => match error.kind() {
                ErrorKind::Io(_) | ErrorKind::LibraryMissing => return Err(error),
                _ => {
                    self.warn(linktype, &error);
                    if self.failure.is_none() {
                        self.failure = Some(error);
                    }
                    None
                }
            },
        };
        Ok(self.push(key, filter))
    }

    /// Warns that the filter rejects all packets of a link type, once for both byte orders.
    fn warn(&mut self, linktype: Linktype, error: &Error) {
        let dlt = Dlt::from(linktype);
        let orders = [ByteOrder::Native, ByteOrder::Swapped];
        let mut known = orders.iter().flat_map(|order| self.place((dlt, *order)));
        if known.any(|at| self.filters[self.indices[at].1].is_none()) {
            return;
        }
        let reason = error.text();
        let text = format!("the filter rejects all packets of link type {dlt}: {reason}");
        let warning = Warning::new(WarningKind::FilterNotSupported, text);
        self.warnings.push(warning);
    }

    /// Compiles the filter for new interfaces of the section. The reader reports each change of their list, so the list
    /// was empty in between if the section is another one.
    pub(super) fn extend(
        &mut self,
        interfaces: &[Interface],
        order: ByteOrder,
        name: &str,
    ) -> Result<()> {
        self.interfaces.truncate(interfaces.len());
        for interface in &interfaces[self.interfaces.len()..] {
            let described = (interface.linktype(), interface.snaplen());
            let index = self.compile(described, order, name)?;
            self.interfaces.push(index);
        }
        Ok(())
    }

    /// Returns the error of the first link type if the filter compiles for none.
    pub(super) fn check(&self) -> Result<()> {
        let is_compiled = matches!(self.source, FilterSource::Compiled(_));
        match &self.failure {
            Some(error) if !is_compiled && self.filters.iter().all(Option::is_none) => {
                Err(error.clone())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// What the program of a filter depends on.
type Key = (Dlt, ByteOrder);

fn key(dlt: Dlt, order: ByteOrder) -> Key {
    match dlt.depends_on_system() {
        true => (dlt, order),
        false => (dlt, ByteOrder::Native),
    }
}
