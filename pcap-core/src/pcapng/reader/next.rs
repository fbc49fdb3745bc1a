//! Reading blocks one by one.

use std::io;
use std::time::{Duration, Instant};

use crate::capture::{End, LOOK_AGAIN, Next, readable};
use crate::error::{Error, ErrorKind, Result};
use crate::loan;
use crate::pcapng::{Block, Reader};
use crate::savefile::Walk;
use crate::savefile::pcapng::{Found, Sought};

/// How long a read may wait.
#[derive(Clone, Copy)]
enum Patience {
    ForEver,
    Until(Instant),
    Never,
}

impl Patience {
    /// Returns the rest of the time; `None` without a limit.
    fn left(self) -> Option<Duration> {
        match self {
            Patience::ForEver => None,
            Patience::Until(deadline) => Some(deadline.saturating_duration_since(Instant::now())),
            Patience::Never => Some(Duration::ZERO),
        }
    }

    /// Returns whether a deadline has passed.
    fn is_over(self) -> bool {
        matches!(self, Patience::Until(deadline) if deadline <= Instant::now())
    }
}

/// The position of the reader after a step.
enum Step {
    Block,
    /// There may be more, without a wait.
    Again,
    /// There is nothing now.
    Wait,
    End,
}

/// # Reading
impl Reader {
    /// Returns the next block, after waiting until one is there or the file ends.
    ///
    /// The call returns `None` at the end of the file, and if a [`BreakHandle`](crate::BreakHandle) interrupts it.
    /// After a break, reading can continue.
    ///
    /// # Errors
    ///
    /// - [`SavefileTruncated`](ErrorKind::SavefileTruncated) if the file ends within a block, or shrinks while it is
    ///   read.
    /// - [`SavefileBad`](ErrorKind::SavefileBad) if a block is damaged, or the file is not a pcapng file. The message
    ///   contains the offset of the block.
    /// - [`Io`](ErrorKind::Io) if the operating system or the underlying reader reports an error.
    ///
    /// All blocks before the damage are returned first. Each later call returns the same error, unless the reader
    /// [resumes](Self::resume_at_sections).
    ///
    /// # Panics
    ///
    /// Panics if the underlying reader panics.
    #[inline]
    pub fn next_block(&mut self) -> Result<Option<Block<'_>>> {
        match loan::lend::<Block<'_>, _>(self, Reader::ready) {
            Ok(block) => Ok(Some(block)),
            Err(reader) => reader.search_block(),
        }
    }

    #[inline(never)]
    fn search_block(&mut self) -> Result<Option<Block<'_>>> {
        Ok(match self.advance()? {
            true => self.blocks.block(),
            false => None,
        })
    }

    /// Advances to the next block, which [`block`](Self::block) then returns. For programs that keep their position in
    /// several files, as [`Capture::advance`](crate::Capture::advance).
    ///
    /// Waits as [`next_block`](Self::next_block) does. Returns `false` at the end of the file, and after a break.
    ///
    /// # Errors
    ///
    /// The errors of [`next_block`](Self::next_block).
    ///
    /// # Panics
    ///
    /// Panics if the underlying reader panics.
    #[inline]
    pub fn advance(&mut self) -> Result<bool> {
        if self.ready().is_some() {
            return Ok(true);
        }
        match self.wait_for_block(Patience::ForEver)? {
            Next::Packet(()) => Ok(true),
            Next::Timeout | Next::End(_) => Ok(false),
        }
    }

    /// Returns the next block if one is available now, and [`Next::Timeout`] otherwise. The call never blocks, except
    /// on disk I/O or on a user-supplied reader.
    ///
    /// # Errors
    ///
    /// The errors of [`next_block`](Self::next_block).
    pub fn try_next_block(&mut self) -> Result<Next<Block<'_>>> {
        self.next(Patience::Never)
    }

    /// Returns the next block, after waiting for at most `timeout`. The timeout applies to pipes, sockets, terminals
    /// and files that are [followed](Self::follow).
    ///
    /// # Errors
    ///
    /// The errors of [`next_block`](Self::next_block).
    pub fn next_block_timeout(&mut self, timeout: Duration) -> Result<Next<Block<'_>>> {
        self.next(match Instant::now().checked_add(timeout) {
            Some(deadline) => Patience::Until(deadline),
            None => Patience::ForEver,
        })
    }

    /// Returns the block that the last call returned or advanced to. Returns `None` before the first block, and after
    /// the last.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::{Block, PcapngDumper, Reader};
    ///
    /// let bytes: Vec<u8> = PcapngDumper::new(Vec::new()).into_writer()?;
    /// let mut reader = Reader::from_reader(std::io::Cursor::new(bytes))?;
    /// assert!(reader.block().is_none());
    /// while reader.advance()? {
    ///     assert!(matches!(reader.block(), Some(Block::Section(_))));
    /// }
    /// assert!(reader.block().is_none());
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn block(&self) -> Option<Block<'_>> {
        self.blocks.block()
    }

    fn next(&mut self, patience: Patience) -> Result<Next<Block<'_>>> {
        Ok(match self.wait_for_block(patience)? {
            Next::Packet(()) => self.blocks.block().map_or(Next::Timeout, Next::Packet),
            Next::Timeout => Next::Timeout,
            Next::End(end) => Next::End(end),
        })
    }

    /// Advances to the next block if it is an ordinary packet that is in the buffer.
    #[inline(always)] // else the packet would be passed in memory
    pub(super) fn ready(&mut self) -> Option<Block<'_>> {
        match self.is_undisturbed() {
            true => self.blocks.ready_block(),
            false => None,
        }
    }

    /// Returns whether the next block can be read without looking at the reader's state.
    #[inline]
    fn is_undisturbed(&self) -> bool {
        !self.searching && self.failed.is_none() && !self.breaker.is_pending()
    }

    #[cold]
    #[inline(never)]
    fn wait_for_block(&mut self, patience: Patience) -> Result<Next<()>> {
        loop {
            if self.breaker.take() {
                return Ok(Next::End(End::Break));
            }
            if let Some(error) = &self.failed {
                return Err(error.clone());
            }
            match self.step()? {
                Step::Block => return Ok(Next::Packet(())),
                Step::End => return Ok(Next::End(End::Eof)),
                Step::Again if patience.is_over() && self.waits() => return Ok(Next::Timeout),
                Step::Again => {}
                Step::Wait => {
                    let left = patience.left();
                    if left == Some(Duration::ZERO) {
                        return Ok(Next::Timeout);
                    }
                    self.wait(left)?;
                }
            }
        }
    }

    /// Advances to the next block.
    fn step(&mut self) -> Result<Step> {
        if self.ended && !self.follow {
            return Ok(Step::End);
        }
        if self.searching {
            return self.search();
        }
        let found = match self.blocks.advance(&mut self.stream) {
            Ok(found) => found,
            Err(e) => return self.unread(e),
        };
        match found {
            Found::Packet | Found::Other => Ok(Step::Block),
            Found::Nothing => Ok(Step::Again),
            Found::Absent(_) if self.follow => {
                self.check_length()?;
                Ok(Step::Wait)
            }
            Found::Absent(0) if self.blocks.section().is_some() => {
                self.check_length()?;
                self.ended = true;
                Ok(Step::End)
            }
            Found::Absent(bytes) => {
                self.check_length()?;
                let position = self.blocks.position();
                let text = match bytes {
                    0 => "the file is empty".to_owned(),
                    _ => format!("the block at byte {position} is truncated after {bytes} bytes"),
                };
                // A wrong length may hide a section.
                let resumes = self.resume && bytes > 0;
                self.damaged(ErrorKind::SavefileTruncated, text, resumes)
            }
            Found::Damaged(damage) => {
                let position = self.blocks.position();
                let text = format!("the block at byte {position}: {damage}");
                self.damaged(ErrorKind::SavefileBad, text, self.resume)
            }
        }
    }

    /// Fails, or begins to search for the next section.
    fn damaged(&mut self, kind: ErrorKind, text: String, resumes: bool) -> Result<Step> {
        let error = Error::cannot(kind, "read", self.name.clone(), text);
        if !resumes {
            return Err(self.fail(error));
        }
        self.damage = Some(error);
        self.searching = true;
        self.blocks.skip_byte();
        self.skipped += 1;
        Ok(Step::Again)
    }

    /// Searches for the next section.
    fn search(&mut self) -> Result<Step> {
        let start = self.blocks.position();
        let sought = self.blocks.skip_to_section(&mut self.stream);
        self.skipped += self.blocks.position() - start;
        match sought {
            Ok(Sought::Section) => self.searching = false,
            Ok(Sought::Nothing) => {}
            Ok(Sought::Absent) if self.follow => {
                self.check_length()?;
                return Ok(Step::Wait);
            }
            Ok(Sought::Absent) => return self.search_rest(),
            Err(e) => return self.unread(e),
        }
        Ok(Step::Again)
    }

    /// Searches what remains at the end of the file: the beginning of a section header, which may hide others, or less.
    fn search_rest(&mut self) -> Result<Step> {
        self.check_length()?;
        let start = self.blocks.position();
        self.blocks.skip_byte();
        let skipped = self.blocks.position() - start;
        self.skipped += skipped;
        if skipped == 0 {
            self.searching = false;
            self.ended = true;
            return Ok(Step::End);
        }
        Ok(Step::Again)
    }

    /// Handles a failed read, unless it only found nothing in a pipe, or was interrupted.
    fn unread(&mut self, error: io::Error) -> Result<Step> {
        match error.kind() {
            io::ErrorKind::WouldBlock if self.descriptor().is_some() => Ok(Step::Wait),
            io::ErrorKind::Interrupted => Ok(Step::Again),
            _ => {
                let error = Error::io("read", self.name.clone(), error);
                Err(self.fail(error))
            }
        }
    }

    fn fail(&mut self, error: Error) -> Error {
        self.failed = Some(error.clone());
        error
    }

    /// Fails if a regular file has shrunk, which loses blocks.
    fn check_length(&mut self) -> Result<()> {
        let (Some(length), Some(file)) = (&mut self.length, self.blocks.file()) else {
            return Ok(());
        };
        match length.shrunk(file, self.blocks.end()) {
            Ok(None) => Ok(()),
            Ok(Some((was, is))) => {
                let text = format!(
                    "the file shrank while it was read: expected at least {was} bytes, found {is}"
                );
                let kind = ErrorKind::SavefileTruncated;
                let error = Error::cannot(kind, "read", self.name.clone(), text);
                Err(self.fail(error))
            }
            Err(e) => {
                let error = Error::io("read", self.name.clone(), e);
                Err(self.fail(error))
            }
        }
    }

    /// Returns whether more data may come, so that timeouts apply.
    fn waits(&self) -> bool {
        self.follow || self.descriptor().is_some()
    }

    fn descriptor(&self) -> Option<crate::sys::platform::RawFd> {
        self.stream.as_ref()?.waits_for()
    }

    /// Waits for data, a break, or this time.
    fn wait(&mut self, left: Option<Duration>) -> Result<()> {
        let descriptor = self.descriptor();
        let timeout = match descriptor {
            Some(_) => left,
            None => Some(left.map_or(LOOK_AGAIN, |left| left.min(LOOK_AGAIN))),
        };
        let waited = readable(&self.breaker, descriptor, timeout);
        waited.map_err(|e| Error::io("wait on", self.name.clone(), e))
    }
}
