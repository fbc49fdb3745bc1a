//! Floods `pcap-capture` while it writes one file after another: no packet is lost uncounted, none is in two files, and
//! SIGKILL leaves complete files. Compares the loss with that of dumpcap.

mod accounting;
pub(crate) mod capture;
mod kills;
mod loss;
mod privileges;
pub(crate) mod savefile;
pub(crate) mod sender;
pub(crate) mod top;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::command;
use crate::{Result, unexpected};

/// The device on which the packets are sent and captured.
const DEVICE: &str = "left";

/// The arguments of the command line.
#[derive(Clone)]
struct Plan {
    /// The duration of the flood in which each packet is counted, in seconds.
    seconds: u64,
    /// The number of captures to kill.
    kills: u32,
    /// The number of rounds of the comparison.
    rounds: u32,
    /// The packets per second of the comparison; 0 means most of the rate that the machine can send.
    rate: u64,
    /// Where the files are written.
    folder: PathBuf,
    /// The user to continue as.
    user: String,
}

/// Runs the floods.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let plan = plan(arguments)?;
    connect()?;
    let _ = fs::remove_dir_all(&plan.folder);
    fs::create_dir_all(&plan.folder).map_err(|e| format!("cannot create a folder: {e}"))?;
    let outcome = accounting::run(&plan)
        .and_then(|()| privileges::run(&plan))
        .and_then(|()| kills::run(&plan))
        .and_then(|()| loss::run(&plan));
    let _ = fs::remove_dir_all(&plan.folder);
    outcome
}

fn plan(arguments: &[String]) -> Result<Plan> {
    let mut plan = Plan {
        seconds: 30,
        kills: 10,
        rounds: 5,
        rate: 0,
        folder: command::root()?.join("target/flood"),
        user: "nobody".to_owned(),
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--folder" {
            plan.folder = arguments.next().ok_or("--folder needs a value")?.into();
            continue;
        }
        if argument == "--user" {
            plan.user
                .clone_from(arguments.next().ok_or("--user needs a value")?);
            continue;
        }
        let number = |text: Option<&String>| {
            let number = text.and_then(|text| text.parse().ok());
            number.ok_or(format!("{argument} needs a number"))
        };
        match argument.as_str() {
            "--kills" => plan.kills = number(arguments.next())? as u32,
            "--rounds" => plan.rounds = number(arguments.next())? as u32,
            "--rate" => plan.rate = number(arguments.next())?,
            seconds => plan.seconds = seconds.parse().map_err(|_| unexpected(seconds))?,
        }
    }
    Ok(plan)
}

/// Creates two connected devices in this network namespace, which must be a new one.
pub(crate) fn connect() -> Result<()> {
    for words in [
        "link add left type veth peer name right",
        "link set left up",
        "link set right up",
        "address add 192.0.2.1/24 dev left",
        // Nothing answers, so the address must be known.
        "neighbor add 192.0.2.2 lladdr 02:00:00:00:00:02 dev left",
    ] {
        command::run(Command::new("ip").args(words.split(' ')))?;
    }
    Ok(())
}
