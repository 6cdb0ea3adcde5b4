//! Random requests, and the codec with which they are sent.

pub(crate) mod codec;
pub(crate) mod requests;
