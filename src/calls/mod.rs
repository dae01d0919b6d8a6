//! The calls of traced processes: how they come in, and what their packages are.
//!
//! - `receiver`: takes what tracers say and hands it on as records.
//! - `body`: the lines of a function.
//! - `installed`: where functions are in the packages that are installed here.
//! - `licence`: what the licences of packages allow and demand.
//! - `permalink`: the link to a line at the installed version's tag.
//! - `source`, `highlight`: the source of a function, and what its parts are.
//! - `spans`: the calls of this very process, for the demo.
//! - `tracers`: the tracers themselves, and the environment that slips them into a process.

mod body;
pub mod highlight;
pub mod installed;
mod licence;
pub mod permalink;
mod receiver;
pub mod source;
pub mod spans;
pub mod tracers;

pub use body::function_body;
pub use licence::Licence;
pub use receiver::{BindAsked, Moved, Receiver};
