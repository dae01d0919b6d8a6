//! One connection: the framing of both directions, and what they tell each other.
