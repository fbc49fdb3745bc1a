//! The faults that `ci/fuzz --planted` plants have a place in the sources.

use std::collections::BTreeSet;
use std::fs;

#[test]
fn each_target_has_a_fault_that_can_be_planted() {
    let root = env!("CARGO_MANIFEST_DIR");
    let list = fs::read_to_string(format!("{root}/fuzz/planted.txt")).unwrap();
    let mut planted = BTreeSet::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(" | ").collect();
        let [target, file, expression, _] = fields[..] else {
            panic!("expected four fields, found: {line}");
        };
        let source = fs::read_to_string(format!("{root}/src/{file}")).unwrap();
        assert_eq!(source.matches(expression).count(), 1, "{line}");
        assert!(planted.insert(target.to_owned()), "{target} occurs twice");
    }
    let targets = fs::read_dir(format!("{root}/fuzz/src/bin")).unwrap();
    let targets: BTreeSet<String> = targets
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(planted, targets);
}
