use futures_util::{FutureExt, StreamExt, stream};
use proptest::prelude::*;
use tokio::sync::mpsc;

use super::*;

const KIB: usize = 1 << 10;

/// A stream fed by hand, and its feeder.
fn fed() -> (mpsc::UnboundedSender<io::Result<Bytes>>, ByteStream) {
    let (feed, mut arrivals) = mpsc::unbounded_channel();
    (feed, stream::poll_fn(move |cx| arrivals.poll_recv(cx)).boxed())
}

fn zeros(size: usize) -> Bytes {
    Bytes::from(vec![0; size])
}

/// What comes out at once, without time passing.
fn ready_bytes(drip: &mut Drip) -> usize {
    let mut sum = 0;
    while let Some(Some(Ok(piece))) = drip.next().now_or_never() {
        sum += piece.len();
    }
    sum
}

#[tokio::test(start_paused = true)]
async fn the_opening_passes_untouched_and_then_half_is_held() {
    let (feed, inner) = fed();
    let mut drip = Drip::new(inner, 100 << 20, Limits::default());
    feed.send(Ok(zeros(256 * KIB))).unwrap();
    assert_eq!(ready_bytes(&mut drip), 256 * KIB);
    feed.send(Ok(zeros(256 * KIB))).unwrap();
    assert_eq!(ready_bytes(&mut drip), 128 * KIB);
}

#[tokio::test(start_paused = true)]
async fn a_full_reserve_moves_on_and_holds_no_more() {
    let (feed, inner) = fed();
    let mut drip = Drip::new(inner, 100 << 20, Limits::default());
    let mut out = 0;
    for _ in 0..40 {
        feed.send(Ok(zeros(256 * KIB))).unwrap();
        out += ready_bytes(&mut drip);
    }
    assert_eq!(40 * 256 * KIB - out, 512 * KIB);
    feed.send(Ok(zeros(256 * KIB))).unwrap();
    assert_eq!(ready_bytes(&mut drip), 256 * KIB, "as much goes out as came in");
}

#[tokio::test(start_paused = true)]
async fn of_a_disk_each_read_goes_out_as_it_came_when_the_next_is_there() {
    let (feed, inner) = fed();
    let mut drip = Drip::new(inner, 100 << 20, Limits::of_a_disk());
    for opening in 0..2 {
        feed.send(Ok(zeros(128 * KIB))).unwrap();
        assert_eq!(ready_bytes(&mut drip), 128 * KIB, "read {opening} of the opening");
    }
    feed.send(Ok(zeros(128 * KIB))).unwrap();
    assert_eq!(ready_bytes(&mut drip), 0);
    for _ in 0..10 {
        feed.send(Ok(zeros(128 * KIB))).unwrap();
        let piece = drip.next().now_or_never().unwrap().unwrap().unwrap();
        assert_eq!(piece.len(), 128 * KIB);
        assert!(drip.next().now_or_never().is_none(), "more than came in");
    }
    // Short reads take nothing from what is held.
    for _ in 0..10 {
        feed.send(Ok(zeros(4 * KIB))).unwrap();
        assert_eq!(ready_bytes(&mut drip), 4 * KIB);
    }
    drip.next().await.unwrap().unwrap();
    assert!(drip.held < 128 * KIB as u64, "a shortage is dripped");
}

#[tokio::test(start_paused = true)]
async fn a_shortage_is_dripped_each_second_for_five_minutes_and_then_ends() {
    let (feed, inner) = fed();
    let mut drip = Drip::new(inner, 100 << 20, Limits::default());
    feed.send(Ok(zeros(4096 * KIB))).unwrap();
    let mut sum = ready_bytes(&mut drip);
    let start = Instant::now();
    let mut last = start;
    let error = loop {
        match drip.next().await.unwrap() {
            Ok(piece) => {
                sum += piece.len();
                let now = Instant::now();
                assert!(now - last <= Duration::from_secs(2), "silent for {:?}", now - last);
                assert!(piece.len() >= KIB || sum == 4096 * KIB, "{} bytes", piece.len());
                last = now;
            }
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(sum, 4096 * KIB, "every byte that came was sent");
    assert!((299..=301).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    drop(feed);
    assert!(drip.next().await.is_none(), "an error is the end");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_range_flushes_all() {
    let (feed, inner) = fed();
    let mut drip = Drip::new(inner, 1024 * 1024, Limits::default());
    for _ in 0..3 {
        feed.send(Ok(zeros(256 * KIB))).unwrap();
        ready_bytes(&mut drip);
    }
    feed.send(Ok(zeros(256 * KIB))).unwrap();
    let held = drip.held;
    assert_eq!(ready_bytes(&mut drip) as u64, held + (256 << 10));
}

#[tokio::test(start_paused = true)]
async fn bytes_that_come_again_end_the_shortage() {
    let (feed, inner) = fed();
    let mut drip = Drip::new(inner, 100 << 20, Limits::default());
    feed.send(Ok(zeros(2048 * KIB))).unwrap();
    ready_bytes(&mut drip);
    for _ in 0..290 {
        drip.next().await.unwrap().unwrap();
    }
    feed.send(Ok(zeros(64 * KIB))).unwrap();
    for _ in 0..50 {
        drip.next().await.unwrap().unwrap(); // beyond five minutes since the first shortage
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_comes_after_the_bytes_that_came_before_it() {
    let (feed, inner) = fed();
    let mut drip = Drip::new(inner, 100 << 20, Limits::default());
    feed.send(Ok(zeros(1024 * KIB))).unwrap();
    feed.send(Err(io::Error::other("the link broke"))).unwrap();
    assert_eq!(ready_bytes(&mut drip), 1024 * KIB);
    assert!(drip.next().await.is_none());
}

proptest! {
    #[test]
    fn the_bytes_are_the_same_in_the_same_order(sizes in proptest::collection::vec(1_usize..5000, 1..40)) {
        let total: usize = sizes.iter().sum();
        let data: Bytes = (0..total).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let mut rest = data.clone();
        let chunks: Vec<_> = sizes.iter().map(|&size| Ok(rest.split_to(size))).collect();
        let limits = Limits {
            opening_bytes: 1000, least_reserve_bytes: 3000, most_reserve_bytes: 5000, ..Limits::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let out = runtime.block_on(async {
            let drip = Drip::new(stream::iter(chunks).boxed(), total as u64, limits);
            drip.map(|piece| piece.unwrap()).collect::<Vec<_>>().await.concat()
        });
        prop_assert_eq!(out, data);
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_disk_one_read_is_held_and_it_lasts_for_two_minutes() {
    let (feed, inner) = fed();
    let mut drip = Drip::new(inner, 100 << 20, Limits::of_a_disk());
    let mut out = 0;
    for _ in 0..20 {
        feed.send(Ok(zeros(CHUNK_BYTES))).unwrap();
        out += ready_bytes(&mut drip);
    }
    assert_eq!(20 * CHUNK_BYTES - out, CHUNK_BYTES);
    // It dies; another way is found after two minutes.
    let (start, mut last) = (Instant::now(), Instant::now());
    while start.elapsed() < Duration::from_secs(119) {
        out += drip.next().await.unwrap().unwrap().len();
        assert!(last.elapsed() <= Duration::from_secs(2), "silent for {:?}", last.elapsed());
        last = Instant::now();
    }
    assert!(20 * CHUNK_BYTES - out < 16 * KIB);
    feed.send(Ok(zeros(CHUNK_BYTES))).unwrap();
    assert!(ready_bytes(&mut drip) > 0);
}
