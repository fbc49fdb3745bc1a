//! What ends a save, and what is left afterwards.

use super::screen::Screen;
use crate::common::frames::{B, ETHERNET, ethernet, ipv4};
use crate::common::{path_arg, record, savefile, write_file};

#[test]
fn a_save_that_fails_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = (1..=40).map(|last| {
        let packet = ipv4(([192, 0, 2, last], B), 253, 0, 0, &[]);
        let packet = ethernet(0x0800, &packet);
        record(1, 0, packet)
    });
    let bytes = savefile(false, false, ETHERNET, &hosts.collect::<Vec<_>>());
    let path = write_file(folder.path(), "a.pcap", &bytes);
    // The table is longer than the block that a file may have.
    let command = format!("cd {}; ulimit -f 1", path_arg(folder.path()));
    let mut screen =
        Screen::start_after(&command, folder.path(), &format!("-r {}", path_arg(&path)));
    screen.wait_for("?help");
    for name in ["saved.txt", "saved.json"] {
        screen.press(&format!("w\x15{name}\r"));
        // "File too large"
        screen.wait_for("large");
        assert!(!folder.path().join(name).exists(), "{name}");
        screen.press("\x1b");
        screen.wait_for("?help");
    }
    screen.press("q");
    assert_eq!(screen.end().0, 0);
}
