//! One file for each subcommand: what the user asked, and which modules do it.
