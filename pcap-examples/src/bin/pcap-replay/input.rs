//! Reads the packets to send, in their order: savefiles one after the other, or those of two sides by time.

use pcap_core::{Dlt, Packet};
use pcap_examples::exit::Outcome;

use crate::args::Args;
use crate::lane::Lane;
use crate::open;
use crate::outlet::Outlet;
use crate::sides::{Side, Sides};

/// The packets of all savefiles.
pub(crate) struct Input<'a> {
    /// One, or one for each side.
    lanes: Vec<Lane<'a>>,
    sides: Sides,
    args: &'a Args,
    dlt: Dlt,
    /// The lane of the current packet. Before the first packet, `None`.
    current: Option<usize>,
}

/// A packet to send.
#[derive(Clone, Copy)]
pub(crate) struct Outgoing<'p> {
    pub(crate) packet: Packet<'p>,
    pub(crate) side: Side,
    /// Whether it is the first one of a savefile after another one.
    pub(crate) begins_file: bool,
}

impl<'a> Input<'a> {
    /// Opens the first savefile of each side.
    pub(crate) fn open(args: &'a Args) -> Outcome<Input<'a>> {
        let mut lanes = vec![Lane::open(args, Side::Own, &args.files)?];
        if !args.peer_file.is_empty() {
            lanes.push(Lane::open(args, Side::Peer, &args.peer_file)?);
        }
        let dlt = lanes[0].datalink().unwrap_or(Dlt::EN10MB);
        Ok(Input {
            sides: Sides::new(args, dlt)?,
            lanes,
            args,
            dlt,
            current: None,
        })
    }

    /// Returns the link type of the packets of each side.
    pub(crate) fn datalinks(&self) -> (Dlt, Dlt) {
        let of = |lane: Option<&Lane<'_>>| lane.and_then(Lane::datalink).unwrap_or(self.dlt);
        (of(self.lanes.first()), of(self.lanes.get(1)))
    }

    /// Checks that the devices have the link types of the packets.
    pub(crate) fn check_devices(&self, outlets: &[Outlet]) -> Outcome {
        let (own, peer) = self.datalinks();
        let args = self.args;
        for (index, outlet) in outlets.iter().enumerate() {
            match (index, args.peer_file.first()) {
                (1, Some(path)) => open::check_device(path, peer, &outlet.device)?,
                _ => open::check_device(&args.files[0], own, &outlet.device)?,
            }
        }
        Ok(())
    }

    /// Returns the next packet.
    pub(crate) fn next_packet(&mut self) -> Outcome<Option<Outgoing<'_>>> {
        match self.current {
            Some(lane) => self.advance(lane)?,
            None => {
                for lane in (0..self.lanes.len()).rev() {
                    self.advance(lane)?;
                }
            }
        }
        // Of packets with the same time, that of the first lane is sent first.
        let times = self.lanes.iter().enumerate();
        let first = times.min_by_key(|(_, lane)| {
            let time = lane.packet().map(|packet| packet.timestamp());
            (time.is_none(), time)
        });
        let Some((number, lane)) = first else {
            return Ok(None);
        };
        self.current = Some(number);
        let Some(packet) = lane.packet() else {
            return Ok(None);
        };
        Ok(Some(Outgoing {
            packet,
            side: self.sides.side(lane.side, self.dlt, packet),
            begins_file: lane.begins_file && self.lanes.len() == 1,
        }))
    }

    fn advance(&mut self, lane: usize) -> Outcome {
        self.lanes[lane].advance().map(drop)
    }

    /// Returns about which part of the savefiles was read.
    pub(crate) fn fraction(&self) -> Option<f64> {
        let fractions = self.lanes.iter().map(Lane::fraction);
        fractions
            .sum::<Option<f64>>()
            .map(|sum| sum / self.lanes.len() as f64)
    }
}
