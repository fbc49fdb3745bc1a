//! A copy of the repository whose sources contain all mutants, and its test programs.
//!
//! All mutants are built at once: a build for each would take far longer than its tests. The compiler says which mutants
//! do not build; they are removed, until the rest builds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::compiler::{self, Complaint};
use crate::list::{self, Mutant};
use crate::place::{self, Node};
use crate::render::{Rendered, render};
use crate::{Result, command, process, say};

/// The crates that are mutated.
const CRATES: [&str; 2] = ["pcap-sys", "pcap-core"];

/// The features of pcap-core and of the tests.
const FEATURES: &str = "pcap-core/async-io,pcap-core/remote,pcap-core/serde,pcap-core/tokio";

/// Why a mutant is not tested.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Untested {
    /// It is not part of the library on this system or with these features.
    Elsewhere,
    /// It does not build.
    Unviable,
    /// It cannot be chosen at run time: the compiler runs the code, or the function returns an `impl`.
    Fixed,
}

/// A copy of the repository with mutants.
pub(crate) struct Tree<'a> {
    folder: PathBuf,
    mutants: &'a [Mutant],
    /// The text and nodes of each file with mutants.
    sources: BTreeMap<&'a str, (String, Vec<Node>)>,
    /// Why a mutant is not tested.
    pub(crate) untested: BTreeMap<usize, Untested>,
    /// The functions that remain constant.
    constant: BTreeSet<String>,
    rendered: BTreeMap<&'a str, Rendered>,
}

impl<'a> Tree<'a> {
    /// Finds where the mutants are.
    pub(crate) fn new(folder: &Path, mutants: &'a [Mutant]) -> Result<Tree<'a>> {
        let mut by_file = BTreeMap::<&str, Vec<(usize, &Mutant)>>::new();
        for (number, mutant) in mutants.iter().enumerate() {
            by_file
                .entry(&mutant.file)
                .or_default()
                .push((number, mutant));
        }
        let mut sources = BTreeMap::new();
        let mut untested = BTreeMap::new();
        for (file, mutants) in by_file {
            let text = command::read(Path::new(file))?;
            let (nodes, not_exhaustive) = place::nodes(&text, &mutants)
                .map_err(|error| format!("cannot parse {file}: {error}"))?;
            untested.extend(
                not_exhaustive
                    .into_iter()
                    .map(|number| (number, Untested::Unviable)),
            );
            sources.insert(file, (text, nodes));
        }
        for name in CRATES.map(root_file) {
            if !sources.contains_key(name) {
                sources.insert(name, (command::read(Path::new(name))?, Vec::new()));
            }
        }
        let mut tree = Tree {
            folder: folder.to_owned(),
            mutants,
            sources,
            untested,
            constant: BTreeSet::new(),
            rendered: BTreeMap::new(),
        };
        tree.find_constants();
        Ok(tree)
    }

    /// Copies all files that git knows or would add, but those with mutants, and removes others.
    fn copy(&self) -> Result<()> {
        let arguments = [
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ];
        let listed = command::output(Command::new("git").args(arguments))?;
        let mut wanted = BTreeSet::new();
        for name in listed.split_terminator('\0') {
            wanted.insert(self.folder.join(name));
            // A file may be deleted that git still knows.
            let Ok(content) = fs::read(name) else {
                continue;
            };
            if !self.sources.contains_key(name) {
                command::write(&self.folder.join(name), &content)?;
            }
        }
        for path in command::files(&self.folder) {
            if !wanted.contains(&path) && fs::remove_file(&path).is_err() {
                return Err(format!("cannot remove {}", path.display()));
            }
        }
        Ok(())
    }

    /// Marks the mutants that no node has.
    fn find_constants(&mut self) {
        let nodes = self.sources.values().flat_map(|(_, nodes)| nodes);
        let placed: BTreeSet<usize> = nodes
            .flat_map(|node| &node.mutants)
            .map(|(number, _)| *number)
            .collect();
        for number in 0..self.mutants.len() {
            if !placed.contains(&number) {
                self.untested.entry(number).or_insert(Untested::Fixed);
            }
        }
    }

    /// Finds out which mutants build, and builds the test programs. Returns their paths by name.
    pub(crate) fn build(
        &mut self,
        programs: &[&str],
        known: &Path,
    ) -> Result<BTreeMap<String, PathBuf>> {
        say("building all mutants at once");
        self.copy()?;
        if !self.recall(known) {
            for name in CRATES {
                self.find_elsewhere(name)?;
            }
            self.build_all(&["check", "--lib"])?;
        }
        let mut tests = vec!["test", "--no-run", "--lib"];
        for (package, name) in programs.iter().map(|name| process::package(name)) {
            if !tests.contains(&package) && package != "pcap-core" {
                tests.extend(["-p", package]);
            }
            if name != "lib" {
                tests.extend(["--test", name]);
            }
        }
        let built = self.build_all(&tests)?;
        self.remember(known)?;
        Ok(built)
    }

    /// Marks the mutants of a crate that the compiler does not see.
    fn find_elsewhere(&mut self, name: &str) -> Result<()> {
        let mut seen = BTreeSet::new();
        while seen.is_empty() {
            self.write(Some(name))?;
            let complaints = self.cargo(&["check", "--lib"])?.0;
            for complaint in &complaints {
                // The compiler complains once about each mutant that it sees.
                if let Some(number) = complaint.message.strip_prefix("mutant ") {
                    let id = number.parse::<usize>().map_err(|error| error.to_string())?;
                    seen.extend(list::find(self.mutants, id));
                }
            }
            // It does not see them if the other crate does not build.
            if seen.is_empty() {
                self.heed_all(&complaints)?;
            }
        }
        for (number, mutant) in self.mutants.iter().enumerate() {
            if !seen.contains(&number) && mutant.file.starts_with(name) {
                self.untested.entry(number).or_insert(Untested::Elsewhere);
            }
        }
        Ok(())
    }

    /// Runs cargo, and removes what the compiler complains about, until it complains no more.
    fn build_all(&mut self, arguments: &[&str]) -> Result<BTreeMap<String, PathBuf>> {
        loop {
            self.write(None)?;
            let (complaints, built) = self.cargo(arguments)?;
            if complaints.is_empty() {
                return Ok(built);
            }
            self.heed_all(&complaints)?;
        }
    }

    /// Removes what the compiler complains about. Fails if that is nothing that can be removed.
    fn heed_all(&mut self, complaints: &[Complaint]) -> Result<()> {
        let before = (self.untested.len(), self.constant.len());
        for complaint in complaints {
            self.heed(complaint);
        }
        if (self.untested.len(), self.constant.len()) == before {
            let first = complaints.iter().take(3).map(|it| it.rendered.as_str());
            return Err(format!(
                "cannot build the mutants:\n{}",
                first.collect::<String>()
            ));
        }
        let unviable = self
            .untested
            .values()
            .filter(|why| **why == Untested::Unviable)
            .count();
        say(&format!(
            "{} errors: {unviable} mutants do not build",
            complaints.len()
        ));
        Ok(())
    }

    /// Writes the sources. The mutants of the crate `counted` do not build: the compiler names each.
    fn write(&mut self, counted: Option<&str>) -> Result<()> {
        let call = "crate::mutants::is_active($number)";
        let size = self.mutants.last().map_or(1, |mutant| mutant.id + 1);
        let runtime = include_str!("../runtime.rs").replace("COUNT", &size.to_string());
        let counting = runtime.replace(call, "compile_error!(concat!(\"mutant \", $number))");
        for (file, (text, nodes)) in &mut self.sources {
            let untested = &self.untested;
            let mut rendered = render(
                text,
                nodes,
                &|number| !untested.contains_key(&number),
                &|name| self.constant.contains(name),
                &|number| self.mutants[number].id,
            );
            if let Some(name) = CRATES.into_iter().find(|name| root_file(name) == *file) {
                let runtime = if counted == Some(name) {
                    &counting
                } else {
                    &runtime
                };
                let at = place::first_item(&rendered.text)?;
                rendered.text.insert_str(at, runtime);
                let moved = rendered.mutants.iter_mut().map(|(_, range)| range);
                for range in moved.chain(rendered.nodes.iter_mut().map(|(_, range)| range)) {
                    if range.start >= at {
                        *range = range.start + runtime.len()..range.end + runtime.len();
                    }
                }
            }
            command::write(&self.folder.join(file), rendered.text.as_bytes())?;
            self.rendered.insert(file, rendered);
        }
        Ok(())
    }

    /// Runs cargo on the copy. Returns the errors of the compiler, and the test programs that were built.
    fn cargo(&self, arguments: &[&str]) -> Result<(Vec<Complaint>, BTreeMap<String, PathBuf>)> {
        let target =
            std::path::absolute("target/mutants/build").map_err(|error| error.to_string())?;
        let output = Command::new("cargo")
            .args(arguments)
            .args([
                "--locked",
                "--message-format=json",
                "-p",
                "pcap-core",
                "--features",
                FEATURES,
            ])
            .arg("--target-dir")
            .arg(target)
            .current_dir(&self.folder)
            // Code without debug information is built and linked sooner.
            .envs([
                ("CARGO_PROFILE_DEV_DEBUG", "0"),
                ("CARGO_PROFILE_TEST_DEBUG", "0"),
                ("CARGO_INCREMENTAL", "1"),
            ])
            .env("RUSTFLAGS", "--cap-lints=allow")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| format!("cannot run cargo: {error}"))?;
        let (complaints, built) = compiler::read(&String::from_utf8_lossy(&output.stdout));
        if !output.status.success() && complaints.is_empty() {
            return Err(format!(
                "cargo fails:\n{}",
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        Ok((complaints, built))
    }

    /// Removes what the compiler complains about.
    fn heed(&mut self, complaint: &Complaint) {
        let is_in = |range: &std::ops::Range<usize>, at: &std::ops::Range<usize>| {
            range.start <= at.start && at.end <= range.end
        };
        if let Some(name) = complaint.not_constant() {
            if name != "is_active" {
                self.constant.insert(name.to_owned());
                return;
            }
        } else {
            for (file, at) in &complaint.spans {
                let Some(rendered) = self.rendered.get(file.as_str()) else {
                    continue;
                };
                if let Some((number, _)) =
                    rendered.mutants.iter().find(|(_, range)| is_in(range, at))
                {
                    self.untested.insert(*number, Untested::Unviable);
                    return;
                }
            }
        }
        // The innermost part of the source that has mutants.
        for (file, at) in &complaint.spans {
            let Some(rendered) = self.rendered.get(file.as_str()) else {
                continue;
            };
            let around = rendered
                .nodes
                .iter()
                .filter(|(mutants, range)| !mutants.is_empty() && is_in(range, at));
            if let Some((mutants, _)) = around.min_by_key(|(_, range)| range.len()) {
                self.untested
                    .extend(mutants.iter().map(|number| (*number, Untested::Fixed)));
                return;
            }
        }
    }

    /// Uses what an earlier run found out about the same files. Returns whether these are all files.
    pub(crate) fn recall(&mut self, known: &Path) -> bool {
        let text = fs::read_to_string(known).unwrap_or_default();
        let numbers: BTreeMap<&str, usize> = self
            .mutants
            .iter()
            .enumerate()
            .map(|(number, it)| (it.name.as_str(), number))
            .collect();
        let hashes: BTreeMap<&str, String> = self
            .sources
            .iter()
            .map(|(file, (text, _))| (*file, hash(text)))
            .collect();
        let mut same = 0;
        for line in text.lines() {
            let mut words = line.splitn(3, ' ');
            let (Some(hash), Some(why), Some(name)) = (words.next(), words.next(), words.next())
            else {
                continue;
            };
            if why == "function" {
                self.constant.insert(name.to_owned());
                continue;
            }
            if why == "file" {
                same += usize::from(hashes.get(name).is_some_and(|now| now == hash));
                continue;
            }
            let Some(&number) = numbers.get(name) else {
                continue;
            };
            if hashes
                .get(self.mutants[number].file.as_str())
                .is_some_and(|now| now == hash)
            {
                let why = match why {
                    "elsewhere" => Untested::Elsewhere,
                    "unviable" => Untested::Unviable,
                    _ => Untested::Fixed,
                };
                self.untested.insert(number, why);
            }
        }
        same == self.sources.len()
    }

    fn remember(&self, known: &Path) -> Result<()> {
        let mut text = String::new();
        for (number, why) in &self.untested {
            let mutant = &self.mutants[*number];
            let why = match why {
                Untested::Elsewhere => "elsewhere",
                Untested::Unviable => "unviable",
                Untested::Fixed => "fixed",
            };
            let hash = self.hash_of(&mutant.file);
            text.push_str(&format!("{hash} {why} {}\n", mutant.name));
        }
        for file in self.sources.keys() {
            text.push_str(&format!("{} file {file}\n", self.hash_of(file)));
        }
        for name in &self.constant {
            text.push_str(&format!("- function {name}\n"));
        }
        command::write(known, text.as_bytes())
    }

    /// Returns the hash of a file with mutants.
    pub(crate) fn hash_of(&self, file: &str) -> String {
        self.sources
            .get(file)
            .map(|(text, _)| hash(text))
            .unwrap_or_default()
    }

    /// Returns the hashes of all sources with their mutants.
    pub(crate) fn hashes(&self) -> BTreeMap<&str, String> {
        let all = self.rendered.iter();
        all.map(|(file, rendered)| (*file, hash(&rendered.text)))
            .collect()
    }
}

/// Returns a hash of a source without the tests at its end, which change nothing of its mutants.
fn hash(text: &str) -> String {
    let code = match text.split_once("\n#[cfg(test)]\nmod tests") {
        Some((code, ";\n")) => code,
        Some((code, tests)) if tests.find("\n}\n") == tests.len().checked_sub(3) => code,
        _ => text,
    };
    format!("{:016x}", command::hash(code.as_bytes()))
}

fn root_file(name: &str) -> &'static str {
    match name {
        "pcap-sys" => "pcap-sys/src/lib.rs",
        _ => "pcap-core/src/lib.rs",
    }
}
