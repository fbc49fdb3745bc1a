//! Filters packets of several link types with one expression.

use std::io::Cursor;

use indicatif::ProgressBar;
use pcap_core::pcapng::Endian;
use pcap_core::{Capture, Error, Filter, Linktype, Packet};

use crate::exit::{Failure, Outcome};
use crate::options::filter::Selection;
use crate::{signals, stderr};

/// Link types that tell whether an expression is right: each has primitives that others lack.
const TYPICAL: [Linktype; 6] = [
    Linktype::ETHERNET,
    Linktype::IEEE802_11_RADIOTAP,
    Linktype::LINUX_SLL2,
    Linktype::PFLOG,
    Linktype::MTP2,
    Linktype::SUNATM,
];

/// A filter expression, compiled for each link type of a savefile.
///
/// Packets of a link type for which it does not compile are rejected. The first such packet of each link type causes a
/// warning on standard error.
#[derive(Debug)]
pub struct LinkFilters {
    program: &'static str,
    selection: Selection,
    filters: Vec<LinkFilter>,
}

/// The filter for a link type.
#[derive(Debug)]
struct LinkFilter {
    linktype: Linktype,
    /// The byte order of the section. The link-layer headers of some link types have it.
    endian: Endian,
    /// The filter, or why there is none.
    filter: Result<Filter, Error>,
    /// Whether packets were rejected because there is no filter.
    is_reported: bool,
}

impl LinkFilters {
    /// Creates a filter. Warnings begin with the name of the program.
    #[must_use]
    pub fn new(program: &'static str, selection: Selection) -> LinkFilters {
        LinkFilters {
            program,
            selection,
            filters: Vec::new(),
        }
    }

    /// Returns whether the filter accepts all packets, because it has no expression.
    #[must_use]
    pub fn accepts_all(&self) -> bool {
        self.selection.is_all()
    }

    /// Compiles the expression for a link type, unless that was done before. Call this for each interface.
    ///
    /// # Errors
    ///
    /// Returns an error if the expression is wrong for every link type.
    pub fn add(&mut self, linktype: Linktype, endian: Endian) -> Outcome {
        if self.selection.is_all() || self.position(linktype, endian).is_some() {
            return Ok(());
        }
        let compile = || compile(linktype, endian, &self.selection);
        let filter = match self.filters.is_empty() {
            // Resolving host names may take a long time.
            true => signals::while_killable(compile),
            false => compile(),
        };
        if let Err(error) = &filter
            && !self.is_usable()
            && !is_right(&self.selection)
        {
            return Err(error.clone().into());
        }
        self.filters.push(LinkFilter {
            linktype,
            endian,
            filter,
            is_reported: false,
        });
        Ok(())
    }

    /// Returns whether a packet of this link type passes. Prints a warning above the progress bar if the expression
    /// does not compile for the link type.
    #[inline]
    pub fn accepts(
        &mut self,
        linktype: Linktype,
        endian: Endian,
        packet: Packet<'_>,
        bar: &ProgressBar,
    ) -> bool {
        if self.accepts_all() {
            return true;
        }
        // Most savefiles have one link type.
        let Some(index) = self.position(linktype, endian) else {
            return self.add(linktype, endian).is_ok()
                && self.accepts(linktype, endian, packet, bar);
        };
        match &self.filters[index].filter {
            Ok(filter) => filter.matches_packet(packet),
            Err(_) => {
                self.report(index, bar);
                false
            }
        }
    }

    /// Returns whether a link type was added. Without an expression, returns `false`.
    #[must_use]
    pub fn has_linktypes(&self) -> bool {
        !self.filters.is_empty()
    }

    /// Returns whether the expression compiled for a link type, or whether there is none.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.accepts_all() || self.filters.iter().any(|known| known.filter.is_ok())
    }

    /// Returns the result of compiling, after all interfaces are known.
    ///
    /// # Errors
    ///
    /// Returns the first error if the expression compiled for no link type. If there was no link type, returns an error
    /// if it compiles for none at all.
    pub fn outcome(&self) -> Outcome {
        match self.filters.first() {
            _ if self.is_usable() => Ok(()),
            Some(LinkFilter {
                filter: Err(error), ..
            }) => Err(error.clone().into()),
            _ if is_right(&self.selection) => Ok(()),
            _ => Err(compile(TYPICAL[0], Endian::NATIVE, &self.selection)
                .map_or_else(Failure::from, |_| Failure::Reported)),
        }
    }

    fn position(&self, linktype: Linktype, endian: Endian) -> Option<usize> {
        self.filters
            .iter()
            .position(|known| known.linktype == linktype && known.endian == endian)
    }

    #[cold]
    fn report(&mut self, index: usize, bar: &ProgressBar) {
        let is_same = |known: &LinkFilter| known.linktype == self.filters[index].linktype;
        let was_reported = self
            .filters
            .iter()
            .any(|known| is_same(known) && known.is_reported);
        let known = &mut self.filters[index];
        if was_reported {
            return;
        }
        known.is_reported = true;
        if let Err(error) = &known.filter {
            let text = format!(
                "warning: packets of link type {} do not match: {error}",
                known.linktype
            );
            bar.suspend(|| stderr::print_message(self.program, &text));
        }
    }
}

/// Returns whether an expression compiles for a typical link type.
fn is_right(selection: &Selection) -> bool {
    let mut linktypes = TYPICAL.iter();
    linktypes.any(|linktype| compile(*linktype, Endian::NATIVE, selection).is_ok())
}

/// Compiles an expression for packets of a section with this byte order.
fn compile(linktype: Linktype, endian: Endian, selection: &Selection) -> Result<Filter, Error> {
    // Address families differ between systems, and libpcap swaps some fields in savefiles of the other byte order, so
    // compile for the header of a savefile.
    let number = |number: u32| match endian {
        Endian::Little => number.to_le_bytes(),
        Endian::Big => number.to_be_bytes(),
    };
    let version: [u8; 4] = match endian {
        Endian::Little => [2, 0, 4, 0],
        Endian::Big => [0, 2, 0, 4],
    };
    let (magic, snaplen) = (0xa1b2_c3d4, 262_144);
    let [magic, zero, snaplen, linktype] = [magic, 0, snaplen, linktype.value()].map(number);
    let header = [magic, version, zero, zero, snaplen, linktype].concat();
    let capture = Capture::from_reader(Cursor::new(header))?;
    selection
        .options
        .compile_for(&capture, &selection.expression)
}
