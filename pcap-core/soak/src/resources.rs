//! What this process uses.

use std::fs;

use anyhow::{Context, Result};

/// What this process uses at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resources {
    /// The resident memory, in KiB.
    pub(crate) memory: u64,
    /// The number of open descriptors.
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
}

impl Resources {
    pub(crate) fn now() -> Result<Resources> {
        let entries = |path: &str| {
            let entries = fs::read_dir(path).with_context(|| format!("cannot list {path}"));
            entries.map(Iterator::count)
        };
        let status = fs::read_to_string("/proc/self/status").context("cannot read the status")?;
        let memory = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .context("the status has no resident memory")?;
        Ok(Resources {
            memory,
            // One of them is that of the folder.
            descriptors: entries("/proc/self/fd")? - 1,
            threads: entries("/proc/self/task")?,
        })
    }
}
