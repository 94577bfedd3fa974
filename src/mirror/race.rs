//! Several tries for one thing, of which the first that succeeds counts.

use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::sleep;

/// Runs `tries` in order: the next one begins when one has failed, and where none has answered for
/// `patience`. Gives the first success; the others end with it. `None`: all have failed.
pub(super) async fn first<T, E, F>(
    tries: impl IntoIterator<Item = F>,
    patience: Duration,
    mut failed: impl FnMut(E),
) -> Option<T>
where
    F: Future<Output = Result<T, E>>,
{
    let mut waiting = tries.into_iter();
    let mut running: FuturesUnordered<F> = waiting.next().into_iter().collect();
    let mut more = true;
    while !running.is_empty() {
        tokio::select! {
            Some(outcome) = running.next() => match outcome {
                Ok(won) => return Some(won),
                Err(error) => failed(error),
            },
            () = sleep(patience), if more => {}
        }
        match waiting.next() {
            Some(next) => running.push(next),
            None => more = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;

    type Try = BoxFuture<'static, Result<u32, u32>>;

    fn after(ms: u64, outcome: Result<u32, u32>) -> Try {
        async move {
            sleep(Duration::from_millis(ms)).await;
            outcome
        }
        .boxed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_one_holds_nobody_up_and_a_failed_one_is_followed_at_once() {
        let patience = Duration::from_millis(400);
        for (tries, wanted, ms, failures) in [
            (vec![after(10, Ok(1)), after(0, Ok(2))], Some(1), 10, vec![]),
            (vec![after(60_000, Ok(1)), after(10, Ok(2))], Some(2), 410, vec![]),
            (vec![after(10, Err(1)), after(10, Ok(2))], Some(2), 20, vec![1]),
            (
                vec![after(60_000, Ok(1)), after(60_000, Ok(2)), after(1, Ok(3))],
                Some(3),
                801,
                vec![],
            ),
            (vec![after(500, Ok(1)), after(5_000, Ok(2))], Some(1), 500, vec![]),
            (vec![after(1, Err(1)), after(1, Err(2))], None, 2, vec![1, 2]),
            (vec![], None, 0, vec![]),
        ] {
            let (begun, mut failed) = (tokio::time::Instant::now(), Vec::new());
            let won = first(tries, patience, |error| failed.push(error)).await;
            assert_eq!(won, wanted);
            assert_eq!(begun.elapsed(), Duration::from_millis(ms), "{wanted:?}");
            assert_eq!(failed, failures);
        }
    }
}
