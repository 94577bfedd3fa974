//! debrid
