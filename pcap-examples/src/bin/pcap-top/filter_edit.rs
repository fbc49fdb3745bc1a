//! A change of the filter while packets are captured.

use std::sync::Arc;

use pcap_core::CompileOptions;
use pcap_examples::exit::Failure;

use crate::source::Source;

/// A change of the filter that the threads that read carry out.
#[derive(Debug, Default)]
pub(crate) struct FilterEdit {
    /// The requested expression, and the previous one of each source.
    pending: Option<(String, Vec<String>)>,
    /// The last expression, if it was wrong, to be corrected.
    wrong: Option<String>,
    /// The outcome for each source that has answered.
    outcomes: Vec<Option<Result<(), String>>>,
}

impl FilterEdit {
    /// Compiles an expression for each source, and requests it from their threads if it is right.
    ///
    /// # Errors
    ///
    /// Returns libpcap's error if it is wrong. The previous filter stays.
    pub(crate) fn request(
        &mut self,
        sources: &[Arc<Source>],
        expression: &str,
    ) -> Result<(), String> {
        self.wrong = Some(expression.to_owned());
        let mut previous = Vec::new();
        if sources.iter().all(|source| source.status().is_closed) {
            return Err("cannot set the filter: no device is open".to_owned());
        }
        for source in sources {
            let status = source.status();
            if status.is_closed {
                previous.push(status.filter);
                continue;
            }
            if source.is_device {
                for dlt in status.linktypes {
                    // Also resolves host names, for which the thread that captures should not wait.
                    compile(source.compile_options, dlt, expression)?;
                }
            }
            previous.push(status.filter);
        }
        for source in sources {
            source.request_filter(expression);
        }
        self.outcomes = sources.iter().map(|_| None).collect();
        self.pending = Some((expression.to_owned(), previous));
        self.wrong = None;
        Ok(())
    }

    /// Forgets a wrong expression.
    pub(crate) fn forget(&mut self) {
        self.wrong = None;
    }

    /// Returns the filter to edit: the last one if it was wrong, or else that of the first source that is open.
    pub(crate) fn offered(&self, sources: &[Arc<Source>]) -> String {
        if let Some(wrong) = &self.wrong {
            return wrong.clone();
        }
        let mut statuses = sources.iter().map(|source| source.status());
        let open = statuses.find(|status| !status.is_closed);
        open.map(|status| status.filter).unwrap_or_default()
    }

    /// Returns the outcome of the request once all sources have answered that are open. After an error, those that have
    /// set the filter set the previous one again.
    pub(crate) fn outcome(&mut self, sources: &[Arc<Source>]) -> Option<Result<(), String>> {
        self.pending.as_ref()?;
        for (source, outcome) in sources.iter().zip(&mut self.outcomes) {
            *outcome = outcome.take().or_else(|| source.edited());
        }
        let mut answers = sources.iter().zip(&self.outcomes);
        if answers.any(|(source, outcome)| outcome.is_none() && !source.status().is_closed) {
            return None;
        }
        let (expression, previous) = self.pending.take()?;
        let error = self
            .outcomes
            .iter()
            .flatten()
            .find_map(|outcome| outcome.clone().err());
        if error.is_some() {
            for ((source, outcome), previous) in sources.iter().zip(&self.outcomes).zip(&previous) {
                if let Some(Ok(())) = outcome {
                    source.request_filter(previous);
                }
            }
        }
        self.wrong = error.is_some().then_some(expression);
        Some(error.map_or(Ok(()), Err))
    }
}

fn compile(options: CompileOptions, dlt: pcap_core::Dlt, expression: &str) -> Result<(), String> {
    let compiled = options.compile(dlt, expression);
    compiled.map(drop).map_err(reason)
}

/// Returns why a filter cannot be set. The expression, which may be long, is what the user has just typed.
pub(crate) fn reason(error: impl Into<Failure>) -> String {
    match error.into() {
        Failure::Pcap(error) if error.operation() == Some("compile") => {
            format!("cannot compile the filter: {}", error.text())
        }
        failure => failure.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use pcap_core::Dlt;
    use pcap_examples::traffic::TrafficLimits;

    use super::*;
    use crate::source::Kind;

    fn devices() -> Vec<Arc<Source>> {
        let device = |number, filter| {
            let filter = (filter, CompileOptions::new());
            let (kind, limits) = (Kind::Device, TrafficLimits::default());
            let source = Source::new(number, format!("v{number}"), filter, kind, limits);
            source.update(|status| status.linktypes = vec![Dlt::EN10MB]);
            source
        };
        vec![device(0, ""), device(1, "udp")]
    }

    fn close(source: &Source) {
        source.update(|status| status.is_closed = true);
    }

    #[test]
    fn a_wrong_filter_can_be_corrected() {
        let sources = devices();
        let mut edit = FilterEdit::default();
        let wrong = format!("udp or ({} or", ["port 1"; 30].join(" or "));
        let error = edit.request(&sources, &wrong).unwrap_err();
        assert!(error.starts_with("cannot compile the filter: "), "{error}");
        assert!(
            error.contains("syntax error") && error.len() < 80,
            "{error}"
        );
        assert_eq!(edit.offered(&sources), wrong);
        edit.forget();
        assert_eq!(edit.offered(&sources), "");
        // libpcap may refuse it only when it is set.
        assert_eq!(edit.request(&sources, "arp"), Ok(()));
        let mut outcomes = [Ok(()), Err("no".to_owned())].into_iter();
        for source in &sources {
            let requested = source.take_request().expect("a request");
            source.answer(&requested, outcomes.next().unwrap());
        }
        assert_eq!(edit.outcome(&sources), Some(Err("no".to_owned())));
        assert_eq!(edit.offered(&sources), "arp");
        assert_eq!(sources[0].take_request().as_deref(), Some(""));
    }

    #[test]
    fn a_closed_device_need_not_answer() {
        // Closed before the request, or after it.
        for is_closed_before in [true, false] {
            let sources = devices();
            let mut edit = FilterEdit::default();
            if is_closed_before {
                close(&sources[0]);
                assert_eq!(edit.offered(&sources), "udp");
            }
            assert_eq!(edit.request(&sources, "arp"), Ok(()));
            assert_eq!(edit.outcome(&sources), None);
            let requested = sources[1].take_request().expect("a request");
            sources[1].answer(&requested, Ok(()));
            if !is_closed_before {
                assert_eq!(edit.outcome(&sources), None);
                close(&sources[0]);
            }
            assert_eq!(edit.outcome(&sources), Some(Ok(())));
        }
        let sources = devices();
        sources.iter().for_each(|source| close(source));
        assert!(FilterEdit::default().request(&sources, "arp").is_err());
    }
}
