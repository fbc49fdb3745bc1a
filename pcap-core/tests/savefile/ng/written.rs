//! Files that the dumper writes are those of the generator, and are read as they were written.

use crate::support::blocks::check_written;
use crate::support::random::Random;

#[test]
fn written_files_are_those_of_the_generator() {
    let mut random = Random::new(0x6e67);
    let mut longest = 0;
    for _ in 0..3000 {
        let length = random.below(400);
        longest = longest.max(check_written(&random.bytes(length)));
    }
    assert!(longest > 1000, "{longest}");
}
