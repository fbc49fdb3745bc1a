//! Filters the packets of the inputs.

use pcap_core::{Capture, Filter, Offline, Packet};
use pcap_examples::exit::Outcome;

/// A filter for all inputs.
pub(crate) struct Filters<'a> {
    expression: Option<&'a str>,
    /// The compiled filters for savefiles in native and in swapped byte order. The link-layer headers of some link
    /// types have the byte order of the savefile.
    by_order: [Option<Filter>; 2],
}

impl<'a> Filters<'a> {
    /// Creates a filter. Without an expression, it accepts all packets.
    pub(crate) fn new(expression: Option<&'a str>) -> Filters<'a> {
        Filters {
            expression,
            by_order: [None, None],
        }
    }

    /// Compiles the expression for an input, if its byte order is new.
    pub(crate) fn compile_for(&mut self, capture: &Capture<Offline>) -> Outcome {
        let filter = &mut self.by_order[usize::from(capture.is_swapped())];
        if let (Some(expression), None) = (self.expression, &filter) {
            *filter = Some(capture.compile(expression)?);
        }
        Ok(())
    }

    /// Returns whether the filter accepts a packet of an input.
    pub(crate) fn accept(&self, capture: &Capture<Offline>, packet: Packet<'_>) -> bool {
        let filter = &self.by_order[usize::from(capture.is_swapped())];
        filter
            .as_ref()
            .is_none_or(|filter| filter.matches_packet(packet))
    }
}
