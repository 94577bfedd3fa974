//! Which addresses may be asked (skeleton).
/// Policy.
#[derive(Debug, Clone, Default)]
pub struct AddressPolicy {
    /// Exact private addresses that are allowed all the same.
    pub allow_private: Vec<std::net::SocketAddr>,
}
