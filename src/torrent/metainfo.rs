//! Metainfo checks (filled by the swarm work).
