//! The pipes through which Chromium gets requests and answers them: JSON, with a zero byte after each message.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::exit::{Failure, Outcome};

/// The pipes of a running Chromium.
#[derive(Debug)]
pub(super) struct Pipes {
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    timeout: Duration,
    last_id: u64,
    /// What Chromium has reported without a request.
    events: Vec<Value>,
}

/// More events than this are not kept.
const MOST_EVENTS: usize = 10_000;

impl Pipes {
    pub(super) fn new(
        input: Option<ChildStdin>,
        output: Option<ChildStdout>,
        timeout: Duration,
    ) -> Pipes {
        let (sender, messages) = mpsc::channel();
        // The end of the thread ends the channel.
        let _ = thread::Builder::new()
            .name("chromium".to_owned())
            .spawn(move || {
                let Some(output) = output else { return };
                for message in BufReader::new(output).split(0).map_while(Result::ok) {
                    let Ok(message) = serde_json::from_slice(&message) else {
                        continue;
                    };
                    if sender.send(message).is_err() {
                        return;
                    }
                }
            });
        Pipes {
            input,
            messages,
            timeout,
            last_id: 0,
            events: Vec::new(),
        }
    }

    /// Sends a request to a page, or to the browser if that is empty, and returns the answer.
    pub(super) fn call(&mut self, page: &str, method: &str, parameters: Value) -> Outcome<Value> {
        self.last_id += 1;
        let mut request = json!({"id": self.last_id, "method": method, "params": parameters});
        if !page.is_empty() {
            request["sessionId"] = json!(page);
        }
        let mut bytes = request.to_string().into_bytes();
        bytes.push(0);
        let input = self.input.as_mut().ok_or_else(ended)?;
        input.write_all(&bytes).map_err(|_| ended())?;
        let deadline = Instant::now() + self.timeout;
        loop {
            let mut message = self.next(deadline, method)?;
            if message["id"] != self.last_id {
                continue;
            }
            if let Some(error) = message["error"]["message"].as_str() {
                return Err(Failure::Text(format!(
                    "cannot control Chromium: {method}: {error}"
                )));
            }
            return Ok(message["result"].take());
        }
    }

    /// Waits for an event.
    pub(super) fn wait_for(&mut self, page: &str, event: &str) -> Outcome {
        let is_it = |message: &Value| message["method"] == event && message["sessionId"] == page;
        if self.events.iter().any(is_it) {
            return Ok(());
        }
        let deadline = Instant::now() + self.timeout;
        while !is_it(&self.next(deadline, event)?) {}
        Ok(())
    }

    /// Returns the next message. Events are kept.
    fn next(&mut self, deadline: Instant, what: &str) -> Outcome<Value> {
        let left = deadline.saturating_duration_since(Instant::now());
        let message = self
            .messages
            .recv_timeout(left)
            .map_err(|error| match error {
                mpsc::RecvTimeoutError::Disconnected => ended(),
                mpsc::RecvTimeoutError::Timeout => {
                    let seconds = self.timeout.as_secs();
                    Failure::Text(format!(
                        "cannot control Chromium: {what}: no answer within {seconds} seconds"
                    ))
                }
            })?;
        if message["method"].is_string() && self.events.len() < MOST_EVENTS {
            self.events.push(message.clone());
        }
        Ok(message)
    }

    pub(super) fn events(&self) -> &[Value] {
        &self.events
    }

    pub(super) fn forget_events(&mut self) {
        while let Ok(_message) = self.messages.try_recv() {}
        self.events.clear();
    }

    /// Ends the input of Chromium.
    pub(super) fn close(&mut self) {
        self.input = None;
    }
}

fn ended() -> Failure {
    Failure::Text("cannot control Chromium: it has ended".to_owned())
}
