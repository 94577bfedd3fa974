//! The form of what a household prefers.

use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{of_owner, set_up};
use crate::http::visitor::Visitor;
use crate::select::{Codec, Preferences, Resolution};
use crate::web::{self, Choice, Select, Tick};

/// Ladders that a household may want; any other is a matter for `PUT /api/settings`.
const LADDERS: &[(&str, &str)] = &[
    ("1080p,2160p,1440p,720p,sd", "1080p first: good on every television"),
    ("2160p,1440p,1080p,720p,sd", "The finest first (4K)"),
    ("720p,1080p,sd,1440p,2160p", "720p first: for a slow network"),
    ("sd,720p,1080p,1440p,2160p", "The smallest first"),
];
const FINEST: &[(&str, &str)] = &[
    ("2160p", "No limit"),
    ("1440p", "1440p"),
    ("1080p", "1080p"),
    ("720p", "720p"),
    ("sd", "Below 720p"),
];
const HDR: &[(&str, &str)] = &[
    ("any", "As good as any other picture"),
    ("prefer", "Rather with it: my television shows it well"),
    ("avoid", "Rather without it: my television shows it pale"),
];
const DOLBY_VISION: &[(&str, &str)] = &[
    ("with_hdr", "Only with HDR beneath, which every HDR set shows"),
    ("any", "Any: my television has Dolby Vision"),
    ("avoid", "Rather none"),
];
const CODECS: &[(Codec, &str, &str)] = &[
    (Codec::Av1, "cannot_av1", "AV1 (sets before 2020)"),
    (Codec::Hevc, "cannot_hevc", "HEVC, H.265 (sets before 2015)"),
    (Codec::TenBit, "cannot_10bit", "Pictures of ten bits"),
    (Codec::Vp9, "cannot_vp9", "VP9"),
    (Codec::Xvid, "cannot_xvid", "XviD and DivX (old films, .avi)"),
    (Codec::Mpeg, "cannot_mpeg", "MPEG-2 (DVDs)"),
];
/// In MiB, and as sizes are shown elsewhere.
const FILM_SIZES: &[(&str, &str)] = &[
    ("0", "No limit"),
    ("2048", "2 GiB"),
    ("5120", "5 GiB"),
    ("10240", "10 GiB"),
    ("20480", "20 GiB"),
    ("40960", "40 GiB"),
];
const EPISODE_SIZES: &[(&str, &str)] = &[
    ("0", "No limit"),
    ("512", "512 MiB"),
    ("1024", "1 GiB"),
    ("2048", "2 GiB"),
    ("4096", "4 GiB"),
    ("10240", "10 GiB"),
];
const SEEDERS: &[(&str, &str)] = &[
    ("never", "Does not count"),
    ("little", "Counts where all else is equal"),
    ("much", "Counts more than the picture: I have no store"),
];
const RATES: &[(&str, &str)] = &[
    ("0", "No limit"),
    ("5", "5 Mbit/s: a slow line"),
    ("10", "10 Mbit/s"),
    ("20", "20 Mbit/s: Wi-Fi through a wall"),
    ("40", "40 Mbit/s: good Wi-Fi"),
    ("80", "80 Mbit/s: a cable of 100 Mbit/s"),
];

pub(super) fn view(now: &Preferences) -> web::Preferences {
    let number = |limit: Option<u64>| limit.unwrap_or(0).to_string();
    web::Preferences {
        picture: vec![
            select("resolutions", "Picture", LADDERS, words(&now.resolutions).join(",")),
            select("max_resolution", "Nothing finer than", FINEST, finest(now)),
            select("hdr", "Bright and dark beyond the usual (HDR)", HDR, word(&now.hdr)),
            select("dolby_vision", "Dolby Vision", DOLBY_VISION, word(&now.dolby_vision)),
        ],
        set: CODECS
            .iter()
            .map(|(codec, name, label)| Tick {
                name,
                label,
                ticked: now.cannot_play.contains(codec),
            })
            .collect(),
        languages: now.languages.join(", "),
        only_these_languages: now.only_these_languages,
        limits: vec![
            select("max_film_mib", "Largest film", FILM_SIZES, number(now.max_film_mib)),
            select(
                "max_episode_mib",
                "Largest episode",
                EPISODE_SIZES,
                number(now.max_episode_mib),
            ),
            select("seeders", "How many share it", SEEDERS, word(&now.seeders)),
            select(
                "max_mbit_s",
                "What the network carries",
                RATES,
                number(now.max_mbit_s.map(u64::from)),
            ),
        ],
        cached_only: now.cached_only,
        exclude: now.exclude.join(", "),
        subtitles: now.subtitles.join(", "),
        opensubtitles: now.opensubtitles,
    }
}

/// The rows, and what is set where it is none of them: it must not be changed by looking at it.
fn select(
    name: &'static str,
    label: &'static str,
    rows: &[(&str, &str)],
    chosen: String,
) -> Select {
    let row = |(value, label): &(&str, &str)| Choice {
        value: (*value).to_owned(),
        label: (*label).to_owned(),
        chosen: *value == chosen,
    };
    let mut choices: Vec<Choice> = rows.iter().map(row).collect();
    if !choices.iter().any(|choice| choice.chosen) {
        choices.push(Choice { label: format!("As set: {chosen}"), value: chosen, chosen: true });
    }
    Select { name, label, choices }
}

/// Nothing is finer than 2160p, so that is no limit.
fn finest(now: &Preferences) -> String {
    word(&now.max_resolution.unwrap_or(Resolution::P2160))
}

/// A value by its word in the settings.
fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn words(values: &[impl serde::Serialize]) -> Vec<String> {
    values.iter().map(word).collect()
}

#[derive(Deserialize)]
pub(super) struct PreferencesForm {
    resolutions: String,
    max_resolution: String,
    hdr: String,
    dolby_vision: String,
    seeders: String,
    languages: String,
    max_film_mib: u64,
    max_episode_mib: u64,
    max_mbit_s: u64,
    exclude: String,
    #[serde(default)]
    subtitles: String,
    /// A box that is not ticked is not sent.
    #[serde(flatten)]
    ticked: std::collections::HashMap<String, String>,
}

impl PreferencesForm {
    fn changes(&self, now: &Preferences) -> Map<String, Value> {
        let list = |text: &str| -> Vec<String> {
            let items = text.split([',', ';']).map(|item| item.trim().to_owned());
            items.filter(|item| !item.is_empty()).collect()
        };
        let languages = self.languages.replace(' ', ",");
        let ticked = |name: &str| self.ticked.contains_key(name);
        // Codings that the form does not show stay as they are.
        let shown = |codec: &Codec| CODECS.iter().find(|row| row.0 == *codec);
        let mut cannot: Vec<Codec> =
            now.cannot_play.iter().copied().filter(|codec| shown(codec).is_none()).collect();
        cannot.extend(CODECS.iter().filter(|row| ticked(row.1)).map(|row| row.0));
        let changes = json!({
            "resolutions": list(&self.resolutions),
            "hdr": self.hdr,
            "dolby_vision": self.dolby_vision,
            "seeders": self.seeders,
            "cannot_play": cannot,
            "languages": list(&languages),
            "only_these_languages": ticked("only_these_languages"),
            "max_film_mib": self.max_film_mib,
            "max_episode_mib": self.max_episode_mib,
            "max_mbit_s": self.max_mbit_s,
            "cached_only": ticked("cached_only"),
            "exclude": list(&self.exclude),
            "max_resolution": self.max_resolution,
            "subtitles": list(&self.subtitles.replace(' ', ",")),
            "opensubtitles": ticked("opensubtitles"),
        });
        let Value::Object(changes) = changes else { return Map::new() };
        // What was not touched stays the configuration's.
        let now = serde_json::to_value(now).unwrap_or_default();
        let same = |field: &str, value: &Value| {
            let no_limit = *value == json!(0) || *value == json!("2160p");
            *value == now[field] || (now[field].is_null() && no_limit)
        };
        changes.into_iter().filter(|(field, value)| !same(field, value)).collect()
    }
}

/// `POST /setup/preferences`.
pub(super) async fn change(
    visitor: Visitor,
    form: Result<Form<PreferencesForm>, FormRejection>,
) -> Response {
    let form = match of_owner(&visitor, form) {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    let playback = &visitor.rooms.playback;
    let done = playback.prefer(&form.changes(&playback.preferences()));
    set_up(&visitor, done, "preferences")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_was_only_looked_at_changes_nothing() {
        let odd = Preferences {
            resolutions: vec![crate::select::Resolution::P720],
            max_film_mib: Some(7777),
            cannot_play: vec![Codec::Avc, Codec::Av1],
            languages: vec!["de".into(), "en".into()],
            subtitles: vec!["en".into(), "fr".into()],
            opensubtitles: false,
            cached_only: true,
            ..Preferences::default()
        };
        for now in [Preferences::default(), odd] {
            let shown = view(&now);
            let chosen = |name: &str| {
                let selects = shown.picture.iter().chain(&shown.limits);
                let select = selects.into_iter().find(|select| select.name == name).unwrap();
                select.choices.iter().find(|choice| choice.chosen).unwrap().value.clone()
            };
            let number = |name: &str| chosen(name).parse().unwrap();
            let ticks = shown.set.iter().filter(|tick| tick.ticked).map(|tick| tick.name);
            let cached = shown.cached_only.then_some("cached_only");
            let asked = shown.opensubtitles.then_some("opensubtitles");
            let ticked =
                ticks.chain(cached).chain(asked).map(|name| (name.to_owned(), "true".to_owned()));
            let form = PreferencesForm {
                resolutions: chosen("resolutions"),
                max_resolution: chosen("max_resolution"),
                hdr: chosen("hdr"),
                dolby_vision: chosen("dolby_vision"),
                seeders: chosen("seeders"),
                languages: shown.languages.clone(),
                max_film_mib: number("max_film_mib"),
                max_episode_mib: number("max_episode_mib"),
                max_mbit_s: number("max_mbit_s"),
                exclude: shown.exclude.clone(),
                subtitles: shown.subtitles.clone(),
                ticked: ticked.collect(),
            };
            assert_eq!(form.changes(&now), Map::new());
        }
    }
}
