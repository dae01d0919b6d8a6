//! Stands between a client and a server, copies every byte, and hands each on as a record.
