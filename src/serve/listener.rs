//! Connections, as many as there may be and as long as something is sent on them. Owns the limits:
//! whoever opens many, or reads or writes too slowly, costs the run nothing and locks nobody out.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::{Instant, Sleep},
};

/// Connections at one time; a browser takes up to six.
pub(super) const MOST: usize = 32;

/// The first request has to be whole and answered within this time.
pub(super) const FIRST: Duration = Duration::from_secs(5);

/// A connection to which nothing is sent for so long is closed, whatever comes from it. Streams send
/// something more often.
const IDLE: Duration = Duration::from_secs(30);

pub(super) struct Limited {
    listener: TcpListener,
    free: Arc<Semaphore>,
    waiting: Arc<Waiting>,
}

/// The connections on which nothing was sent yet, oldest first. Whoever is no session gets one answer and
/// is closed, so that all others are sessions.
#[derive(Default)]
struct Waiting(Mutex<VecDeque<(u64, oneshot::Sender<()>)>>);

impl Waiting {
    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(u64, oneshot::Sender<()>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, number: u64) -> oneshot::Receiver<()> {
        let (end, ended) = oneshot::channel();
        self.lock().push_back((number, end));
        ended
    }

    fn remove(&self, number: u64) {
        self.lock().retain(|(one, _)| *one != number);
    }

    /// Ends the oldest; whether there was one.
    fn end_oldest(&self) -> bool {
        let mut waiting = self.lock();
        // One that was answered just now does not listen any more.
        while let Some((_, end)) = waiting.pop_front() {
            if end.send(()).is_ok() {
                return true;
            }
        }
        false
    }
}

impl Limited {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, free: Arc::new(Semaphore::new(MOST)), waiting: Arc::default() }
    }

    /// A place, if need be that of a connection that has shown nothing yet; none while sessions hold all.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = self.free.clone().try_acquire_owned() {
            return Some(place);
        }
        if !self.waiting.end_oldest() {
            return None;
        }
        let freed = self.free.clone().acquire_owned();
        tokio::time::timeout(Duration::from_secs(1), freed).await.ok()?.ok()
    }
}

impl axum::serve::Listener for Limited {
    type Io = Moving;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Moving, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, from)) => match self.place().await {
                    Some(place) => {
                        // Small pieces should not wait for larger ones; without it they only come later.
                        let _ = stream.set_nodelay(true);
                        return (Moving::new(stream, place, self.waiting.clone()), from);
                    }
                    None => drop(stream),
                },
                // Such as too many open files: that passes.
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends when nothing moves on it.
pub(super) struct Moving {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    number: u64,
    waiting: Arc<Waiting>,
    /// Its place goes to somebody else. None once something was sent.
    ended: Option<oneshot::Receiver<()>>,
    _place: OwnedSemaphorePermit,
}

impl Moving {
    fn new(stream: TcpStream, place: OwnedSemaphorePermit, waiting: Arc<Waiting>) -> Self {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let ended = Some(waiting.add(number));
        let idle = Box::pin(tokio::time::sleep(FIRST));
        Self { stream, idle, number, waiting, ended, _place: place }
    }

    fn after<T>(
        &mut self,
        moved: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if moved.is_ready() {
            return moved;
        }
        let ended = self.ended.as_mut();
        let is_ended = ended.is_some_and(|ended| Pin::new(ended).poll(cx).is_ready());
        if is_ended || self.idle.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }

    fn sent(&mut self, sent: &Poll<io::Result<usize>>) {
        if matches!(sent, Poll::Ready(Ok(1..))) {
            self.idle.as_mut().reset(Instant::now() + IDLE);
            if self.ended.take().is_some() {
                self.waiting.remove(self.number);
            }
        }
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        self.waiting.remove(self.number);
    }
}

impl AsyncRead for Moving {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let moved = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.after(moved, cx)
    }
}

impl AsyncWrite for Moving {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.sent(&moved);
        self.after(moved, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.sent(&moved);
        self.after(moved, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
