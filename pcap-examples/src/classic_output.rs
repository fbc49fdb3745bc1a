//! Writes packets of pcapng savefiles to a classic savefile.

use std::path::{Path, PathBuf};

use pcap_core::pcapng::Interface;
use pcap_core::{Linktype, Packet, Precision, SavefileFormat};

use crate::classic_headers::ClassicHeaders;
use crate::compression::Compression;
use crate::copy_progress::CopyProgress;
use crate::exit::{Failure, Outcome};
use crate::files;
use crate::savefile_writer::{Buffering, SavefileWriter};

/// A classic savefile, which is created when its link type is known. It has one link type.
#[derive(Debug)]
pub struct ClassicOutput {
    input: PathBuf,
    path: PathBuf,
    compression: Option<Compression>,
    precision: Precision,
    copy_progress: CopyProgress,
    headers: ClassicHeaders,
    /// The savefile and its link type, once it is created.
    savefile: Option<(SavefileWriter, Linktype)>,
}

impl ClassicOutput {
    /// Prepares the output. Creates no file yet.
    #[must_use]
    pub fn new(
        input: &Path,
        path: &Path,
        compression: Option<Compression>,
        precision: Precision,
        copy_progress: &CopyProgress,
    ) -> ClassicOutput {
        ClassicOutput {
            input: input.to_owned(),
            path: path.to_owned(),
            compression,
            precision,
            copy_progress: copy_progress.clone(),
            headers: ClassicHeaders::default(),
            savefile: None,
        }
    }

    /// Notes an interface.
    pub fn add_interface(&mut self, interface: &Interface) {
        self.headers.add(interface);
    }

    /// Notes a link type with a snaplen and the length of the frame check sequence.
    pub fn add_linktype(&mut self, linktype: Linktype, snaplen: u32, fcs: Option<u8>) {
        self.headers.add_linktype(linktype, snaplen, fcs);
    }

    /// Creates the savefile if all interfaces so far have the same link type. Call this at the first packet.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be created.
    pub fn create_if_clear(&mut self) -> Outcome {
        match (self.headers.single(), &self.savefile) {
            (Some(linktype), None) => self.create(linktype).map(drop),
            _ => Ok(()),
        }
    }

    /// Returns whether the savefile was created.
    #[must_use]
    pub fn is_created(&self) -> bool {
        self.savefile.is_some()
    }

    /// Writes a packet. `number` is its number in the input.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile has another link type. Returns [`Failure::UnwritablePacket`] if the format
    /// cannot represent the packet, and another failure if the output has failed.
    #[inline]
    pub fn write(&mut self, number: u64, linktype: Linktype, packet: Packet<'_>) -> Outcome {
        match &mut self.savefile {
            Some((savefile, known)) if *known == linktype => savefile.write(packet),
            None => self.create(linktype)?.write(packet),
            &mut Some((_, known)) => Err(self.other_linktype(number, linktype, known)),
        }
    }

    /// Flushes packets that have waited long enough. Call this after each packet that the program reads.
    ///
    /// # Errors
    ///
    /// Returns the error of the output if it has failed.
    #[inline]
    pub fn tick(&mut self) -> Outcome {
        match &mut self.savefile {
            Some((savefile, _)) => savefile.tick(),
            None => Ok(()),
        }
    }

    /// Creates the savefile if no packet was written, and closes it. Without an interface, that is an error. If reading
    /// has failed, the savefile is not created.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile is not complete.
    pub fn close(&mut self, is_failed: bool) -> Outcome {
        self.headers.report_fcs();
        if let (None, Some(linktype), false) = (&self.savefile, self.headers.first(), is_failed) {
            self.create(linktype)?;
        }
        match &mut self.savefile {
            Some((savefile, _)) => savefile.close(),
            None if is_failed => Ok(()),
            None => Err(Failure::Text(format!(
                "cannot write `{}`: `{}` has no interface, and so no link type",
                self.path.display(),
                self.input.display()
            ))),
        }
    }

    fn create(&mut self, linktype: Linktype) -> Outcome<&mut SavefileWriter> {
        let dead = self.headers.of(linktype).capture(self.precision)?;
        let mut savefile =
            SavefileWriter::create(&self.path, &dead, SavefileFormat::Pcap, self.compression)?;
        if files::length(&self.input).is_none() {
            savefile.set_buffering(Buffering::WriterOnly);
        }
        self.copy_progress.set_output(&savefile);
        Ok(&mut self.savefile.insert((savefile, linktype)).0)
    }

    #[cold]
    fn other_linktype(&self, number: u64, found: Linktype, known: Linktype) -> Failure {
        let (input, output) = (self.input.display(), self.path.display());
        Failure::Text(format!(
            "cannot write packet {number} of `{input}` to `{output}`: it has link type {found}, and a classic savefile \
             has only one, here {known}; name the output `.pcapng`, use --format pcapng, or filter the packets"
        ))
    }
}
