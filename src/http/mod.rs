//! Being asked: routes, ranges and pages. axum, hyper and status codes are known here alone.
//!
//! A request comes in through [`server`] (sockets, limits), passes [`host`] (is it meant for us),
//! [`origin`] and [`shield`], and reaches a handler that [`router`] names. Media skip the guards of
//! pages, since their address is signed: [`media`] answers them from any `Representation` with the
//! help of [`range`], [`precondition`], [`dlna`] and [`drip`].

mod accept;
mod api;
mod dav;
pub mod dlna;
pub mod drip;
pub mod error;
mod files;
pub mod following;
mod gone;
pub mod host;
mod limited;
pub mod limits;
pub mod line;
pub mod media;
pub mod near;
pub mod origin;
mod pages;
pub mod plain;
pub mod precondition;
pub mod probes;
pub mod range;
mod refusal;
pub mod rooms;
pub mod router;
pub mod server;
pub mod sets;
pub mod shield;
pub mod streaming_server;
mod stremio;
mod subtitle;
pub mod traffic;
mod upload;
pub mod visitor;
