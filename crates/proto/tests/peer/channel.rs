//! The queue of a data channel.

use metered_realtime_proto::machine::Instant;
use metered_realtime_proto::peer::{
    ChannelError, ChannelOptions, ChannelOutput, MessageId, SendQueue,
};

const NOW: Instant = Instant::from_millis(1_000);

fn small(max_buffered: u64, max_queued: usize) -> ChannelOptions {
    ChannelOptions { max_buffered, max_queued, wait_for_open: false }
}

fn written(queue: &mut SendQueue<u32>) -> Vec<u32> {
    std::iter::from_fn(|| queue.poll_output())
        .map(|output| match output {
            ChannelOutput::Write(_, message) => message,
            ChannelOutput::Refuse(id, error) => panic!("{id:?} {error:?}"),
        })
        .collect()
}

#[test]
fn p122_messages_keep_their_order() {
    let mut queue = SendQueue::new(small(100, 256), true);
    for message in 0..50 {
        queue.send(message, 10, 0, NOW).unwrap();
    }
    assert_eq!(written(&mut queue), (0..50).collect::<Vec<_>>());
}

#[test]
fn p123_the_buffer_is_never_filled_above_its_cap() {
    let mut queue = SendQueue::new(small(100, 1_000), true);
    let (mut buffered, mut sent) = (0, 0);
    for message in 0..750 {
        queue.send(message, 16, buffered, NOW).unwrap();
        buffered += 16 * written(&mut queue).len() as u64;
        assert!(buffered <= 100);
    }
    while sent < 750 {
        buffered = buffered.saturating_sub(30);
        queue.wake(buffered, NOW);
        sent = 750 - queue_len(&queue);
        buffered += 16 * written(&mut queue).len() as u64;
        assert!(buffered <= 100);
    }
}

fn queue_len(queue: &SendQueue<u32>) -> usize {
    format!("{queue:?}").matches("(MessageId").count()
        - format!("{queue:?}").matches("Write(").count()
}

#[test]
fn p124_too_many_messages_overflow_and_the_others_go_through() {
    let mut queue = SendQueue::new(small(100, 2), true);
    let mut send = |message| queue.send(message, 60, 60, NOW);
    assert!(send(0).is_ok() && send(1).is_ok());
    assert_eq!(send(2), Err(ChannelError::Overflow { queued: 2, cap: 2 }));
    queue.wake(0, NOW);
    queue.wake(0, NOW);
    assert_eq!(written(&mut queue), [0, 1]);
}

#[test]
fn p125_a_message_larger_than_the_cap_is_sent_when_the_buffer_is_empty() {
    let mut queue = SendQueue::new(small(100, 256), true);
    queue.send(1, 101, 1, NOW).unwrap();
    assert_eq!(written(&mut queue), [0; 0]);
    queue.wake(0, NOW);
    assert_eq!(written(&mut queue), [1]);
}

#[test]
fn p126_a_message_that_waits_for_room_is_looked_at_every_100_ms() {
    let mut queue = SendQueue::new(small(100, 256), true);
    queue.send(1, 90, 20, NOW).unwrap();
    assert_eq!(queue.poll_timeout(), Some(NOW.after(100)));
    queue.wake(15, NOW.after(100));
    assert_eq!(queue.poll_timeout(), Some(NOW.after(200)));
    queue.wake(10, NOW.after(200));
    assert_eq!(written(&mut queue), [1]);
    assert_eq!(queue.poll_timeout(), None);
}

#[test]
fn p127_close_refuses_what_waits_and_later_messages() {
    let mut queue = SendQueue::new(small(100, 256), true);
    let id = queue.send(1, 90, 20, NOW).unwrap();
    queue.close();
    queue.close();
    assert_eq!(queue.poll_output(), Some(ChannelOutput::Refuse(id, ChannelError::Closed)));
    assert_eq!(queue.poll_output(), None);
    assert_eq!(queue.send(2, 1, 0, NOW), Err(ChannelError::Closed));
    assert_eq!(queue.poll_timeout(), None);
}

#[test]
fn p131_before_the_channel_is_open_a_message_is_refused_or_waits() {
    let mut queue = SendQueue::new(small(100, 256), false);
    assert_eq!(queue.send(1, 1, 0, NOW), Err(ChannelError::NotOpen));
    let options = ChannelOptions { wait_for_open: true, ..small(100, 256) };
    let mut queue = SendQueue::new(options, false);
    assert_eq!(queue.send(1, 1, 0, NOW), Ok(MessageId(1)));
    assert_eq!(written(&mut queue), [0; 0]);
    queue.opened(0, NOW);
    assert_eq!(written(&mut queue), [1]);
}
