//! Every length that a peer controls has a limit.

/// The longest head of an HTTP message that is read as one; a longer one is opaque bytes.
pub const MAX_HEAD: usize = 1 << 20;

/// Of a longer HTTP message only this many bytes, head and body, are dissected. They all pass, and are all kept.
pub const MAX_HTTP_DISSECTED: usize = 16 << 20;

/// A body of at most this many bytes comes out of a content coding.
pub const MAX_DECODED_BODY: usize = 64 << 20;

/// The longest WebSocket message that is put together, unmasked or inflated, unless the user says otherwise.
pub const MAX_MESSAGE: usize = 64 << 20;

/// So many bytes of heads, bodies and messages that are not complete are held for all connections together. Where it is more,
/// the connection that holds the most lets go of it.
pub const MAX_HELD: usize = 256 << 20;

/// What a connection lets go of is at least so long, and so much of the beginning of a body is held all the same.
pub const WORTH_LETTING_GO: usize = 16 << 10;

/// Findings of one rule are kept for this many units of a session; the ones behind them are only counted.
pub const MAX_FINDINGS_OF_A_RULE: usize = 20_000;

/// An engine session's id or a namespace that is longer ties nothing together: nobody makes such names, and each is remembered.
pub const MAX_NAME: usize = 256;

/// An event whose attachments come in more units than this, or have more than [`MAX_MESSAGE`] bytes, is not put together.
pub const MAX_ATTACHMENT_UNITS: usize = 1000;

/// So many requests of one connection may wait for their answers and still be told apart.
pub const MAX_PENDING_REQUESTS: usize = 1000;

/// So many bytes of heads of such requests are kept, to compare the answers with.
pub const MAX_PENDING_HEADS: usize = 2 << 20;

/// So many bytes may follow an upgrade request before its answer, and still be kept until the answer says
/// what they are.
pub const MAX_EARLY_BYTES: usize = 1 << 20;
