//! What a set can play, against what a name says.

use super::{Container, Sound};
use crate::release::Release;
use crate::select::preferences::Codec;

/// What a set can play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetLimits {
    /// Pictures.
    pub video: Vec<Codec>,
    /// Sound.
    pub sound: Vec<Sound>,
    /// What they lie in.
    pub containers: Vec<Container>,
}

impl SetLimits {
    /// Whether the set shows the pictures of such a release; what the name does not tell is taken to
    /// be H.264, which all sets show.
    #[must_use]
    pub fn shows(&self, release: &Release) -> bool {
        let codec = match release.codec.as_deref() {
            Some("hevc") => Codec::Hevc,
            Some("av1") => Codec::Av1,
            Some("vp9") => Codec::Vp9,
            Some("xvid") => Codec::Xvid,
            Some("mpeg") => Codec::Mpeg,
            _ => Codec::Avc,
        };
        // Ten bits a colour are a matter of course with HEVC and rare beside it.
        let deep = release.bit_depth.is_some_and(|bits| bits >= 10);
        self.video.contains(&codec) && !(deep && codec == Codec::Avc && !self.plays_all())
    }

    /// Whether the set sounds such a release: one of the tracks that its name tells of will do.
    #[must_use]
    pub fn sounds(&self, release: &Release) -> bool {
        let told: Vec<Sound> = release.audio.iter().filter_map(|word| sound_of(word)).collect();
        told.is_empty() || told.iter().any(|sound| self.sound.contains(sound))
    }

    /// Whether the set opens such a file, by its extension.
    #[must_use]
    pub fn opens(&self, extension: Option<&str>) -> bool {
        let Some(extension) = extension else { return true };
        let container = match extension.to_ascii_lowercase().as_str() {
            "mkv" => Container::Mkv,
            "mp4" | "m4v" | "mov" => Container::Mp4,
            "ts" | "m2ts" | "mts" => Container::Ts,
            "avi" | "divx" => Container::Avi,
            "webm" => Container::Webm,
            _ => return true,
        };
        self.containers.contains(&container)
    }

    /// Whether the set plays such a release, of which this is the file.
    #[must_use]
    pub fn play(&self, release: &Release, file: &str) -> bool {
        let extension = file.rsplit_once('.').map(|(_, ending)| ending);
        self.shows(release)
            && self.sounds(release)
            && self.opens(extension.or(release.extension.as_deref()))
    }

    fn plays_all(&self) -> bool {
        self.sound.contains(&Sound::Truehd) && self.sound.contains(&Sound::Dts)
    }
}

/// What a release's word for it means; Atmos lies in another coding, which is told beside it.
fn sound_of(word: &str) -> Option<Sound> {
    Some(match word {
        "DTS Lossless" | "DTS Lossy" => Sound::Dts,
        "TrueHD" => Sound::Truehd,
        "FLAC" => Sound::Flac,
        "Dolby Digital Plus" => Sound::Eac3,
        "Dolby Digital" => Sound::Ac3,
        "AAC" | "HQ Clean Audio" => Sound::Aac,
        "OPUS" => Sound::Opus,
        "PCM" => Sound::Pcm,
        "MP3" => Sound::Mp3,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use crate::release::parse;

    #[test]
    fn a_name_is_held_against_what_the_set_plays() {
        const OLD: &str = "SEC_HHP_[TV]UE40D7000/1.0";
        const NEW: &str = "SEC_HHP_[TV] UE55RU7172/1.0";
        const KODI: &str = "Kodi/20.5";
        for (set, name, expected) in [
            (OLD, "Film 2020 1080p BluRay x264 DTS-GRP.mkv", (true, true, true)),
            (OLD, "Film 2020 2160p WEB-DL x265 DDP5.1-GRP.mkv", (false, true, true)),
            (NEW, "Film 2020 2160p WEB-DL x265 DDP5.1-GRP.mkv", (true, true, true)),
            (NEW, "Film 2020 1080p BluRay x264 DTS-GRP.mkv", (true, false, true)),
            (NEW, "Film 2020 1080p BluRay x264 DTS AC3-GRP.mkv", (true, true, true)),
            (NEW, "Film 2020 1080p WEB-DL AV1 Opus-GRP.mkv", (false, false, true)),
            (
                KODI,
                "Film 2020 1080p BluRay x264 TrueHD 7.1 Atmos 10bit-GRP.mkv",
                (true, true, true),
            ),
            (
                "av=5.0; mn=\"BRAVIA KDL-40EX720\"",
                "Film 2020 720p x264 AAC.mkv",
                (true, true, false),
            ),
        ] {
            let plays = &Profile::of(&[set]).unwrap().plays;
            let release = parse(name);
            let seen = (
                plays.shows(&release),
                plays.sounds(&release),
                plays.opens(release.extension.as_deref()),
            );
            assert_eq!(seen, expected, "{set}: {name}: {release:?}");
        }
    }
}
