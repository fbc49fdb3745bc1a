//! The names of the savefiles.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use pcap_core::{SavefileFormat, Timestamp};
use pcap_examples::compression::Compression;
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::flow::Flow;
use pcap_examples::numbered_files::{self, NumberedFiles};
use pcap_examples::rotation::names::{NamePattern, insert_number};

/// Names savefiles by number, or by a template with their time and flow.
pub(crate) struct Names {
    numbered_files: NumberedFiles,
    template: Option<Template>,
}

/// What the name of a savefile may contain.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a> {
    /// The number of the savefile.
    pub(crate) number: usize,
    /// The time of its first packet, or of its span.
    pub(crate) time: Option<Timestamp>,
    /// The flow, or `None` if it has packets of several flows.
    pub(crate) flow: Option<&'a Flow>,
}

/// A pattern with fields such as `{flow}`.
struct Template {
    /// The folder of the savefiles, whose name is taken as it is.
    folder: PathBuf,
    pattern: NamePattern,
    /// The extension of each savefile, if the pattern has none.
    extension: String,
    /// The number to try next for each name that is taken.
    taken: HashMap<PathBuf, u64>,
}

/// The fields of a template that only flows have.
const FLOW_FIELDS: [&str; 4] = ["flow", "source", "destination", "protocol"];

impl Names {
    pub(crate) fn numbered(numbered_files: NumberedFiles) -> Names {
        Names {
            numbered_files,
            template: None,
        }
    }

    /// Names savefiles by a template, in a folder if there is one.
    ///
    /// # Errors
    ///
    /// Returns an error if the template has an unknown field or conversion, or a field of flows without `has_flows`.
    pub(crate) fn of_template(
        numbered_files: NumberedFiles,
        folder: Option<&Path>,
        template: &Path,
        format: SavefileFormat,
        has_flows: bool,
    ) -> Outcome<Names> {
        check_fields(template, has_flows)?;
        let extension = match numbered_files::has_extension(template) {
            true => String::new(),
            false => format!(".{format}"),
        };
        Ok(Names {
            numbered_files,
            template: Some(Template {
                folder: folder.map_or(PathBuf::new(), Path::to_owned),
                pattern: NamePattern::new(template)?,
                extension,
                taken: HashMap::new(),
            }),
        })
    }

    /// Returns how the savefiles are compressed.
    pub(crate) fn compression(&self) -> Option<Compression> {
        self.numbered_files.compression()
    }

    /// Chooses the name of a savefile. Each call with a template returns another name.
    pub(crate) fn choose(&mut self, named: Named<'_>) -> Outcome<PathBuf> {
        match &mut self.template {
            None => Ok(self.numbered_files.path(named.number)),
            Some(template) => template.choose(named, self.numbered_files.compression()),
        }
    }

    /// Creates the savefile with a name that [`choose`](Self::choose) returned. With a template, also creates missing
    /// folders.
    pub(crate) fn create<D>(
        &self,
        path: &Path,
        dumper: impl FnOnce(File, String) -> Outcome<D>,
    ) -> Outcome<D> {
        if let (Some(_), Some(folder)) = (&self.template, path.parent()) {
            fs::create_dir_all(folder).map_err(|e| {
                let folder = folder.display();
                Failure::Text(format!("cannot create the folder `{folder}`: {e}"))
            })?;
        }
        self.numbered_files.create(path, dumper)
    }
}

impl Template {
    fn choose(&mut self, named: Named<'_>, compression: Option<Compression>) -> Outcome<PathBuf> {
        let time = named.time.unwrap_or(Timestamp::EPOCH);
        let path = self.pattern.at(time)?;
        let path = match path.to_str() {
            Some(text) => PathBuf::from(with_values(text, named)),
            None => path,
        };
        let mut name: OsString = self.folder.join(path).into();
        if !self.extension.is_empty() {
            name.push(&self.extension);
            if let Some(compression) = compression {
                name.push(format!(".{}", compression.format.extension()));
            }
        }
        let name = PathBuf::from(name);
        let Some(mut number) = self.taken.get(&name).copied() else {
            self.taken.insert(name.clone(), 1);
            return Ok(name);
        };
        loop {
            let other = insert_number(&name, number);
            number += 1;
            if !self.taken.contains_key(&other) {
                self.taken.insert(name, number);
                self.taken.insert(other.clone(), 1);
                return Ok(other);
            }
        }
    }
}

/// Checks the fields of a template.
fn check_fields(template: &Path, has_flows: bool) -> Outcome {
    let text = template.to_string_lossy();
    let fail = |why: String| {
        Err(Failure::Text(format!(
            "cannot use `{text}` as a name: {why}"
        )))
    };
    for part in text.split('{').skip(1) {
        let field = part.split_once('}').map(|(field, _)| field);
        match field {
            Some("number") => {}
            Some(field) if FLOW_FIELDS.contains(&field) && has_flows => {}
            Some(field) if FLOW_FIELDS.contains(&field) => {
                return fail(format!("{{{field}}} requires --flow"));
            }
            _ => {
                return fail(format!(
                    "expected {{number}}, {{flow}}, {{source}}, {{destination}} or {{protocol}}, found `{{{part}`"
                ));
            }
        }
    }
    Ok(())
}

/// Replaces the fields of a name.
fn with_values(text: &str, named: Named<'_>) -> String {
    let mut name = String::new();
    let mut parts = text.split('{');
    name.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (field, rest) = part.split_once('}').unwrap_or((part, ""));
        name.push_str(&value(field, named));
        name.push_str(rest);
    }
    name
}

/// Returns the value of a field: `192.0.2.1_443-192.0.2.2_50000-TCP` for `flow`.
fn value(field: &str, named: Named<'_>) -> String {
    if field == "number" {
        return named.number.to_string();
    }
    let Some(flow) = named.flow else {
        return "others".to_owned();
    };
    let (source, destination) = flow.endpoints.unzip();
    let end = |end: Option<pcap_examples::decode::Endpoint>| match end {
        Some(end) => end_name(&end),
        None => "none".to_owned(),
    };
    match field {
        "source" => end(source),
        "destination" => end(destination),
        "protocol" => portable(&flow.protocol.to_string()),
        _ => {
            let mut text = String::new();
            for vlan in flow.vlans() {
                text += &format!("vlan{vlan}-");
            }
            if flow.endpoints.is_some() {
                text += &format!("{}-{}-", end(source), end(destination));
            }
            text + &portable(&flow.protocol.to_string())
        }
    }
}

/// Returns an address for a name, with the port behind `_`.
fn end_name(end: &pcap_examples::decode::Endpoint) -> String {
    use pcap_examples::decode::Endpoint;
    match end {
        Endpoint::Socket(socket) => {
            format!("{}_{}", portable(&socket.ip().to_string()), socket.port())
        }
        other => portable(&other.to_string()),
    }
}

/// Replaces characters that some file systems do not allow in names, such as the colons of addresses.
fn portable(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
    text.chars()
        .map(|c| if allowed(c) { c } else { '-' })
        .collect()
}
