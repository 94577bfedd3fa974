//! What a request holds: a place among the bodies that are sent, and the body that takes it along. It
//! is given up in one way alone, by being dropped, so that no end of a stream can forget to.

use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;

use super::Limits;

/// The right to one body; given up when dropped.
pub(super) struct Place {
    pub(super) limits: Limits,
    pub(super) device: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.limits.counts();
        counts.open -= 1;
        if let Some(row) = counts.devices.get_mut(&self.device) {
            row.open -= 1;
        }
        drop(counts);
        self.limits.0.freed.notify_waiters();
    }
}

/// A body that holds its place until it is sent, or dropped.
pub(super) struct Held {
    pub(super) body: Body,
    pub(super) _place: Place,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}
