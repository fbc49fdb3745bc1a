//! Activating captures: the effect of each option, and the error of each failure. On veth pairs in network namespaces.

mod failures;
mod filters;
mod options;

use crate::support::Netns;

fn net() -> Option<Netns> {
    let net = Netns::new()?;
    net.veth("left", "right");
    Some(net)
}

/// Returns a broadcast frame with this type and payload.
fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xff; 12];
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload);
    frame.resize(frame.len().max(60), 0);
    frame
}
