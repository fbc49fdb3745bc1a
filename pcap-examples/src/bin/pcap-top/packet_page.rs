//! The last packets of a conversation, as lines.

use std::collections::VecDeque;
use std::sync::Arc;

use pcap_examples::decode::Endpoint;
use pcap_examples::interface_names::InterfaceNames;
use pcap_examples::linked_packet::LinkedPacket;
use pcap_examples::packet_line::PacketLines;

use crate::conversation::Wanted;
use crate::memory::{Kept, PacketMemory};

/// The maximum number of lines.
const MAX_LINES: usize = 2000;

/// A page with packets of a conversation.
#[derive(Debug)]
pub(crate) struct PacketPage {
    pub(crate) wanted: Arc<Wanted>,
    /// The lines, the first packet first.
    pub(crate) lines: VecDeque<String>,
    /// The number of lines below the last visible one.
    pub(crate) below: usize,
    /// The number of columns to the left of the first visible one.
    pub(crate) left: usize,
    formatter: PacketLines,
    names: InterfaceNames,
}

impl PacketPage {
    pub(crate) fn new(wanted: Wanted, formatter: PacketLines, names: InterfaceNames) -> PacketPage {
        PacketPage {
            wanted: Arc::new(wanted),
            lines: VecDeque::new(),
            below: 0,
            left: 0,
            formatter,
            names,
        }
    }

    /// Returns the title: the ends of the conversation.
    pub(crate) fn title(&self) -> String {
        let Wanted { layer, a, b } = &*self.wanted;
        format!("{} {a} - {b}", layer.name())
    }

    /// Returns whether the page shows the packets between these endpoints.
    pub(crate) fn is_between(&self, a: &Endpoint, b: &Endpoint) -> bool {
        let ends = (&self.wanted.a, &self.wanted.b);
        ends == (a, b) || ends == (b, a)
    }

    /// Adds those packets that belong to the conversation.
    pub(crate) fn add(&mut self, packets: &PacketMemory) {
        for kept in packets.packets() {
            if self.wanted.contains(kept) {
                self.push(kept);
            }
        }
    }

    /// Removes all lines, because the counts begin anew.
    pub(crate) fn clear(&mut self) {
        self.lines.clear();
        self.below = 0;
    }

    fn push(&mut self, kept: &Kept) {
        let mut text = Vec::new();
        self.names.set_source(kept.source);
        let mut linked = LinkedPacket::new(kept.linktype, kept.packet());
        if kept.time.is_none() {
            linked = linked.without_time();
        }
        self.formatter.push(&mut text, &linked, &mut self.names);
        for line in String::from_utf8_lossy(&text).lines() {
            if self.lines.len() == MAX_LINES {
                self.lines.pop_front();
            }
            self.lines.push_back(line.to_owned());
            // Lines that are being read stay where they are.
            if self.below > 0 {
                self.below = (self.below + 1).min(MAX_LINES);
            }
        }
    }
}
