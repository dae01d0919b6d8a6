//! A real server and a real client to look at, on loopback.
