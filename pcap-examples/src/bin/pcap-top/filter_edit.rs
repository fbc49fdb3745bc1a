//! A change of the filter while packets are captured.

use std::sync::Arc;

use pcap_core::CompileOptions;

use crate::source::Source;

/// A change of the filter that the threads that read carry out.
#[derive(Debug, Default)]
pub(crate) struct FilterEdit {
    /// The requested expression, and the previous one of each source.
    pending: Option<(String, Vec<String>)>,
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
        Ok(())
    }

    /// Returns the filter to edit: that of the first source that is open.
    pub(crate) fn offered(&self, sources: &[Arc<Source>]) -> String {
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
        let (_, previous) = self.pending.take()?;
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
        Some(error.map_or(Ok(()), Err))
    }
}

fn compile(options: CompileOptions, dlt: pcap_core::Dlt, expression: &str) -> Result<(), String> {
    let compiled = options.compile(dlt, expression);
    compiled.map(drop).map_err(|error| error.to_string())
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
