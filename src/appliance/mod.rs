//! The box itself, for whom it has no rights: what it asks of the steward, and when.
