//! Which values of a unit are secret.

/// Names whose values are secret unless the configuration has others.
pub const DEFAULT_NAMES: [&str; 9] = [
    "token",
    "password",
    "passwd",
    "secret",
    "api_key",
    "apikey",
    "access_token",
    "refresh_token",
    "authorization",
];
