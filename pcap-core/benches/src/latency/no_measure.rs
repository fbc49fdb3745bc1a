//! Replaces `measure` on systems where a program cannot create a private network.

use std::io;

use super::Figures;
use super::rows::Job;
use crate::Failure;
use crate::work;

pub(super) fn run(_: Job, _: bool, _: impl FnOnce() -> io::Result<()>) -> Result<Figures, Failure> {
    work::probe().and_then(|()| Err("not here".into()))
}
