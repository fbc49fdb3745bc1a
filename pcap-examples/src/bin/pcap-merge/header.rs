//! The section header of the output.

use std::collections::HashSet;
use std::path::Path;

use pcap_core::pcapng::{BlockBuf, Endian, Section};
use pcap_examples::exit::Outcome;

use crate::left_out::LeftOut;

/// The code of a comment in every block.
const COMMENT: u16 = 1;
/// The codes of the hardware, the operating system and the application.
const DESCRIPTION: std::ops::RangeInclusive<u16> = 2..=4;
/// The codes of custom options that may be copied.
const CUSTOM: [u16; 2] = [2988, 2989];

/// Collects the section headers of the inputs.
///
/// The first one becomes that of the output. Comments of the others are added to it, and so is a comment with their
/// hardware, operating system and application.
#[derive(Debug, Default)]
pub(crate) struct Header {
    block: Option<BlockBuf>,
    comments: HashSet<Vec<u8>>,
    descriptions: HashSet<String>,
    /// Whether it is too late for further headers.
    pub(crate) is_written: bool,
}

impl Header {
    /// Returns the block, if there is a first input.
    pub(crate) fn block(&self) -> Option<&BlockBuf> {
        self.block.as_ref()
    }

    /// Adds a classic input, which has no description.
    pub(crate) fn add_classic(&mut self, endian: Endian) {
        self.block.get_or_insert_with(|| {
            let section = Section::new().with_endian(endian);
            section.as_raw().into()
        });
    }

    /// Adds the section header of a pcapng input.
    pub(crate) fn add(
        &mut self,
        section: &Section,
        path: &Path,
        left_out: &mut LeftOut,
    ) -> Outcome {
        let mut theirs = BlockBuf::from(section.clone().without_length().as_raw());
        left_out.remove_options(&mut theirs);
        let description = description(section);
        let Some(block) = &mut self.block else {
            self.comments.extend(comments(&theirs));
            self.descriptions.extend(description);
            self.block = Some(theirs);
            return Ok(());
        };
        let (theirs, unconverted) = theirs.to_endian(block.as_raw().endian())?;
        left_out.unconverted_options += unconverted.len() as u64;
        for option in theirs.options().into_iter().flatten() {
            match option.code() {
                COMMENT if !self.comments.insert(option.value().to_vec()) => {}
                code if code == COMMENT || CUSTOM.contains(&code) => {
                    block.add_option(code, option.value())?;
                }
                code if DESCRIPTION.contains(&code) => {}
                _ => left_out.options += 1,
            }
        }
        if let Some(text) = description.filter(|text| !self.descriptions.contains(text)) {
            let comment = format!("{}: {text}", path.display());
            match block.add_comment(&comment) {
                Ok(()) => _ = self.descriptions.insert(text),
                Err(_) => left_out.header_texts += 1,
            }
        }
        Ok(())
    }
}

/// Returns the comments of a block.
pub(crate) fn comments(block: &BlockBuf) -> Vec<Vec<u8>> {
    let options = block.options().into_iter().flatten();
    let comments = options.filter(|option| option.code() == COMMENT);
    comments.map(|option| option.value().to_vec()).collect()
}

/// Returns the hardware, the operating system and the application of a section.
pub(crate) fn description(section: &Section) -> Option<String> {
    let parts = [
        ("hardware", section.hardware()),
        ("operating system", section.os()),
        ("application", section.application()),
    ];
    let parts = parts
        .iter()
        .filter_map(|(name, text)| Some(format!("{name} {}", text.as_deref()?)));
    let text = parts.collect::<Vec<_>>().join(", ");
    (!text.is_empty()).then_some(text)
}
