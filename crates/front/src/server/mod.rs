//! HTTP/1.1 on loopback: connections, their limits and their end. What a request means is `handle`'s business.

mod socket;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Front, NotLoopback, handle};
use socket::Socket;

/// Connections at one time; more wait in the system's queue.
const CONNECTIONS: usize = 1024;
/// Longest head: AWS takes 8 KB of headers, S3 a little more.
const HEAD_SIZE: usize = 64 << 10;
/// For calls under way when the front stops.
const GRACE: Duration = Duration::from_secs(5);

/// Answers calls until the front is stopped, then lets those under way finish.
///
/// # Errors
/// [`NotLoopback`] for a listener that other machines can reach.
pub async fn serve(front: Front, listener: TcpListener) -> Result<(), NotLoopback> {
    let refuse = |url: String, why: &str| NotLoopback { url, why: why.into() };
    let address =
        listener.local_addr().map_err(|error| refuse("the listener".into(), &error.to_string()))?;
    if !address.ip().is_loopback() {
        return Err(refuse(address.to_string(), "the front listens on this machine only"));
    }
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(permit) = room.clone().acquire_owned().await else { break };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let front = front.clone();
                    connections.spawn(async move {
                        connection(front, stream, peer.ip()).await;
                        drop(permit);
                    });
                }
                // Out of file descriptors: open connections will end.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            () = front.stopped() => break,
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let finish = async { while connections.join_next().await.is_some() {} };
    // What is left ends with the set.
    let _ = tokio::time::timeout(GRACE, finish).await;
    Ok(())
}

async fn connection(front: Front, stream: TcpStream, peer: IpAddr) {
    let _ = stream.set_nodelay(true);
    let (socket, reset) = Socket::new(stream);
    let of_service = front.clone();
    let service = service_fn(move |request| {
        let (front, reset) = (of_service.clone(), reset.clone());
        async move {
            let answer = handle::handle(front, request, peer).await;
            if answer.is_err() {
                reset.arm();
            }
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(front.options().patience)
        .max_buf_size(HEAD_SIZE)
        .preserve_header_case(true)
        .serve_connection(TokioIo::new(socket), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A client that broke off, or was cut off on purpose.
        _ = connection.as_mut() => return,
        () = front.stopped() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
