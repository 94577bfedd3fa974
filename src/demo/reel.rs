//! The films themselves, as they lie in the binary (`media/README.md` says where they are from).

/// *The Lamp and the Tide*, its index at the end.
pub const FILM_MP4: &[u8] = include_bytes!("media/film.mp4");
/// The same tracks in Matroska.
pub const FILM_MKV: &[u8] = include_bytes!("media/film.mkv");
/// Its subtitles.
pub const FILM_SRT: &[u8] = include_bytes!("media/film.srt");
/// The episodes of *Harbour Watch*, from the first.
pub const EPISODES_MKV: [&[u8]; 3] = [
    include_bytes!("media/episode1.mkv"),
    include_bytes!("media/episode2.mkv"),
    include_bytes!("media/episode3.mkv"),
];
/// Their subtitles.
pub const EPISODES_SRT: [&[u8]; 3] = [
    include_bytes!("media/episode1.srt"),
    include_bytes!("media/episode2.srt"),
    include_bytes!("media/episode3.srt"),
];
/// Eight seconds that nobody wants to watch.
pub const EXTRA_MKV: &[u8] = include_bytes!("media/extra.mkv");
/// What a pack says of itself.
pub const NOTE: &[u8] =
    b"This is a demonstration. Nothing in this torrent was made by anybody else.\n";
/// Stills, by the id of their title.
pub const POSTERS: [(&str, &[u8]); 3] = [
    ("tt9900101", include_bytes!("media/film.jpg")),
    ("tt9900102", include_bytes!("media/series.jpg")),
    ("tt9900103", include_bytes!("media/anime.jpg")),
];
