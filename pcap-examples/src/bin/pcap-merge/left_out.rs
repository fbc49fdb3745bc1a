//! What the output does not have of the inputs.

use indicatif::ProgressBar;
use pcap_core::pcapng::BlockBuf;
use pcap_examples::counted::Counted;
use pcap_examples::stderr;

use crate::args::NAME;

/// Custom options that must not be copied into other files.
const UNCOPIED_OPTIONS: [u16; 2] = [19372, 19373];
/// The bit of the codes of options for local use.
const LOCAL_OPTION: u16 = 0x8000;

/// Counts blocks and options that are left out, by reason.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    /// Custom blocks that must not be copied.
    pub(crate) uncopied_blocks: u64,
    /// Blocks for local use, whose meaning is unknown. Some refer to other blocks by their position.
    pub(crate) local_blocks: u64,
    /// Blocks that cannot be converted to the byte order of the output.
    pub(crate) unconverted_blocks: u64,
    /// Blocks of sections with an unknown version.
    pub(crate) unknown_sections: u64,
    /// Statistics of interfaces that their section does not have.
    pub(crate) statistics: u64,
    /// Options that must not be copied, or are for local use.
    pub(crate) options: u64,
    /// Options that cannot be converted to the byte order of the output.
    pub(crate) unconverted_options: u64,
    /// Texts of section headers that have no place in the output.
    pub(crate) header_texts: u64,
}

impl LeftOut {
    /// Removes the options of a block that do not belong into another file, and counts them.
    pub(crate) fn remove_options(&mut self, block: &mut BlockBuf) {
        loop {
            let mut options = block.options().into_iter().flatten();
            let Some(code) = options.find_map(|option| must_go(option.code())) else {
                return;
            };
            self.options += block.remove_options(code) as u64;
        }
    }

    /// Returns the number of blocks, options and texts.
    pub(crate) fn total(&self) -> u64 {
        self.parts().iter().map(|part| part.count()).sum()
    }

    /// Prints a line with what was left out, if anything was.
    pub(crate) fn report(&self, bar: &ProgressBar) {
        if let Some(parts) = Counted::join(&self.parts()) {
            let text = format!("left out {parts}");
            bar.suspend(|| stderr::print_message(NAME, text));
        }
    }

    fn parts(&self) -> [Counted; 8] {
        [
            Counted::new(
                self.uncopied_blocks,
                "custom block that must not be copied",
                "custom blocks that must not be copied",
            ),
            Counted::new(
                self.local_blocks,
                "block for local use",
                "blocks for local use",
            ),
            Counted::new(
                self.unconverted_blocks,
                "block that cannot change its byte order",
                "blocks that cannot change their byte order",
            ),
            Counted::new(
                self.unknown_sections,
                "block of an unknown version of pcapng",
                "blocks of an unknown version of pcapng",
            ),
            Counted::new(
                self.statistics,
                "block of statistics without an interface",
                "blocks of statistics without an interface",
            ),
            Counted::new(
                self.options,
                "option that must not be copied",
                "options that must not be copied",
            ),
            Counted::new(
                self.unconverted_options,
                "option that cannot change its byte order",
                "options that cannot change their byte order",
            ),
            Counted::new(
                self.header_texts,
                "text of a section header",
                "texts of section headers",
            ),
        ]
    }
}

/// Returns the code of an option if it does not belong into another file.
pub(crate) fn must_go(code: u16) -> Option<u16> {
    (UNCOPIED_OPTIONS.contains(&code) || code & LOCAL_OPTION != 0).then_some(code)
}
