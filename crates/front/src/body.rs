//! Bodies that pass through: looked into when they are short, streamed when they are not. Memory is bounded.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What could go wrong while a body is read.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Any body of a request or an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Longest body that is looked into.
pub(crate) const LIMIT: usize = 4 << 20;
/// All bodies that are looked into at one time.
const BUDGET: usize = 128 << 20;

pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that broke off before it was passed on.
pub(crate) fn failing(why: String) -> Body {
    let broken = futures::stream::once(async move { Err::<Frame<Bytes>, BodyError>(why.into()) });
    BodyExt::boxed_unsync(StreamBody::new(broken))
}

/// A body of the network, unchanged.
pub(crate) fn streamed<B>(body: B) -> Body
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    body.map_err(Into::into).boxed_unsync()
}

/// The memory that buffered bodies share.
#[derive(Clone)]
pub(crate) struct Budget {
    room: Arc<Semaphore>,
    /// Who sends nothing for this long is given up.
    patience: Duration,
}

/// The result of inspecting a body.
pub(crate) enum Peeked {
    /// All of it. The memory counts until the second value is dropped.
    Whole(Bytes, Option<OwnedSemaphorePermit>),
    /// Longer than the limit, or more than memory allows: as it came, to be streamed.
    Long(Body),
    /// The other side stopped sending, or broke off.
    Broken(String),
}

impl Budget {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { room: Arc::new(Semaphore::new(BUDGET)), patience }
    }

    /// Reads a body as long as it stays under `limit`.
    pub(crate) async fn peek(&self, body: Body, limit: usize) -> Peeked {
        if body.size_hint().lower() > limit as u64 {
            return Peeked::Long(body);
        }
        let mut body = BodyStream::new(body);
        let (mut read, mut held) = (BytesMut::new(), None::<OwnedSemaphorePermit>);
        loop {
            let frame = match tokio::time::timeout(self.patience, body.next()).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(error))) => return Peeked::Broken(error.to_string()),
                Ok(None) => return Peeked::Whole(read.freeze(), held),
                Err(_) => {
                    return Peeked::Broken(format!(
                        "nothing came for {} s",
                        self.patience.as_secs_f32()
                    ));
                }
            };
            // Trailers carry checksums of streamed uploads only.
            let Ok(data) = frame.into_data() else { continue };
            let permits = u32::try_from(data.len()).unwrap_or(u32::MAX);
            let room = self.room.clone().try_acquire_many_owned(permits);
            read.extend_from_slice(&data);
            match room {
                Ok(permit) if read.len() <= limit => match &mut held {
                    Some(held) => held.merge(permit),
                    None => held = Some(permit),
                },
                _ => return Peeked::Long(rejoin(read.freeze(), body)),
            }
        }
    }
}

fn rejoin(read: Bytes, rest: BodyStream<Body>) -> Body {
    let first = futures::stream::once(async move { Ok(Frame::data(read)) });
    BodyExt::boxed_unsync(StreamBody::new(first.chain(rest)))
}

/// Whether a body declares that it has nothing to send.
pub(crate) fn is_empty(hint: &SizeHint) -> bool {
    hint.exact() == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    async fn all(body: Body) -> Bytes {
        body.collect().await.expect("read").to_bytes()
    }

    #[tokio::test]
    async fn a_long_body_comes_through_unchanged() {
        let text = Bytes::from(vec![7_u8; 5000]);
        let parts: Vec<_> = text
            .chunks(700)
            .map(|c| Ok::<_, BodyError>(Frame::data(Bytes::copy_from_slice(c))))
            .collect();
        let unsized_body = BodyExt::boxed_unsync(StreamBody::new(futures::stream::iter(parts)));
        for body in [unsized_body, full(text.clone())] {
            let Peeked::Long(body) = Budget::new(PATIENCE).peek(body, 2000).await else {
                panic!("longer than the limit")
            };
            assert_eq!(all(body).await, text);
        }
    }

    #[tokio::test]
    async fn a_short_body_is_read_and_its_memory_given_back() {
        let budget = Budget { room: Arc::new(Semaphore::new(10)), patience: PATIENCE };
        let Peeked::Whole(bytes, held) = budget.peek(full("12345678"), 100).await else {
            panic!("short")
        };
        assert_eq!(bytes, "12345678");
        assert!(matches!(budget.peek(full("123"), 100).await, Peeked::Long(_)));
        drop(held);
        assert!(matches!(budget.peek(full("123"), 100).await, Peeked::Whole(..)));
    }
}
