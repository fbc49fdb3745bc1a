//! The description of an interface.

use pcap_core::Dlt;
use pcap_core::pcapng::{Interface, InterfaceFilter, Resolution, StatisticsBlock};

/// The description of an interface. A classic savefile has one.
pub(crate) struct InterfaceInfo {
    pub(crate) section: u64,
    pub(crate) number: u32,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) hardware: Option<String>,
    pub(crate) os: Option<String>,
    pub(crate) linktype: Dlt,
    /// The snaplen; 0 means that there is no limit.
    pub(crate) snaplen: u32,
    pub(crate) resolution: Resolution,
    pub(crate) filter: Option<String>,
    pub(crate) filter_instructions: Option<u64>,
    pub(crate) speed: Option<u64>,
    pub(crate) fcs_len: Option<u32>,
    pub(crate) comments: Vec<String>,
    pub(crate) packets: u64,
    pub(crate) statistics: Statistics,
}

/// The latest counts in the statistics of an interface.
#[derive(Default)]
pub(crate) struct Statistics {
    /// The number of blocks.
    pub(crate) blocks: u64,
    pub(crate) received: Option<u64>,
    pub(crate) accepted: Option<u64>,
    pub(crate) dropped: Option<u64>,
    pub(crate) dropped_by_interface: Option<u64>,
    pub(crate) delivered: Option<u64>,
}

impl InterfaceInfo {
    /// Creates the description of an interface of which nothing else is known.
    pub(crate) fn new(linktype: Dlt, snaplen: u32) -> InterfaceInfo {
        InterfaceInfo {
            section: 0,
            number: 0,
            name: None,
            description: None,
            hardware: None,
            os: None,
            linktype,
            snaplen,
            resolution: Resolution::MICRO,
            filter: None,
            filter_instructions: None,
            speed: None,
            fcs_len: None,
            comments: Vec::new(),
            packets: 0,
            statistics: Statistics::default(),
        }
    }

    /// Creates the description of an interface of pcapng.
    pub(crate) fn of_interface(interface: &Interface) -> InterfaceInfo {
        let (filter, filter_instructions) = match interface.filter() {
            Some(InterfaceFilter::Expression(text)) => (Some(text.into_owned()), None),
            Some(InterfaceFilter::Program(program)) => (None, Some(program.len() as u64)),
            _ => (None, None),
        };
        InterfaceInfo {
            name: interface.name().map(Into::into),
            description: interface.description().map(Into::into),
            hardware: interface.hardware().map(Into::into),
            os: interface.os().map(Into::into),
            resolution: interface.resolution(),
            filter,
            filter_instructions,
            speed: interface.speed(),
            fcs_len: interface.fcs_len().map(u32::from),
            comments: interface.comments().map(Into::into).collect(),
            ..InterfaceInfo::new(interface.linktype().into(), interface.snaplen())
        }
    }
}

impl Statistics {
    /// Adds a block. Its counts replace those of the block before it.
    pub(crate) fn add(&mut self, block: &StatisticsBlock<'_>) {
        *self = Statistics {
            blocks: self.blocks + 1,
            received: block.received().or(self.received),
            accepted: block.accepted().or(self.accepted),
            dropped: block.dropped().or(self.dropped),
            dropped_by_interface: block.if_dropped().or(self.dropped_by_interface),
            delivered: block.delivered().or(self.delivered),
        };
    }
}
