//! Sending without waiting, for callers that do their own waiting.

use std::time::Duration;

use crate::capture::active::Active;
use crate::capture::active::give_up::Refusals;
use crate::capture::active::transmit::{Transmit, Try, WAIT_BROKEN};
use crate::capture::{Capture, wait};
use crate::error::{Error, Result};

impl Capture<Active> {
    /// Tries to send a packet without waiting, for callers that do their own waiting between two tries. `refusals` is
    /// `None` for the first try.
    pub(crate) fn inject_once(
        &self,
        packet: &[u8],
        refusals: &mut Option<Refusals>,
    ) -> Result<Try> {
        let active = &self.state;
        if refusals.is_none() {
            active.transmit().check_packet(packet)?;
        }
        let refusals = refusals
            .get_or_insert_with(|| Refusals::of(packet.len(), &active.sending.shortest_dropped));
        let tried = active.transmit().attempt(packet, refusals)?;
        if matches!(tried, Try::Full { .. }) {
            // Notices a break that has made its descriptor readable.
            wait::writable(active.breaker(), None, Some(Duration::ZERO))
                .map_err(|e| Error::io("wait on", active.name().to_owned(), e))?;
            active.transmit().check_break(WAIT_BROKEN)?;
        }
        Ok(tried)
    }
}
