//! Everything captured: the index of units, the byte store, the links between units.
