//! What a pcapng file says of itself.

/// What a pcapng file says of itself in its header, for [`PcapngDumper`](super::PcapngDumper): on
/// which hardware and system and by which program it was made, and a comment. All of it can be left
/// out.
///
/// Each text has at most 65 535 bytes and no NUL; another one is an error where it is used.
///
/// # Examples
///
/// ```
/// use pcap_core::pcapng::Section;
///
/// let section = Section::new().application("probe 1.0").comment("the third floor");
/// let dumper = section.to_writer(Vec::new())?;
/// # dumper.close()?;
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Section {
    pub(super) hardware: Option<String>,
    pub(super) os: Option<String>,
    pub(super) application: Option<String>,
    pub(super) comment: Option<String>,
}

impl Section {
    /// Says nothing yet.
    #[must_use]
    pub fn new() -> Section {
        Section::default()
    }

    /// The hardware that the file was made on: `AMD EPYC 7543`.
    #[must_use]
    pub fn hardware(mut self, text: impl Into<String>) -> Section {
        self.hardware = Some(text.into());
        self
    }

    /// The operating system that the file was made on: `Linux 6.12`.
    #[must_use]
    pub fn os(mut self, text: impl Into<String>) -> Section {
        self.os = Some(text.into());
        self
    }

    /// The program that the file was made by.
    #[must_use]
    pub fn application(mut self, text: impl Into<String>) -> Section {
        self.application = Some(text.into());
        self
    }

    /// Anything.
    #[must_use]
    pub fn comment(mut self, text: impl Into<String>) -> Section {
        self.comment = Some(text.into());
        self
    }

    /// Its texts, each with what it is.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("hardware", &self.hardware),
            ("operating system", &self.os),
            ("application", &self.application),
            ("comment", &self.comment),
        ]
        .into_iter()
        .filter_map(|(what, text)| Some((what, text.as_deref()?)))
    }
}
