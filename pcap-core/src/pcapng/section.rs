//! The description in the header of a pcapng file.

/// The description in the header of a pcapng file, for [`PcapngDumper`](super::PcapngDumper): its hardware, operating
/// system and program, and a comment. All of them are optional.
///
/// Each text has at most 65 535 bytes and no NUL. The call that uses the section rejects others.
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
    /// Creates an empty description.
    #[must_use]
    pub fn new() -> Section {
        Section::default()
    }

    /// Sets the hardware that created the file (`shb_hardware`): `AMD EPYC 7543`.
    #[must_use]
    pub fn hardware(mut self, text: impl Into<String>) -> Section {
        self.hardware = Some(text.into());
        self
    }

    /// Sets the operating system that created the file (`shb_os`): `Linux 6.12`.
    #[must_use]
    pub fn os(mut self, text: impl Into<String>) -> Section {
        self.os = Some(text.into());
        self
    }

    /// Sets the program that created the file (`shb_userappl`).
    #[must_use]
    pub fn application(mut self, text: impl Into<String>) -> Section {
        self.application = Some(text.into());
        self
    }

    /// Sets the comment (`opt_comment`).
    #[must_use]
    pub fn comment(mut self, text: impl Into<String>) -> Section {
        self.comment = Some(text.into());
        self
    }

    /// Returns its texts with their names in errors.
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
