//! Checks the screens of `pcap-top` in a terminal of tmux, and what it leaves behind.

mod endings;
mod looks;
mod screens;
mod tmux;

use std::process::Command;

use crate::gallery::office;
use crate::{Result, command, unexpected};

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let is_update = match arguments[..] {
        [] => false,
        ["--update"] => true,
        [argument, ..] => return Err(unexpected(argument)),
    };
    let root = command::root()?;
    let folder = root.join("target/check-top");
    command::empty_folder(&folder)?;
    office::create(&folder)?;
    for words in [
        "link set lo up",
        "link add left type veth peer name right",
        "link set left up",
        "link set right up",
    ] {
        command::run(Command::new("ip").args(words.split(' ')))?;
    }
    screens::check(&root, &folder, is_update)?;
    if !is_update {
        endings::check(&folder)?;
        looks::check(&folder)?;
    }
    command::remove_folder(&folder)
}
