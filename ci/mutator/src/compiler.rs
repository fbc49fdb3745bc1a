//! What the compiler says in JSON.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use serde_json::Value;

/// An error of the compiler.
#[derive(Debug)]
pub(crate) struct Complaint {
    /// Its message, without places.
    pub(crate) message: String,
    /// Its code, such as `E0015`.
    pub(crate) code: String,
    /// The bytes of files that it names, the most important first.
    pub(crate) spans: Vec<(String, Range<usize>)>,
    /// What the compiler prints for people.
    pub(crate) rendered: String,
}

impl Complaint {
    /// Returns the name of a function that is called in a constant without being one.
    pub(crate) fn not_constant(&self) -> Option<&str> {
        if self.code != "E0015" {
            return None;
        }
        let name = self.message.split('`').nth(1)?;
        let name = name.rsplit("::").find(|part| !part.starts_with('<'))?;
        Some(name)
    }
}

/// Reads the errors and the test programs from what cargo prints with `--message-format=json`. Names of programs are as
/// in [`Test`](crate::process::Test).
pub(crate) fn read(text: &str) -> (Vec<Complaint>, BTreeMap<String, PathBuf>) {
    let (mut complaints, mut built) = (Vec::new(), BTreeMap::new());
    for line in text.lines() {
        let Ok(value) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        match value["reason"].as_str() {
            Some("compiler-message") => complaints.extend(complaint(&value["message"])),
            Some("compiler-artifact") => {
                let target = &value["target"];
                let name = if target["kind"][0] == "lib" {
                    Some("lib")
                } else {
                    target["name"].as_str()
                };
                if let (Some(name), Some(path)) = (name, value["executable"].as_str()) {
                    let manifest = value["manifest_path"].as_str().unwrap_or_default();
                    let name = match manifest.ends_with("/pcap-sys/Cargo.toml") {
                        true => format!("pcap-sys/{name}"),
                        false => name.to_owned(),
                    };
                    built.insert(name, path.into());
                }
            }
            _ => {}
        }
    }
    (complaints, built)
}

fn complaint(message: &Value) -> Option<Complaint> {
    let text = message["message"].as_str()?;
    if message["level"] != "error" || text.starts_with("aborting due to") {
        return None;
    }
    let mut spans = Vec::new();
    let listed = message["spans"].as_array()?;
    for is_primary in [true, false] {
        for span in listed
            .iter()
            .filter(|span| span["is_primary"] == is_primary)
        {
            add_span(span, &mut spans);
        }
    }
    for child in message["children"].as_array().into_iter().flatten() {
        for span in child["spans"].as_array().into_iter().flatten() {
            add_span(span, &mut spans);
        }
    }
    Some(Complaint {
        message: text.to_owned(),
        code: message["code"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        spans,
        rendered: message["rendered"].as_str().unwrap_or_default().to_owned(),
    })
}

/// Adds a place, and the call of the macro that it is in.
fn add_span(span: &Value, spans: &mut Vec<(String, Range<usize>)>) {
    let (Some(file), Some(start), Some(end)) = (
        span["file_name"].as_str(),
        span["byte_start"].as_u64(),
        span["byte_end"].as_u64(),
    ) else {
        return;
    };
    spans.push((file.to_owned(), start as usize..end as usize));
    add_span(&span["expansion"]["span"], spans);
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn calls_in_constants_name_the_function() {
        let line = r#"{"reason":"compiler-message","message":{"level":"error","code":{"code":"E0015"},"spans":[],
            "message":"cannot call non-const associated function `A::<u8>::b::<u8>` in constants","rendered":""}}"#;
        let (complaints, _) = read(&line.replace('\n', ""));
        assert_eq!(complaints[0].not_constant(), Some("b"));
    }

    #[test]
    fn programs_are_named_by_package() {
        let line = |package: &str, kind: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/a/{package}/Cargo.toml","executable":"/b/{package}",
                "target":{{"kind":["{kind}"],"name":"link"}}}}"#
            )
            .replace('\n', "")
        };
        let text = [
            line("pcap-core", "lib"),
            line("pcap-sys", "lib"),
            line("pcap-sys", "test"),
        ];
        let (_, built) = read(&text.join("\n"));
        let names: Vec<&str> = built.keys().map(String::as_str).collect();
        assert_eq!(names, ["lib", "pcap-sys/lib", "pcap-sys/link"]);
    }

    #[test]
    fn macros_are_in_the_places_of_their_calls() {
        let line = r#"{"reason":"compiler-message","message":{"level":"error","code":null,"message":"m","rendered":"",
            "spans":[{"file_name":"a","byte_start":1,"byte_end":2,"is_primary":true,
            "expansion":{"span":{"file_name":"b","byte_start":3,"byte_end":5,"expansion":null}}}]}}"#;
        let (complaints, _) = read(&line.replace('\n', ""));
        assert_eq!(
            complaints[0].spans,
            [("a".to_owned(), 1..2), ("b".to_owned(), 3..5)]
        );
    }
}
