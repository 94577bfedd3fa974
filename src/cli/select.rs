pub(super) struct Ask {
    pub(super) season: Option<u32>,
    pub(super) episode: Option<u32>,
    pub(super) name: Option<String>,
    pub(super) file_index: Option<u32>,
    pub(super) stremio_id: Option<crate::media::StremioId>,
}
pub(super) fn run(_: &Ask, _: impl std::io::Read, _: impl std::io::Write) -> Result<(), String> {
    Ok(())
}
