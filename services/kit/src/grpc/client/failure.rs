//! What a failed attempt means for a second one.

use std::error::Error;

/// How far a failed attempt got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It reached nobody: another attempt cannot do anything twice.
    NotSent,
    /// The connection broke; the other side may have acted.
    Broken,
}

/// Looks through the sources of a transport error.
pub(super) fn classify(error: &(dyn Error + 'static)) -> Failure {
    let mut next = Some(error);
    // Bounded, for an error could name itself as its source.
    for _ in 0..16 {
        let Some(error) = next else { break };
        if not_sent(error) {
            return Failure::NotSent;
        }
        next = error.source();
    }
    Failure::Broken
}

fn not_sent(error: &(dyn Error + 'static)) -> bool {
    if error.is::<tonic::ConnectError>() {
        return true;
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        // The connection closed before the request was written to it.
        return error.is_canceled();
    }
    // A server refuses the stream, or says on leaving that it did not take it any more: h2 gives
    // this error only to streams above the last one taken.
    error.downcast_ref::<h2::Error>().is_some_and(|error| {
        let refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
        let leaving = error.is_go_away() && error.is_remote();
        refused || (leaving && error.reason() == Some(h2::Reason::NO_ERROR))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn a_refused_stream_was_not_taken_and_other_errors_may_have_been() {
        let refused = h2::Error::from(h2::Reason::REFUSED_STREAM);
        assert_eq!(classify(&refused), Failure::NotSent);
        for reason in [h2::Reason::INTERNAL_ERROR, h2::Reason::CANCEL, h2::Reason::NO_ERROR] {
            assert_eq!(classify(&h2::Error::from(reason)), Failure::Broken, "{reason}");
        }
        assert_eq!(classify(&io::Error::from(io::ErrorKind::BrokenPipe)), Failure::Broken);
    }

    #[tokio::test]
    async fn nobody_is_reached_where_nobody_listens() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{address}"));
        let error = endpoint.expect("an address").connect().await.expect_err("nobody listens");
        assert_eq!(classify(&error), Failure::NotSent);
    }
}
