//! The filter.

use pcap_core::{Capture, Filter, Offline, Packet};
use pcap_examples::exit::Outcome;

/// The filter for the savefiles.
pub(crate) struct Filters<'a> {
    expression: Option<&'a str>,
    /// The compiled expression for each byte order of savefiles, which link-layer numbers may have, too.
    by_order: [Option<Filter>; 2],
}

impl<'a> Filters<'a> {
    /// Creates the filter. Without an expression, all packets pass.
    pub(crate) fn new(expression: Option<&'a str>) -> Filters<'a> {
        Filters {
            expression,
            by_order: [None, None],
        }
    }

    /// Compiles the expression for a savefile.
    pub(crate) fn compile_for(&mut self, capture: &Capture<Offline>) -> Outcome {
        let filter = &mut self.by_order[usize::from(capture.is_swapped())];
        if let (Some(expression), None) = (self.expression, &filter) {
            *filter = Some(capture.compile(expression)?);
        }
        Ok(())
    }

    /// Returns whether a packet passes.
    pub(crate) fn accept(&self, capture: &Capture<Offline>, packet: Packet<'_>) -> bool {
        let filter = &self.by_order[usize::from(capture.is_swapped())];
        filter
            .as_ref()
            .is_none_or(|filter| filter.matches_packet(packet))
    }
}
