//! Sources of savefiles: paths of all kinds, standard input, pipes, open files, readers that misbehave.

#![cfg_attr(windows, allow(unused))] // some tests are for other systems only

mod files;
mod paths;
mod readers;
