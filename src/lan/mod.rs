//! lan
