//! Prints a line of JSON per interval, instead of showing a screen.

use std::thread;
use std::time::{Duration, Instant};

use pcap_examples::exit::Outcome;
use pcap_examples::line_output::LineOutput;
use pcap_examples::signals;
use pcap_examples::traffic::Layer;

use crate::model::Model;
use crate::report;

/// How often to check whether the program must end.
const WAIT: Duration = Duration::from_millis(20);

/// The form of the lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonLines {
    pub(crate) layer: Layer,
    /// The number of rows of each table.
    pub(crate) rows: usize,
    pub(crate) interval: Duration,
}

impl JsonLines {
    /// Prints a line per interval until the sources have ended or the program must end.
    pub(crate) fn run(self, model: &mut Model) -> Outcome {
        let mut output = LineOutput::stdout().line_buffered(true);
        let mut due = Instant::now() + self.interval;
        while signals::end().is_none() && !model.is_over() {
            if Instant::now() >= due {
                due += self.interval;
                self.print(model, &mut output)?;
            }
            thread::sleep(WAIT.min(due.saturating_duration_since(Instant::now())));
        }
        Ok(())
    }

    /// Prints a line with what was counted since the last one.
    pub(crate) fn print(self, model: &mut Model, output: &mut LineOutput) -> Outcome {
        model.update(false, |_| {});
        Ok(output.print_line(|out| {
            report::push(out, model, self.layer, self.rows, None);
            out.push(b'\n');
        })?)
    }
}
