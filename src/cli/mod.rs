//! cli
pub mod parse;
pub mod select;
