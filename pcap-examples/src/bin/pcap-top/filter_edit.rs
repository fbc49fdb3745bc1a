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
        for source in sources {
            let status = source.status();
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

    /// Returns the outcome of the request once all sources have answered. After an error, those that have set the
    /// filter set the previous one again.
    pub(crate) fn outcome(&mut self, sources: &[Arc<Source>]) -> Option<Result<(), String>> {
        self.pending.as_ref()?;
        for (source, outcome) in sources.iter().zip(&mut self.outcomes) {
            *outcome = outcome.take().or_else(|| source.edited());
        }
        if self.outcomes.iter().any(Option::is_none) {
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
