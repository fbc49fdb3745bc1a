//! Chooses the format of the output, and creates it.

use std::path::Path;

use pcap_core::SavefileFormat;
use pcap_core::pcapng::{BlockBuf, Section};
use pcap_examples::comment_args::CommentArgs;
use pcap_examples::compression::Compression;
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::savefile_writer::SavefileWriter;

use crate::merge::Merge;
use crate::output_savefile::OutputSavefile;

impl Merge {
    /// Chooses the format of the output after all inputs were inspected, unless its name or an option did.
    pub(crate) fn choose_format(&mut self) -> SavefileFormat {
        let is_uniform = self.classic.as_ref().is_some_and(|c| c.is_uniform());
        *self
            .format
            .get_or_insert(match is_uniform && !self.has_pcapng {
                true => SavefileFormat::Pcap,
                false => SavefileFormat::Pcapng,
            })
    }

    /// Creates the output, with all interfaces that are known.
    pub(crate) fn create_main_output<'a>(
        &mut self,
        path: &Path,
        compression: Option<Compression>,
        comments: &'a CommentArgs,
    ) -> Outcome<OutputSavefile<'a>> {
        let mut out = self.create_output(path, compression, Some(comments))?;
        self.is_created = true;
        if self.format == Some(SavefileFormat::Pcapng) {
            self.translator.header.is_written = true;
            for index in 0..self.translator.interfaces.count() {
                out.number(index, &self.translator)?;
            }
            // If this fails, writing the first packet fails, too.
            let _ = out.savefile.flush_dumper();
        }
        Ok(out)
    }

    /// Creates the output or a temporary savefile.
    pub(crate) fn create_output<'a>(
        &self,
        path: &Path,
        compression: Option<Compression>,
        comments: Option<&'a CommentArgs>,
    ) -> Outcome<OutputSavefile<'a>> {
        if self.format == Some(SavefileFormat::Pcapng) {
            let mut savefile = SavefileWriter::create_for_blocks(path, compression)?;
            let mut header = match self.translator.header.block() {
                Some(header) => header.clone(),
                None => BlockBuf::from(Section::new().as_raw()),
            };
            for text in comments.into_iter().flat_map(CommentArgs::of_header) {
                header.add_comment(text)?;
            }
            savefile.write_block(&header)?;
            return Ok(OutputSavefile::pcapng(savefile, comments));
        }
        match &self.classic {
            Some(format) => Ok(OutputSavefile::classic(format.create(path, compression)?)),
            None => Err(Failure::Text(format!(
                "cannot write `{}`: the inputs have no interface, and so no link type",
                path.display()
            ))),
        }
    }
}
