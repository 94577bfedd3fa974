//! A large body that is passed on piece by piece: never held whole, and read no faster than it is
//! taken.

use std::io;
use std::time::Duration;

use axum::BoxError;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};

/// How long a sender may send nothing.
const STALL: Duration = Duration::from_secs(30);
/// After a refusal so much more is read and thrown away: a browser that cannot send its file to the
/// end shows an error of its own instead of our sentence.
const SWALLOWED_BYTES: usize = 512 << 20;
/// And for so long.
const SWALLOWED_TIME: Duration = Duration::from_secs(60);

/// The pieces of `body`, as they come.
pub(super) fn pieces<E: Into<BoxError>>(
    body: &mut (impl Stream<Item = Result<Bytes, E>> + Send + Unpin),
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold(body, |body| async move {
        let piece = match tokio::time::timeout(STALL, body.next()).await {
            Ok(piece) => piece?.map_err(io::Error::other),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        Some((piece, body))
    })
}

/// Reads on without a use, so that the answer is heard.
pub(super) async fn swallow<E>(mut body: impl Stream<Item = Result<Bytes, E>> + Unpin) {
    let mut left = SWALLOWED_BYTES;
    let rest = async {
        while let Some(Ok(piece)) = body.next().await
            && left > piece.len()
        {
            left -= piece.len();
        }
    };
    let _ = tokio::time::timeout(SWALLOWED_TIME, rest).await;
}
