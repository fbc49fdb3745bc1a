//! The files of the file system, and how it fails.

use std::collections::BTreeMap;
use std::time::Duration;

use super::errno::{EIO, ENOSPC};
use super::protocol::{ENOENT, ENOSYS, Operation, Reply, Request};

/// The number of the folder.
const FOLDER: u64 = 1;
/// The kernel neither caches the content of files nor reads ahead.
const DIRECT_IO: u32 = 1;
/// The attribute that truncates a file.
const SIZE: u32 = 1 << 3;
/// What a disk writes as a whole.
const BLOCK: usize = 512;

/// How the file system fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) enum Fault {
    #[default]
    None,
    /// Reading at this offset and beyond fails with EIO.
    ReadBeyond(u64),
    /// Reading fails with EIO once, at this offset, and then succeeds.
    ReadOnceAt(u64),
    /// A call reads at most this many bytes.
    ShortReads(u32),
    /// When this offset is read, the file has become this long.
    CutAfter { offset: u64, length: u64 },
    /// Writing beyond this offset fails with this error.
    WriteBeyond(u64, i32),
    /// A call writes at most this many bytes.
    ShortWrites(u32),
    /// Closing fails with this error, as on a network file system.
    Close(i32),
    /// fsync(2) fails with EIO.
    Sync,
    /// Each call that writes takes this long.
    Slow(Duration),
    /// Everything fails.
    NoPower,
}

#[derive(Default)]
struct Content {
    name: String,
    bytes: Vec<u8>,
    /// The blocks written since the last fsync(2) with their old content, if the disk has a cache.
    cache: Option<BTreeMap<usize, Vec<u8>>>,
    /// Whether the folder was synchronized since the file was created.
    is_named: bool,
}

/// The files, by number.
#[derive(Default)]
pub(super) struct Files {
    files: BTreeMap<u64, Content>,
    last: u64,
    has_cache: bool,
    pub(super) fault: Fault,
}

impl Files {
    pub(super) fn add(&mut self, name: &str, bytes: Vec<u8>) -> u64 {
        self.last += 1;
        let node = FOLDER + self.last;
        let content = Content {
            name: name.to_owned(),
            bytes,
            cache: self.has_cache.then(BTreeMap::new),
            is_named: !self.has_cache,
        };
        self.files.insert(node, content);
        node
    }

    /// Keeps apart what is written from now on.
    pub(super) fn keep_cache(&mut self) {
        self.has_cache = true;
        for content in self.files.values_mut() {
            content.cache = Some(BTreeMap::new());
        }
    }

    /// Returns a file of which a random part of the cache is written. Returns `None` if it may have lost its name.
    pub(super) fn without_cache(
        &self,
        name: &str,
        mut random: impl FnMut() -> u64,
    ) -> Option<Vec<u8>> {
        let content = self.files.get(&self.find(name)?)?;
        let mut bytes = content.bytes.clone();
        // The order in which a disk writes is its own. At some moments, everything or nothing is written.
        let (all, kept) = (4, random() % 5);
        for (&at, old) in content.cache.iter().flatten() {
            if random() % all >= kept {
                bytes[at..at + old.len()].copy_from_slice(old);
            }
        }
        content.is_named.then_some(bytes)
    }

    /// Returns how long the disk takes.
    pub(super) fn delay(&self, request: &Request<'_>) -> Duration {
        match self.fault {
            Fault::Slow(delay) if request.operation == Operation::Write => delay,
            _ => Duration::ZERO,
        }
    }

    fn find(&self, name: &str) -> Option<u64> {
        let mut files = self.files.iter();
        files
            .find(|(_, content)| content.name == name)
            .map(|(&node, _)| node)
    }

    /// Answers a request, or returns an error. Some requests have no answer.
    pub(super) fn answer(&mut self, request: &Request<'_>) -> Option<Result<Reply, i32>> {
        let new = Reply::default;
        Some(match request.operation {
            Operation::Forget | Operation::Interrupt => return None,
            Operation::Init => Ok(new().init()),
            Operation::Release => Ok(new()),
            _ if self.fault == Fault::NoPower => Err(EIO),
            Operation::Lookup => self.entry(&request.names(0)),
            Operation::GetAttributes => self.attributes(request.node),
            Operation::SetAttributes => self.set_attributes(request),
            Operation::Unlink => self.unlink(&request.names(0)),
            Operation::Rename => Err(ENOSYS),
            Operation::Open | Operation::OpenFolder => Ok(new().long(0).word(DIRECT_IO).word(0)),
            Operation::Create => {
                let names = request.names(16);
                self.add(names.first().map_or("", |name| name), Vec::new());
                let entry = self.entry(&names);
                entry.map(|entry| entry.long(0).word(DIRECT_IO).word(0))
            }
            Operation::Read => self.read(request),
            Operation::Write => self.write(request),
            Operation::Sync => self.sync(request.node),
            Operation::Flush => match self.fault {
                Fault::Close(error) => Err(error),
                _ => Ok(new()),
            },
            // 400 MB, all of it free.
            Operation::FileSystem => {
                let reply = new().long(100_000).long(100_000).long(100_000);
                let reply = reply.long(1000).long(1000).word(4096).word(255).word(4096);
                Ok(reply.bytes(&[0; 28]))
            }
            Operation::ReadFolder => Ok(self.read_folder(request)),
            Operation::Other => Err(ENOSYS),
        })
    }

    fn entry(&self, names: &[String]) -> Result<Reply, i32> {
        let node = names.first().and_then(|name| self.find(name));
        let node = node.ok_or(ENOENT)?;
        let size = self.files.get(&node).map_or(0, |it| it.bytes.len() as u64);
        // The kernel caches neither the name nor the attributes.
        let reply = Reply::default().long(node).long(0).long(0).long(0).long(0);
        Ok(reply.attributes(node, size, false))
    }

    fn attributes(&self, node: u64) -> Result<Reply, i32> {
        let reply = Reply::default().long(0).long(0);
        if node == FOLDER {
            return Ok(reply.attributes(node, 0, true));
        }
        let content = self.files.get(&node).ok_or(ENOENT)?;
        Ok(reply.attributes(node, content.bytes.len() as u64, false))
    }

    fn set_attributes(&mut self, request: &Request<'_>) -> Result<Reply, i32> {
        if let (true, Some(content)) = (
            request.word(0) & SIZE != 0,
            self.files.get_mut(&request.node),
        ) {
            content.bytes.resize(request.long(16) as usize, 0);
        }
        self.attributes(request.node)
    }

    fn unlink(&mut self, names: &[String]) -> Result<Reply, i32> {
        let node = names.first().and_then(|name| self.find(name));
        // Files that are open keep their content.
        let content = node.and_then(|node| self.files.get_mut(&node));
        content.ok_or(ENOENT)?.name.clear();
        Ok(Reply::default())
    }

    fn read(&mut self, request: &Request<'_>) -> Result<Reply, i32> {
        let (at, mut size) = (request.long(8), u64::from(request.word(16)));
        match self.fault {
            Fault::ReadBeyond(offset) | Fault::ReadOnceAt(offset) if at < offset => {
                size = size.min(offset - at);
            }
            Fault::ReadBeyond(_) => return Err(EIO),
            Fault::ReadOnceAt(offset) if at == offset => {
                self.fault = Fault::None;
                return Err(EIO);
            }
            Fault::CutAfter { offset, length } if at + size > offset => {
                self.fault = Fault::None;
                if let Some(content) = self.files.get_mut(&request.node) {
                    content.bytes.truncate(length as usize);
                }
            }
            Fault::ShortReads(most) => size = size.min(u64::from(most)),
            _ => {}
        }
        let content = self.files.get(&request.node).ok_or(ENOENT)?;
        let start = content.bytes.len().min(at as usize);
        let end = content.bytes.len().min(start + size as usize);
        Ok(Reply::default().bytes(&content.bytes[start..end]))
    }

    fn write(&mut self, request: &Request<'_>) -> Result<Reply, i32> {
        let (at, mut size) = (request.long(8), request.word(16));
        match self.fault {
            Fault::WriteBeyond(offset, _) if at < offset => size = size.min((offset - at) as u32),
            Fault::WriteBeyond(_, error) => return Err(error),
            Fault::ShortWrites(most) => size = size.min(most),
            _ => {}
        }
        let data = request.bytes(40).get(..size as usize).ok_or(EIO)?;
        let content = self.files.get_mut(&request.node).ok_or(ENOENT)?;
        content.write(at as usize, data)?;
        Ok(Reply::default().word(size).word(0))
    }

    fn sync(&mut self, node: u64) -> Result<Reply, i32> {
        if self.fault == Fault::Sync {
            return Err(EIO);
        }
        if node == FOLDER {
            self.files.values_mut().for_each(|it| it.is_named = true);
        }
        let content = self.files.get_mut(&node);
        if let Some(cache) = content.and_then(|content| content.cache.as_mut()) {
            cache.clear();
        }
        Ok(Reply::default())
    }

    fn read_folder(&self, request: &Request<'_>) -> Reply {
        const REGULAR: u32 = 8;
        let files = self.files.iter().filter(|(_, it)| !it.name.is_empty());
        let mut reply = Reply::default();
        for (index, (&node, content)) in files.enumerate() {
            // The kernel continues where it stopped; all names fit into its first request.
            if index as u64 >= request.long(8) {
                let name = content.name.as_bytes();
                let padding = name.len().next_multiple_of(8) - name.len();
                reply = reply.long(node).long(index as u64 + 1);
                reply = reply.word(name.len() as u32).word(REGULAR).bytes(name);
                reply = reply.bytes(&[0; 8][..padding]);
            }
        }
        reply
    }
}

impl Content {
    fn write(&mut self, at: usize, data: &[u8]) -> Result<(), i32> {
        let end = at + data.len();
        // The system would not have that much memory.
        if end > 1 << 29 {
            return Err(ENOSPC);
        }
        if end > self.bytes.len() {
            self.bytes.resize(end, 0);
        }
        if let Some(cache) = &mut self.cache {
            for block in (at / BLOCK * BLOCK..end).step_by(BLOCK) {
                let old = &self.bytes[block..self.bytes.len().min(block + BLOCK)];
                cache.entry(block).or_insert_with(|| old.to_vec());
            }
        }
        self.bytes[at..end].copy_from_slice(data);
        Ok(())
    }
}
