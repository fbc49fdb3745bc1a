//! Changes packets by rules.

use pcap_core::{Dlt, Packet};

use super::editor::Editor;
use super::rules::{LengthRepair, PayloadRule, Rules};
use super::vlan;
use super::walk::{self, Walk};

/// Changes packets by rules.
#[derive(Debug, Default)]
pub struct Rewriter {
    rules: Rules,
    editor: Editor,
}

impl Rewriter {
    /// Creates a rewriter with these rules.
    #[must_use]
    pub fn new(rules: Rules) -> Rewriter {
        Rewriter {
            rules,
            editor: Editor::default(),
        }
    }

    /// Returns the rules.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Checks that packets of a link type can be changed.
    ///
    /// # Errors
    ///
    /// Returns why they cannot.
    pub fn check(&self, dlt: Dlt) -> Result<(), String> {
        let frames = "EN10MB, RAW, IPV4, IPV6, NULL, LOOP, LINUX_SLL, LINUX_SLL2, PPP, PPP_SERIAL, \
                      PPP_ETHER, C_HDLC or MPLS";
        if !walk::supports(dlt) {
            return Err(format!(
                "cannot rewrite packets: expected the link type {frames}, found {dlt}"
            ));
        }
        let changes_length =
            self.rules.vlan_removal.is_some() || !self.rules.added_vlans.is_empty();
        if changes_length && dlt != Dlt::EN10MB {
            return Err(format!(
                "cannot add or remove VLAN tags: expected the link type EN10MB, found {dlt}; \
                 --linktype ETHERNET converts most packets"
            ));
        }
        Ok(())
    }

    /// Returns the snaplen of packets that had this one.
    #[must_use]
    pub fn snaplen(&self, snaplen: u32) -> u32 {
        let padded = match self.rules.lengths {
            Some(LengthRepair::Pad) => snaplen.max(walk::MAX_PADDED),
            _ => snaplen,
        };
        let tags = (self.rules.added_vlans.len() * vlan::LENGTH) as u32;
        padded.saturating_add(tags)
    }

    /// Returns the changed packet.
    ///
    /// Headers of all levels are changed: inside VLAN tags, MPLS, PPPoE, IP in IP, GRE, VXLAN, Geneve and error
    /// messages. The time stays the same. A correct checksum stays correct, and a wrong one stays wrong, unless the rules
    /// compute it anew.
    pub fn rewrite<'p>(&'p mut self, dlt: Dlt, packet: Packet<'p>) -> Packet<'p> {
        let Rewriter { rules, editor } = self;
        editor.load(packet.data());
        let mut wire_len = packet.wire_len();
        if let Some(repair) = rules.lengths {
            wire_len = walk::prepare_lengths(repair, editor.data_mut(), wire_len);
        }
        if dlt == Dlt::EN10MB
            && let Some(removal) = rules.vlan_removal
        {
            wire_len = wire_len.saturating_sub(removal.apply(editor.data_mut()) as u32);
        }
        let is_whole = editor.data().len() as u64 >= wire_len.into();
        let payload = Walk::new(rules, editor, is_whole).packet(dlt);
        if dlt == Dlt::EN10MB && !rules.added_vlans.is_empty() {
            let added = vlan::add(&rules.added_vlans, editor.data_mut());
            wire_len = wire_len.saturating_add(added as u32);
            if rules.payload == Some(PayloadRule::Cut) {
                editor.data_mut().truncate(payload + added);
            }
        } else if rules.payload == Some(PayloadRule::Cut) {
            editor.data_mut().truncate(payload);
        }
        if editor.data() == packet.data() && wire_len == packet.wire_len() {
            return packet;
        }
        Packet::new(packet.timestamp(), wire_len, editor.data())
    }
}
