//! Stands between a client and a server, copies every byte, and hands each on as a record.
//!
//! In the order in which a connection passes through:
//!
//! - `listen`: the address that clients connect to, and who holds it when it is taken.
//! - `upstream`, `connect`, `tls`: where the bytes go, and how to get there.
//! - `relay`: two pumps, one for each direction: read, record, write. Half-close and reset pass on as such.
//! - `policy`, `rewrite`, `heads`: Host, Origin, Location and cookie Domain, where they must be
//!   rewritten so that an application works behind wirewalk. Nothing else is ever changed.
//! - `refuse`: the 502 that stands in for an upstream that cannot be reached.
//!
//! Knows [`crate::wire`] and, for rewriting heads, [`crate::decode::http1`]; nothing else of ours.

mod connect;
mod error;
mod heads;
mod listen;
mod policy;
mod port_holder;
mod refuse;
mod relay;
mod rewrite;
mod serve;
mod tls;
mod upstream;

pub use error::ProxyError;
pub use listen::address as listen_address;
pub use policy::{HostPolicy, OriginPolicy};
pub use port_holder::Holder;
pub use serve::{Config, Listener, Proxy, Route};
pub use tls::TlsOptions;
pub use upstream::Upstream;
