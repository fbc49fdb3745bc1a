//! What a send queue holds, and what it rejects. `live/sending` tests how it is sent.

use pcap_core::{ErrorKind, SendQueue};

#[test]
fn packets_are_held_in_order_and_whole() {
    let packets: Vec<Vec<u8>> = (1..=300).map(|n| vec![n as u8; n]).collect();
    let mut queue = SendQueue::with_capacity(10, 10);
    assert!(queue.is_empty());
    assert_eq!(queue.push_all(&packets[..200]).unwrap(), 200);
    for packet in &packets[200..] {
        queue.push(packet).unwrap();
    }
    assert_eq!(queue.len(), 300);
    assert_eq!(queue.bytes(), (1..=300_usize).sum::<usize>());
    assert!(queue.iter().eq(packets.iter().map(Vec::as_slice)));
    assert!(
        queue
            .iter()
            .rev()
            .eq(packets.iter().rev().map(Vec::as_slice))
    );
    assert_eq!(queue.iter().len(), 300);
    assert_eq!(queue.get(0), Some(&packets[0][..]));
    assert_eq!(queue.get(299), Some(&packets[299][..]));
    assert_eq!(queue.get(300), None);
    assert_eq!(queue.clone(), queue);
    assert_eq!(
        format!("{queue:?}"),
        "SendQueue { len: 300, bytes: 45150, .. }"
    );
}

#[test]
fn a_queue_that_was_cleared_holds_other_packets() {
    let mut queue = SendQueue::new();
    queue.push_all([[1; 60], [2; 60]]).unwrap();
    queue.clear();
    assert!(queue.is_empty() && queue.bytes() == 0 && queue.iter().next().is_none());
    assert_eq!(queue, SendQueue::default());
    queue.push(&[3; 14]).unwrap();
    assert_eq!(queue.iter().collect::<Vec<_>>(), [[3; 14]]);
}

#[test]
fn what_cannot_be_sent_changes_nothing() {
    let mut queue = SendQueue::new();
    queue.push(&[7; 60]).unwrap();
    let error = queue.push(&[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(
        error.to_string(),
        "cannot queue a packet: the packet is empty"
    );
    #[cfg(target_pointer_width = "64")]
    {
        // Zeroed pages that are never touched.
        let error = queue.push(&vec![0; 1 << 31]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
    assert_eq!((queue.len(), queue.bytes()), (1, 60));
    // The packets before the rejected one are added.
    let refused = queue.push_all([&[8; 60][..], &[], &[9; 60]]).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    assert!(queue.iter().eq([[7; 60], [8; 60]]));
}

#[test]
fn room_beyond_memory_is_no_panic() {
    let mut queue = SendQueue::with_capacity(usize::MAX, usize::MAX);
    assert!(queue.is_empty());
    queue.push(&[1; 60]).unwrap();
    assert_eq!(queue.len(), 1);
    assert!(!queue.is_empty());
    queue.clear();
    assert!(queue.is_empty());
}
