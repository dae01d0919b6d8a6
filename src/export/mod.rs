//! The units of a session as text and as JSON.
