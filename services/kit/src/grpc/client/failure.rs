//! Classification of failed attempts: whether a retry could repeat an effect.

use std::error::Error;

/// Whether the server may have processed a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The request reached no server, so a retry cannot repeat an effect.
    NotSent,
    /// The connection broke, and the server may have processed the request.
    Broken,
}

/// Classifies a transport error by its chain of sources.
pub(super) fn classify(error: &(dyn Error + 'static)) -> Failure {
    let mut next = Some(error);
    // Bounded, because an error could be its own source.
    for _ in 0..16 {
        let Some(error) = next else { break };
        if was_not_sent(error) {
            return Failure::NotSent;
        }
        next = error.source();
    }
    Failure::Broken
}

fn was_not_sent(error: &(dyn Error + 'static)) -> bool {
    if error.is::<tonic::ConnectError>() {
        return true;
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        // The connection closed before the request was written to it.
        return error.is_canceled();
    }
    // The server refuses the stream, or its GOAWAY excludes it: h2 returns this error only for
    // streams above the last one that the server accepted.
    error.downcast_ref::<h2::Error>().is_some_and(|error| {
        let refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
        let going_away = error.is_go_away() && error.is_remote();
        refused || (going_away && error.reason() == Some(h2::Reason::NO_ERROR))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn only_refused_stream_counts_as_not_sent() {
        let refused = h2::Error::from(h2::Reason::REFUSED_STREAM);
        assert_eq!(classify(&refused), Failure::NotSent);
        for reason in [h2::Reason::INTERNAL_ERROR, h2::Reason::CANCEL, h2::Reason::NO_ERROR] {
            assert_eq!(classify(&h2::Error::from(reason)), Failure::Broken, "{reason}");
        }
        assert_eq!(classify(&io::Error::from(io::ErrorKind::BrokenPipe)), Failure::Broken);
    }

    #[tokio::test]
    async fn refused_connection_is_not_sent() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{address}"));
        let error =
            endpoint.expect("an address").connect().await.expect_err("the connection is refused");
        assert_eq!(classify(&error), Failure::NotSent);
    }
}
