//! Takes pictures of pages in Chromium.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::exhibits::Photo;
use crate::Result;

/// The names of Chromium, and of browsers that are made from it.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// How long a picture may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Returns a PNG of a page in a folder.
pub(super) fn photograph(photo: &Photo, folder: &Path) -> Result<Vec<u8>> {
    let page = folder.join(&photo.file);
    let picture = folder.join(".picture.png");
    let option = |name: &str, value: &Path| {
        let mut option = OsString::from(format!("--{name}="));
        option.push(value);
        option
    };
    let [width, height] = photo.size;
    let scheme = if photo.is_dark { 0 } else { 1 };
    let mut browser = Command::new(program()?);
    browser
        .args(["--headless", "--disable-gpu", "--hide-scrollbars"])
        // Root cannot use the sandbox. The page is our own.
        .arg("--no-sandbox")
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .arg(format!("--window-size={width},{height}"))
        .arg(option("user-data-dir", &folder.join(".browser")))
        .arg(option("screenshot", &picture))
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        // Complaints about missing services.
        .stderr(Stdio::null());
    let cannot = |why: &str| format!("cannot take a picture of {}: {why}", photo.file);
    let mut child = browser
        .spawn()
        .map_err(|error| cannot(&error.to_string()))?;
    let began = Instant::now();
    while child
        .try_wait()
        .map_err(|error| cannot(&error.to_string()))?
        .is_none()
    {
        if began.elapsed() > LIMIT {
            let _ = child.kill();
        }
        thread::sleep(Duration::from_millis(20));
    }
    fs::read(&picture).map_err(|error| cannot(&error.to_string()))
}

/// Returns the program: that of `PCAP_CHROMIUM`, or the one that this system has.
fn program() -> Result<OsString> {
    if let Some(program) = std::env::var_os("PCAP_CHROMIUM") {
        return Ok(program);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there =
        |name: &&str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let name = NAMES.into_iter().find(|name| is_there(name));
    let name = name.ok_or_else(|| format!("cannot find {}", NAMES.join(", ")))?;
    Ok(name.into())
}
