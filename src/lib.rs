//! wirewalk: see and teach what happens on a WebSocket connection.
//!
//! The modules, in the order in which the bytes travel:
//!
//! - [`wire`]: the vocabulary that everything shares: connections, directions, times, records.
//! - [`proxy`]: stands between a client and a server, copies every byte, hands each on as a record.
//! - [`capture`]: takes records, writes them to the transcript and feeds the decoders; reads transcripts back.
//! - [`calls`]: takes what tracers inside the server say, and the tracers themselves.
//! - [`decode`]: bytes in, units out. No file, no socket, no clock, no screen.
//! - [`session`]: everything captured: the index of units, the byte store, the links between units.
//! - [`walkthrough`]: an authored sequence of steps over a session, read, matched and checked.
//! - [`explain`]: what a unit, a field or a finding is, why it is there, and what comes next.
//! - [`export`]: the units as text, JSON, pages and drawings, and in the formats of other programs.
//! - [`sharing`]: a recorded session as it is given away, without its secrets, in each of the forms.
//! - [`escape`]: makes a peer's text harmless before it is shown anywhere.
//! - [`words`]: how durations, counts and bytes are put, and text fitted into columns.
//! - [`demo`]: a real server and a real client to look at, on loopback.
//! - [`launch`]: starts the person's own server in a pseudo-terminal.
//! - [`config`]: what the user has settled in the configuration file.
//! - [`commands`]: one file for each subcommand.

pub mod calls;
pub mod capture;
pub mod commands;
pub mod config;
pub mod decode;
pub mod demo;
pub mod escape;
pub mod explain;
pub mod export;
pub mod launch;
pub mod proxy;
pub mod session;
pub mod sharing;
pub mod tui;
pub mod walkthrough;
pub mod wire;
pub mod words;
