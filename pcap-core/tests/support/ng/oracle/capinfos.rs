//! capinfos, as it prints the interfaces of files.

use std::path::Path;
use std::process::Command;

use super::run;

/// What capinfos prints about a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Info {
    /// The names and values of the file's own lines.
    pub(crate) lines: Vec<(String, String)>,
    pub(crate) interfaces: Vec<InterfaceInfo>,
}

impl Info {
    /// Returns a number about the file; 0 if it prints none.
    pub(crate) fn number(&self, name: &str) -> usize {
        let line = self.lines.iter().find(|line| line.0 == name);
        line.map_or(0, |line| line.1.parse().expect("a number"))
    }
}

/// The names and values that it prints about an interface.
pub(crate) type InterfaceInfo = Vec<(String, String)>;

fn command<P: AsRef<Path>>(paths: &[P]) -> Command {
    let mut command = Command::new("capinfos");
    command.args(["-M", "-c", "-D", "-E", "-I", "-n", "-t"]);
    command.args(paths.iter().map(AsRef::as_ref));
    command
}

/// Returns the errors that capinfos prints about files.
pub(crate) fn capinfos_errors<P: AsRef<Path>>(paths: &[P]) -> String {
    let output = command(paths).output().expect("capinfos");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns what capinfos prints about files.
pub(crate) fn capinfos<P: AsRef<Path>>(paths: &[P]) -> Vec<Info> {
    let mut command = command(paths);
    let mut infos: Vec<Info> = Vec::new();
    for line in run(&mut command).lines() {
        let is_of_file = !line.starts_with(' ');
        let separator = if is_of_file { ":" } else { " = " };
        let Some((name, value)) = line.split_once(separator) else {
            continue;
        };
        let pair = (name.trim().to_owned(), value.trim().to_owned());
        match infos.last_mut() {
            _ if pair.0 == "File name" => infos.push(Info::default()),
            Some(info) if pair.0.starts_with("Interface #") => info.interfaces.push(Vec::new()),
            Some(info) if is_of_file => info.lines.push(pair),
            Some(info) => {
                let interface = info.interfaces.last_mut();
                interface.expect("an interface").push(pair);
            }
            None => {}
        }
    }
    infos
}
