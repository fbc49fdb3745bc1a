//! Shows pages in Chromium without a window: takes pictures of them, prints them and runs scripts in them.
//!
//! Chromium is controlled through two pipes, so it opens no port. It has a temporary profile and no network.

mod find;
mod pipes;
mod png;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::exit::{self, Failure, Outcome};
use pipes::Pipes;

pub use png::{Picture, to_png};

/// How long Chromium may take for a step. On a busy machine, it needs some seconds to start.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A running Chromium that shows a page.
#[derive(Debug)]
pub struct Chromium {
    child: Child,
    pipes: Pipes,
    /// What identifies the page in requests.
    page: String,
    /// Removed at the end.
    profile: Option<TempDir>,
}

/// How a page is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// The width in CSS pixels.
    pub width: u32,
    /// The height in CSS pixels.
    pub height: u32,
    /// The pixels of a picture per CSS pixel.
    pub scale: f64,
    /// The user prefers light text on a dark background.
    pub dark: bool,
    /// The page is shown as on paper.
    pub print: bool,
}

impl Chromium {
    /// Finds Chromium and starts it.
    ///
    /// # Errors
    ///
    /// Returns an error that says what to install if Chromium is not found, and what it reported if it does not start.
    pub fn start() -> Outcome<Chromium> {
        let program = find::chromium()?;
        let profile = tempfile::Builder::new().prefix("pcap-chromium-").tempdir();
        let profile = profile.map_err(|e| cannot("create a temporary folder for", &program, e))?;
        exit::remove_on_give_up(profile.path());
        let log = File::create(profile.path().join("log"));
        let log = log.map_err(|e| cannot("create a log for", &program, e))?;
        let mut child = command(&program, profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|e| cannot("start", &program, e))?;
        let pipes = Pipes::new(child.stdin.take(), child.stdout.take(), TIMEOUT);
        let mut chromium = Chromium {
            child,
            pipes,
            page: String::new(),
            profile: Some(profile),
        };
        match chromium.open_page() {
            Ok(page) => chromium.page = page,
            Err(failure) => {
                let reason = failure.to_string();
                let reason = reason
                    .strip_prefix("cannot control Chromium: ")
                    .unwrap_or(&reason);
                let reason = chromium.last_message().unwrap_or(reason.to_owned());
                return Err(cannot("start", &program, reason));
            }
        }
        Ok(chromium)
    }

    fn open_page(&mut self) -> Outcome<String> {
        let target = self
            .pipes
            .call("", "Target.createTarget", json!({"url": "about:blank"}))?;
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let attached = self.pipes.call("", "Target.attachToTarget", target)?;
        let page = attached["sessionId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        for method in [
            "Page.enable",
            "Runtime.enable",
            "Log.enable",
            "Network.enable",
        ] {
            self.pipes.call(&page, method, json!({}))?;
        }
        let offline = json!({"offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        self.pipes
            .call(&page, "Network.emulateNetworkConditions", offline)?;
        Ok(page)
    }

    /// Changes how the page is shown.
    ///
    /// # Errors
    ///
    /// Returns an error if Chromium rejects the view or does not answer.
    pub fn set_view(&mut self, view: View) -> Outcome {
        let size = json!({
            "width": view.width,
            "height": view.height,
            "deviceScaleFactor": view.scale,
            "mobile": false,
        });
        self.call("Emulation.setDeviceMetricsOverride", size)?;
        let scheme = if view.dark { "dark" } else { "light" };
        let media = json!({
            "media": if view.print { "print" } else { "screen" },
            "features": [{"name": "prefers-color-scheme", "value": scheme}],
        });
        self.call("Emulation.setEmulatedMedia", media)?;
        Ok(())
    }

    /// Loads a file and waits until it is complete.
    ///
    /// # Errors
    ///
    /// Returns an error if Chromium cannot load the file.
    pub fn load(&mut self, path: &Path) -> Outcome {
        let full = fs::canonicalize(path);
        let full =
            full.map_err(|e| Failure::Text(format!("cannot open `{}`: {e}", path.display())))?;
        let url = format!("file://{}", percent_encoded(&full));
        self.pipes.forget_events();
        let answer = self.call("Page.navigate", json!({"url": url}))?;
        if let Some(error) = answer["errorText"].as_str() {
            return Err(Failure::Text(format!(
                "cannot load `{}`: {error}",
                path.display()
            )));
        }
        self.pipes.wait_for(&self.page, "Page.loadEventFired")
    }

    /// Shows HTML that is no file.
    ///
    /// # Errors
    ///
    /// Returns an error if Chromium does not answer.
    pub fn show(&mut self, html: &str) -> Outcome {
        let tree = self.call("Page.getFrameTree", json!({}))?;
        let frame = &tree["frameTree"]["frame"]["id"];
        self.call(
            "Page.setDocumentContent",
            json!({"frameId": frame, "html": html}),
        )?;
        Ok(())
    }

    /// Runs a script in the page and returns its value.
    ///
    /// # Errors
    ///
    /// Returns an error if the script throws one.
    pub fn evaluate(&mut self, script: &str) -> Outcome<Value> {
        let what = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.call("Runtime.evaluate", what)?;
        if let Some(exception) = answer.get("exceptionDetails") {
            let text = exception["exception"]["description"]
                .as_str()
                .unwrap_or("unknown error");
            return Err(Failure::Text(format!(
                "cannot run a script in the page: {text}"
            )));
        }
        Ok(answer["result"]["value"].take())
    }

    /// Returns a picture of the page as PNG: what the view shows, or all of it.
    ///
    /// # Errors
    ///
    /// Returns an error if Chromium cannot take it.
    pub fn picture(&mut self, whole: bool) -> Outcome<Vec<u8>> {
        let what = json!({"format": "png", "captureBeyondViewport": whole});
        let answer = self.call("Page.captureScreenshot", what)?;
        data(&answer)
    }

    /// Prints the page on A4 and returns the PDF.
    ///
    /// # Errors
    ///
    /// Returns an error if Chromium cannot print.
    pub fn print(&mut self) -> Outcome<Vec<u8>> {
        let paper = json!({
            "printBackground": true,
            "preferCSSPageSize": true,
            "paperWidth": 8.27,
            "paperHeight": 11.69,
        });
        let answer = self.call("Page.printToPDF", paper)?;
        data(&answer)
    }

    /// Returns what went wrong in the page since it was loaded: errors and warnings of the console, and requests for
    /// anything but the page.
    ///
    /// # Errors
    ///
    /// Returns an error if Chromium does not answer.
    pub fn complaints(&mut self) -> Outcome<Vec<String>> {
        // Events come before the answer to a later request.
        self.call("Runtime.evaluate", json!({"expression": "0"}))?;
        Ok(self.pipes.events().iter().filter_map(complaint).collect())
    }

    fn call(&mut self, method: &str, parameters: Value) -> Outcome<Value> {
        self.pipes.call(&self.page, method, parameters)
    }

    /// Returns the last line that Chromium has written, which says why it does not start.
    fn last_message(&self) -> Option<String> {
        let log = File::open(self.profile.as_ref()?.path().join("log")).ok()?;
        let lines = BufReader::new(log).lines().map_while(Result::ok);
        let last = lines.filter(|line| !line.trim().is_empty()).last()?;
        Some(crate::escape::controls(last.trim().as_bytes()))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The end of its input ends Chromium. A request to end would wait for one that hangs.
        self.pipes.close();
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && !matches!(self.child.try_wait(), Ok(Some(_))) {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Processes of Chromium that end later may still write to the profile.
        if let Some(profile) = self.profile.take() {
            let folder = profile.keep();
            for _ in 0..50 {
                if fs::remove_dir_all(&folder).is_ok() || !folder.exists() {
                    break;
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

fn cannot(operation: &str, program: &Path, reason: impl std::fmt::Display) -> Failure {
    Failure::Text(format!(
        "cannot {operation} `{}`: {reason}",
        program.display()
    ))
}

/// Returns the command that starts Chromium.
fn command(program: &Path, profile: &Path) -> Command {
    // Chromium expects its pipes as file descriptors 3 and 4.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "exec 3<&0 4>&1 </dev/null >&2; exec \"$@\"", "sh"]);
    command.arg(program);
    let mut folder = std::ffi::OsString::from("--user-data-dir=");
    folder.push(profile);
    command.arg(folder);
    command.args([
        "--headless",
        "--remote-debugging-pipe",
        "--disable-gpu",
        // Shared memory is small in containers.
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--force-color-profile=srgb",
        "--no-first-run",
        "--no-default-browser-check",
        // Chromium would ask its maker for updates, lists and experiments.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
        "--disable-domain-reliability",
        "--no-pings",
        "--host-resolver-rules=MAP * ~NOTFOUND",
    ]);
    // Chromium refuses to run as root with its sandbox, which needs an ordinary user. The pages are our own, and have
    // no scripts.
    if is_root() {
        command.arg("--no-sandbox");
    }
    command.arg("about:blank");
    command
}

#[cfg(unix)]
fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// Returns the contents of a file in an answer.
fn data(answer: &Value) -> Outcome<Vec<u8>> {
    let text = answer["data"].as_str().unwrap_or_default();
    BASE64
        .decode(text)
        .map_err(|e| Failure::Text(format!("cannot read the answer of Chromium: {e}")))
}

/// Returns the path as a part of a URL.
fn percent_encoded(path: &Path) -> String {
    let mut out = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(*byte))
            }
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

/// Returns what an event complains about.
fn complaint(event: &Value) -> Option<String> {
    let parameters = &event["params"];
    let is_bad = |level: &Value| matches!(level.as_str(), Some("error" | "warning" | "assert"));
    match event["method"].as_str()? {
        "Log.entryAdded" if is_bad(&parameters["entry"]["level"]) => Some(format!(
            "console: {}",
            parameters["entry"]["text"].as_str()?
        )),
        "Runtime.consoleAPICalled" if is_bad(&parameters["type"]) => {
            Some(format!("console: {}", parameters["args"]))
        }
        "Runtime.exceptionThrown" => {
            let details = &parameters["exceptionDetails"];
            let text = details["exception"]["description"]
                .as_str()
                .or(details["text"].as_str());
            Some(format!("exception: {}", text?))
        }
        "Network.requestWillBeSent" if parameters["type"] != "Document" => {
            let url = parameters["request"]["url"].as_str()?;
            (!url.starts_with("data:")).then(|| format!("the page requests {url}"))
        }
        _ => None,
    }
}
