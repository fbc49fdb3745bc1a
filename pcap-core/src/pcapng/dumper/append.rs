//! Appending to a pcapng savefile.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::path::Path;

use super::SectionState;
use crate::dumper::Output;
use crate::error::{Error, ErrorKind, Result};
use crate::pcapng::interface::InterfaceState;
use crate::pcapng::{Interface, PcapngDumper, Section};
use crate::savefile::Walk;
use crate::savefile::pcapng::{Blocks, Found, Rules, section_header};

use crate::sys::platform;
/// The interfaces of the section to which blocks are appended.
#[derive(Debug)]
pub(super) struct Appended {
    interfaces: Vec<Interface>,
    /// The numbers of those that were added again.
    added: Vec<u32>,
}

impl Appended {
    /// Notes that an interface is used again.
    #[inline]
    pub(super) fn add(&mut self, number: u32) {
        if !self.added.contains(&number) {
            self.added.push(number);
        }
    }
}

/// # Appending
impl PcapngDumper {
    /// Opens a savefile for appending, after checking that it consists of complete blocks.
    ///
    /// The packets are written to the last section of the file, in its byte order. Interfaces must be added first, even
    /// if the section already contains them: an interface that is equal to one of the section is not written again. If
    /// the interface differs from all of them, or the section states its length, the dumper begins a new section.
    ///
    /// A missing file is created, and an empty one is treated like a new one. The path `-` is standard output, as for
    /// [`create`](Self::create). Only one process may append to a file at a time; otherwise their blocks could be
    /// interleaved.
    ///
    /// To begin a new section in any case, with a description, use [`Section::dump_append`].
    ///
    /// # Errors
    ///
    /// - [`SavefileTruncated`](ErrorKind::SavefileTruncated) if the last block is truncated; see
    ///   [`append_repaired`](Self::append_repaired).
    /// - [`SavefileBad`](ErrorKind::SavefileBad) if the file is damaged, or is not a pcapng savefile.
    /// - [`Io`](ErrorKind::Io) if the file cannot be opened, read or created.
    ///
    /// After an error, the file is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::{Interface, PcapngDumper};
    /// use pcap_core::{Capture, Linktype, Packet, Timestamp};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcapng");
    /// for _ in 0..3 {
    ///     let mut dumper = PcapngDumper::append(&path)?;
    ///     let ethernet = dumper.add_interface(&Interface::new(Linktype::ETHERNET))?;
    ///     dumper.write(ethernet, Packet::whole(Timestamp::now(), b"one packet each time"))?;
    ///     dumper.close()?;
    /// }
    /// let mut capture = Capture::from_file(&path)?;
    /// assert_eq!(capture.packets().count(), 3);
    /// assert_eq!(capture.interfaces().len(), 1);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[inline]
    pub fn append(path: impl AsRef<Path>) -> Result<PcapngDumper> {
        Self::append_section(path.as_ref(), None, false)
    }

    /// Opens a savefile for appending as [`append`](Self::append) does, but removes a truncated last block first, which
    /// a program that was killed may have left.
    ///
    /// # Errors
    ///
    /// - The errors of `append`, except for a truncated last block.
    /// - [`SavefileBad`](ErrorKind::SavefileBad) if the file ends with a complete block, so that the last one only
    ///   seems to be truncated, because a length before it is damaged. The file is then unchanged.
    pub fn append_repaired(path: impl AsRef<Path>) -> Result<PcapngDumper> {
        Self::append_section(path.as_ref(), None, true)
    }

    /// Opens a savefile for appending. Without a section, its last one continues.
    #[inline]
    pub(in crate::pcapng) fn append_section(
        path: &Path,
        section: Option<&Section>,
        repair: bool,
    ) -> Result<PcapngDumper> {
        if path.as_os_str() == "-" {
            return PcapngDumper::create(path);
        }
        let name = path.display().to_string();
        let io = |e| Error::io("append to", name.clone(), e);
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(path);
        let mut file = file.map_err(io)?;
        let (blocks, end) = walk(file.try_clone().map_err(io)?, &name, repair)?;
        if end != file.seek(SeekFrom::End(0)).map_err(io)? {
            // The file is open for appending, which does not suffice on Windows.
            let writable = OpenOptions::new().write(true).open(path);
            writable.and_then(|file| file.set_len(end)).map_err(io)?;
            file.seek(SeekFrom::End(0)).map_err(io)?;
        }
        let output = Output::file(file, name, end);
        let Some(last) = blocks.section() else {
            let new = Section::new();
            return Ok(PcapngDumper::with_section(output, section.unwrap_or(&new)));
        };
        if let Some(section) = section {
            return Ok(PcapngDumper::with_section(output, section));
        }
        if last.length().is_some() || !last.is_known() {
            let section = Section::new().with_endian(last.endian());
            return Ok(PcapngDumper::with_section(output, &section));
        }
        let mut dumper = PcapngDumper::without_section(output);
        dumper.section = Some(SectionState {
            order: last.endian().into(),
            is_known: true,
        });
        let interfaces = blocks.interfaces().to_vec();
        dumper.interfaces = interfaces.iter().map(InterfaceState::new).collect();
        dumper.appended = Some(Appended {
            interfaces,
            added: Vec::new(),
        });
        Ok(dumper)
    }

    /// Returns the number of an interface of the section to which blocks are appended, if it is equal to this one. If
    /// none is, begins a new section with those that were added before.
    #[inline]
    pub(super) fn reuse(&mut self, interface: &Interface) -> Result<Option<u32>> {
        let order = self.section_state()?.order;
        let Some(appended) = &mut self.appended else {
            return Ok(None);
        };
        let mut same = appended.interfaces.iter();
        if let Some(number) = same.position(|known| known.is_same(interface)) {
            let number = number as u32;
            appended.add(number);
            return Ok(Some(number));
        }
        let header = section_header(order, &[]);
        let mut bytes = header.as_raw().bytes().to_vec();
        let mut states = Vec::new();
        for number in &appended.added {
            let interface = &appended.interfaces[*number as usize];
            bytes.extend(interface.as_raw().bytes());
            states.push(InterfaceState::new(interface));
        }
        self.output.put(&bytes)?;
        for slot in &mut self.slots {
            let position = |number| appended.added.iter().position(|added| *added == number);
            *slot = slot.and_then(position).map(|position| position as u32);
        }
        for (number, slot) in self.slots.iter().enumerate() {
            if let Some(state) = slot.and_then(|slot| states.get_mut(slot as usize)) {
                state.slot = Some(number as u32);
            }
        }
        self.interfaces = states;
        self.appended = None;
        Ok(None)
    }
}

/// Reads all blocks of a file. Returns the state after the last one, and where it ends.
#[inline]
fn walk(file: File, name: &str, repair: bool) -> Result<(Blocks, u64)> {
    let refuse = |kind, text| Error::cannot(kind, "append to", name.to_owned(), text);
    let mut blocks = Blocks::new(Some(file), 0, Rules::Lenient);
    loop {
        if blocks.ready_block().is_some() {
            continue;
        }
        let found = blocks.advance(&mut None);
        let position = blocks.position();
        match found.map_err(|e| Error::io("append to", name.to_owned(), e))? {
            Found::Packet | Found::Other | Found::Nothing => {}
            Found::Absent(0) => return Ok((blocks, position)),
            Found::Absent(_) if repair => {
                if ends_with_a_block(&blocks)
                    .map_err(|e| Error::io("append to", name.to_owned(), e))?
                {
                    let text = format!(
                        "its block at byte {position} reaches beyond the end, but the file ends with a complete block, \
                         so a length is damaged"
                    );
                    return Err(refuse(ErrorKind::SavefileBad, text));
                }
                return Ok((blocks, position));
            }
            Found::Absent(_) => {
                let text = format!(
                    "its last block, at byte {position}, is truncated; `append_repaired` removes it"
                );
                return Err(refuse(ErrorKind::SavefileTruncated, text));
            }
            Found::Damaged(damage) => {
                let text = format!("its block at byte {position}: {damage}");
                return Err(refuse(ErrorKind::SavefileBad, text));
            }
        }
    }
}

/// Returns whether the file ends with a complete block although its last block seems to be truncated.
#[inline]
fn ends_with_a_block(blocks: &Blocks) -> io::Result<bool> {
    let file = blocks.file();
    let Some(file) = file else { return Ok(false) };
    let end = file.metadata()?.len();
    let number_at = |position| -> io::Result<u32> {
        let mut bytes = [0; 4];
        let read = platform::read_at(file, &mut bytes, position)?;
        let number = blocks.order().of_u32(u32::from_ne_bytes(bytes));
        Ok(if read == bytes.len() { number } else { 0 })
    };
    let Some(trailer) = end.checked_sub(4) else {
        return Ok(false);
    };
    let length = number_at(trailer)?;
    let start = end.checked_sub(length.into());
    match start.filter(|start| *start >= blocks.position() && length >= 12 && length % 4 == 0) {
        Some(start) => Ok(number_at(start + 4)? == length),
        None => Ok(false),
    }
}
