//! Formats packets as text, hexadecimal or JSON.

use pcap_core::{Activated, Capture, Dlt, Packet};

use crate::interface_names::InterfaceNames;
use crate::json::{PacketField, PacketObjects};
use crate::linked_packet::LinkedPacket;
use crate::packet_line::{self, PacketLines};
use crate::packet_origin::PacketOrigin;

/// The format of a printed packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrintFormat {
    /// A line of text for people, and more lines if they are wanted.
    Line,
    /// A line with all bytes in hexadecimal.
    Raw,
    /// A line with a JSON object for other programs.
    Json,
}

/// Formats the packets of captures.
#[derive(Clone, Debug)]
pub struct PacketPrinter {
    form: PrintFormat,
    linktype: Dlt,
    lines: PacketLines,
    interfaces: InterfaceNames,
    json: PacketObjects,
    /// The link types of the interfaces, if there are several.
    linktypes: Vec<Dlt>,
}

impl PacketPrinter {
    /// Creates a printer for the link type of a capture.
    #[must_use]
    pub fn new<S: Activated>(form: PrintFormat, capture: &Capture<S>) -> PacketPrinter {
        PacketPrinter {
            form,
            linktype: capture.datalink(),
            lines: PacketLines::default(),
            interfaces: InterfaceNames::default(),
            json: PacketObjects::new(PacketField::defaults()),
            linktypes: Vec::new(),
        }
    }

    /// Creates a printer for the blocks of a pcapng savefile.
    #[must_use]
    pub fn for_blocks(form: PrintFormat) -> PacketPrinter {
        PacketPrinter {
            form,
            linktype: Dlt::EN10MB,
            lines: PacketLines::default(),
            interfaces: InterfaceNames::default(),
            json: PacketObjects::new(PacketField::defaults()),
            linktypes: Vec::new(),
        }
    }

    /// Sets the names of interfaces. By default, interfaces have no names.
    #[must_use]
    pub fn interfaces(mut self, interfaces: InterfaceNames) -> PacketPrinter {
        self.interfaces = interfaces;
        self
    }

    /// Sets the link types of the interfaces, if the packets come from several.
    #[must_use]
    pub fn linktypes(mut self, linktypes: Vec<Dlt>) -> PacketPrinter {
        self.linktypes = linktypes;
        self
    }

    /// Sets the members of JSON. Without this call, they are those that are not long.
    #[must_use]
    pub fn json_fields(mut self, fields: Vec<PacketField>) -> PacketPrinter {
        self.json = PacketObjects::new(fields);
        self
    }

    /// Sets how lines of text look.
    #[must_use]
    pub fn lines(mut self, lines: PacketLines) -> PacketPrinter {
        self.lines = lines;
        self
    }

    /// Continues with the packets of another capture.
    pub fn continue_with<S: Activated>(&mut self, capture: &Capture<S>) {
        self.linktype = capture.datalink();
    }

    /// Appends the lines of a packet.
    #[inline]
    pub fn push(&mut self, out: &mut Vec<u8>, packet: Packet<'_>) {
        self.push_packet(out, &LinkedPacket::new(self.linktype, packet));
    }

    /// Appends the lines of a packet from the interface with this number.
    #[inline]
    pub fn push_from(&mut self, interface: usize, out: &mut Vec<u8>, packet: Packet<'_>) {
        let linktype = *self.linktypes.get(interface).unwrap_or(&self.linktype);
        self.interfaces.set_source(interface);
        self.push_packet(out, &LinkedPacket::new(linktype, packet));
    }

    /// Appends the lines of a packet of a pcapng savefile.
    #[inline]
    pub fn push_block(&mut self, out: &mut Vec<u8>, origin: &PacketOrigin<'_>) {
        self.push_packet(out, &LinkedPacket::of_block(origin));
    }

    fn push_packet(&mut self, out: &mut Vec<u8>, linked: &LinkedPacket<'_>) {
        let interfaces = &mut self.interfaces;
        match self.form {
            PrintFormat::Line => self.lines.push(out, linked, interfaces),
            PrintFormat::Raw => packet_line::push_raw(out, linked.packet),
            PrintFormat::Json => self.json.push(out, linked, interfaces),
        }
    }
}
