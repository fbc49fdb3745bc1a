//! Users and groups with long entries.

use pcap_core::os::linux::User;

use crate::support::files;

/// More text than the first buffer holds, and more groups.
#[test]
fn long_entries_are_read_whole() {
    let name = "u".repeat(1500);
    let user = format!("long:x:4321:4322:{name}:/nonexistent:/bin/false\n");
    let group = |number: u32| format!("group{number}:x:{number}:long\n");
    let groups: String = (10_000..13_000).map(group).collect();
    let tables = [("/etc/passwd", user), ("/etc/group", groups)];
    files::with_tables(tables, || {
        let user = User::from_name("long").unwrap();
        assert_eq!((user.uid(), user.gid()), (4321, 4322));
        let groups = user.groups();
        assert_eq!(groups.len(), 3001);
        assert!(groups.contains(&4322) && groups.contains(&12_999));
    });
}
