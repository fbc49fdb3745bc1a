//! Results of earlier runs. They count while the source file of the mutant is the same, if
//! [`Trials::still_counts`](crate::trial::Trials::still_counts) also says so.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Result;
use crate::list::Mutant;
use crate::trial::Verdict;

/// The results of a module, in a file with a line for each: `HASH RESULT MILLISECONDS NAME<tab>TEST`.
pub(crate) struct Kept {
    path: PathBuf,
    results: HashMap<String, (String, Verdict, Duration)>,
}

impl Kept {
    /// Reads the results of a module.
    pub(crate) fn open(path: &Path) -> Kept {
        let text = fs::read_to_string(path).unwrap_or_default();
        let mut results = HashMap::new();
        for line in text.lines() {
            let Some((line, test)) = line.split_once('\t') else {
                continue;
            };
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            let [hash, result, time, name] = words[..] else {
                continue;
            };
            let verdict = match result {
                "caught" => Verdict::Caught(test.to_owned()),
                "timeout" => Verdict::Timeout(test.to_owned()),
                _ => Verdict::Survived(test.parse().unwrap_or(0)),
            };
            let time = Duration::from_millis(time.parse().unwrap_or(0));
            results.insert(name.to_owned(), (hash.to_owned(), verdict, time));
        }
        Kept {
            path: path.to_owned(),
            results,
        }
    }

    /// Returns the result of a mutant whose file has this hash.
    pub(crate) fn get(&self, mutant: &Mutant, hash: &str) -> Option<(Verdict, Duration)> {
        let (old, verdict, time) = self.results.get(&mutant.name)?;
        (old == hash).then(|| (verdict.clone(), *time))
    }

    /// Adds a result.
    pub(crate) fn add(
        &mut self,
        mutant: &Mutant,
        hash: &str,
        verdict: &Verdict,
        time: Duration,
    ) -> Result<()> {
        let (result, test) = match verdict {
            Verdict::Caught(test) => ("caught", test.clone()),
            Verdict::Timeout(test) => ("timeout", test.clone()),
            Verdict::Survived(count) => ("survived", count.to_string()),
        };
        let line = format!(
            "{hash} {result} {} {}\t{test}\n",
            time.as_millis(),
            mutant.name
        );
        let cannot = |error| format!("cannot write {}: {error}", self.path.display());
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(cannot)?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
            .map_err(cannot)?;
        file.write_all(line.as_bytes()).map_err(cannot)?;
        self.results.insert(
            mutant.name.clone(),
            (hash.to_owned(), verdict.clone(), time),
        );
        Ok(())
    }
}
