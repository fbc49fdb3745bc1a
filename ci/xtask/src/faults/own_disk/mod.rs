//! A file system of our own, through FUSE, that fails on request. It has one folder, and keeps its files in memory.

mod files;
mod protocol;

pub(super) use self::files::Fault;

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use self::files::Files;
use super::found::Failure;
use crate::command;

/// What system calls return. The numbers are the same on all processors that Debian supports, except MIPS's EDQUOT.
pub(super) mod errno {
    pub(in super::super) const EIO: i32 = 5;
    pub(in super::super) const ENOSPC: i32 = 28;
    pub(in super::super) const EDQUOT: i32 = 122;
}

/// A mounted file system.
pub(super) struct OwnDisk {
    files: Arc<Mutex<Files>>,
}

impl OwnDisk {
    /// Mounts the file system on a folder. A thread serves it until it is unmounted.
    pub(super) fn mount(folder: &Path) -> Result<OwnDisk, Failure> {
        command::make_folder(folder)?;
        let device = OpenOptions::new().read(true).write(true).open("/dev/fuse");
        let cannot = |why: &dyn std::fmt::Display| Failure::CannotBeMade(format!("FUSE: {why}"));
        let device = device.map_err(|error| cannot(&error))?;
        let inherited = device.try_clone().map_err(|error| cannot(&error))?;
        let mut mount = Command::new("mount");
        mount
            .args(["-i", "-t", "fuse", "none"])
            .arg(folder)
            .args(["-o", "fd=0,rootmode=40000,user_id=0,group_id=0,allow_other"]);
        command::run(mount.stdin(Stdio::from(inherited))).map_err(|error| cannot(&error))?;
        let files = Arc::new(Mutex::new(Files::default()));
        let served = Arc::clone(&files);
        thread::spawn(move || serve(device, &served));
        Ok(OwnDisk { files })
    }

    /// Adds a file.
    pub(super) fn add(&self, name: &str, bytes: Vec<u8>) {
        self.lock().add(name, bytes);
    }

    /// Sets the fault from now on.
    pub(super) fn set(&self, fault: Fault) {
        self.lock().fault = fault;
    }

    /// Keeps apart what was written since the last fsync(2), as a disk with a cache does.
    pub(super) fn keep_cache(&self) {
        self.lock().keep_cache();
    }

    /// Ends the power: returns what is left of a file. Of each block that was written since the last fsync(2), the new
    /// or the old content is left. Returns `None` if the folder was not synchronized since the file was created. All
    /// later calls fail.
    pub(super) fn cut_power(&self, name: &str, random: impl FnMut() -> u64) -> Option<Vec<u8>> {
        let mut files = self.lock();
        files.fault = Fault::NoPower;
        files.without_cache(name, random)
    }

    fn lock(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers the requests of the kernel until the file system is unmounted.
fn serve(device: File, files: &Mutex<Files>) {
    let mut buffer = vec![0; protocol::BUFFER];
    while let Some(request) = protocol::receive(&device, &mut buffer) {
        // The files are locked only for the request, so that a slow disk does not delay the row.
        let mut lock = files.lock().unwrap_or_else(PoisonError::into_inner);
        let delay = lock.delay(&request);
        let reply = lock.answer(&request);
        drop(lock);
        thread::sleep(delay);
        if let Some(reply) = reply {
            protocol::reply(&device, request.unique, reply);
        }
    }
}
