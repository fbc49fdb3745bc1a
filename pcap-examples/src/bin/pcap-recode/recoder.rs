//! Changes packets as the options require.

use pcap_core::{Linktype, Packet};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::link_converter::{Inconvertible, LinkConverter};
use pcap_examples::rewrite::Rewriter;
use pcap_examples::value_parsers::TimeShift;

use crate::args::Args;
use crate::counts::Counts;

/// Changes packets as the options require.
pub(crate) struct Recoder<'a> {
    args: &'a Args,
    /// The converters of the link types that are converted.
    link_converters: Vec<(Linktype, LinkConverter)>,
    rewriter: Option<Rewriter>,
    /// What is left of a packet of which bytes are removed.
    chopped: Vec<u8>,
}

impl<'a> Recoder<'a> {
    /// # Errors
    ///
    /// Returns an error if the key of an anonymization cannot be read or created.
    pub(crate) fn new(args: &'a Args) -> Outcome<Recoder<'a>> {
        Ok(Recoder {
            args,
            link_converters: Vec::new(),
            rewriter: args.rewrite.rewriter()?,
            chopped: Vec::new(),
        })
    }

    /// Returns whether bytes of packets may be rewritten or removed.
    pub(crate) fn rewrites(&self) -> bool {
        self.rewriter.is_some() || !self.args.chop.is_empty()
    }

    /// Returns the link type that packets of this one get. Call this for each interface.
    ///
    /// # Errors
    ///
    /// Returns an error if the conversion is not supported, or if packets cannot be rewritten.
    pub(crate) fn add_linktype(&mut self, from: Linktype) -> Outcome<Linktype> {
        let to = self.args.linktype.unwrap_or(from);
        if let Some(rewriter) = &self.rewriter {
            rewriter.check(to.into()).map_err(Failure::Text)?;
        }
        if self.args.relabel || to == from || self.position(from).is_some() {
            return Ok(to);
        }
        let text = format!(
            "cannot convert {from} to {to}: --help lists the supported link types; \
             --relabel only changes the declared link type"
        );
        let link_converter = LinkConverter::new(from, to).ok_or(Failure::Text(text))?;
        self.link_converters.push((from, link_converter));
        Ok(to)
    }

    fn position(&self, linktype: Linktype) -> Option<usize> {
        let mut converters = self.link_converters.iter();
        converters.position(|(from, _)| *from == linktype)
    }

    /// Returns whether packets of a link type are converted.
    pub(crate) fn converts(&self, linktype: Linktype) -> bool {
        self.position(linktype).is_some()
    }

    /// Returns the snaplen for packets of a link type that had this one.
    pub(crate) fn snaplen(&self, linktype: Linktype, snaplen: u32) -> u32 {
        // Readers reject packets above 262144 bytes, so exceed that only if the input does.
        let max_snaplen = snaplen.max(262_144);
        let growth = match self.position(linktype) {
            Some(index) => self.link_converters[index].1.growth(),
            None => 0,
        };
        let snaplen = snaplen.saturating_add(growth);
        let rewritten = self
            .rewriter
            .as_ref()
            .map(|rewriter| rewriter.snaplen(snaplen));
        let snaplen = rewritten.unwrap_or(snaplen).min(max_snaplen);
        self.args.snaplen.unwrap_or(snaplen)
    }

    /// Returns the number of packets that have lost their VLAN tags.
    pub(crate) fn untagged(&self) -> u64 {
        let converters = self.link_converters.iter();
        converters.map(|(_, converter)| converter.untagged()).sum()
    }

    /// Converts, rewrites and truncates a packet. Returns `None` if it is skipped.
    #[inline]
    pub(crate) fn recode<'p>(
        &'p mut self,
        counts: &mut Counts,
        number: u64,
        linktype: Linktype,
        mut packet: Packet<'p>,
    ) -> Outcome<Option<Packet<'p>>> {
        let args = self.args;
        if !args.chop.is_empty() {
            self.chopped.clear();
            self.chopped.extend_from_slice(packet.data());
            let mut len = packet.wire_len();
            for chop in &args.chop {
                len = chop.apply(&mut self.chopped, len);
            }
            packet = Packet::new(packet.timestamp(), len, &self.chopped);
        }
        if let Some(index) = self.position(linktype) {
            packet = match self.link_converters[index].1.convert(packet) {
                Ok(packet) => packet,
                Err(inconvertible) if args.skip => {
                    *counts.skipped.entry(inconvertible).or_default() += 1;
                    return Ok(None);
                }
                Err(inconvertible) => return Err(conversion_failure(args, number, inconvertible)),
            };
        }
        if let Some(rewriter) = &mut self.rewriter {
            let linktype = args.linktype.unwrap_or(linktype);
            packet = rewriter.rewrite(linktype.into(), packet);
        }
        let data = packet.data();
        let short = args.snaplen.and_then(|length| data.get(..length as usize));
        Ok(Some(match short {
            Some(short) if short.len() < data.len() => {
                counts.truncated += 1;
                Packet::new(packet.timestamp(), packet.wire_len(), short)
            }
            // An unchanged packet keeps its time even if the fraction exceeds a second, as in damaged savefiles.
            _ => packet,
        }))
    }

    /// Shifts the time of a packet.
    #[inline]
    pub(crate) fn shift<'p>(&self, packet: Packet<'p>) -> Packet<'p> {
        match self.args.shift {
            Some(shift) if shift != TimeShift::default() => {
                let time = shift.apply(packet.timestamp());
                Packet::new(time, packet.wire_len(), packet.data())
            }
            _ => packet,
        }
    }
}

/// Creates the failure for a packet that cannot be converted.
fn conversion_failure(args: &Args, number: u64, inconvertible: Inconvertible) -> Failure {
    let to = args.linktype.map(|to| to.to_string()).unwrap_or_default();
    let input = args.input.display();
    Failure::Text(format!(
        "cannot convert packet {number} of `{input}` to {to}: it is {inconvertible}; \
         use --skip to skip such packets"
    ))
}
