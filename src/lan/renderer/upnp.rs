//! A set that is led by UPnP: AVTransport:1, RenderingControl:1.

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::control::{At, Given, call, loudest, seconds};
use super::description::{self, Description};
use super::{Command, Error, Film, Renderer, Standing, State};
use crate::fetch::{Client, Request};
use crate::media::Clock;
use crate::xml;

/// A description is small, and its sender near.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a set may take to begin before it is asked to seek: many refuse to before.
const BEGINNING: Duration = Duration::from_secs(15);
/// How often it is asked meanwhile.
const LOOK: Duration = Duration::from_millis(500);
/// How often it is asked. More would only disturb one that stands at no place whatever is asked.
const SEEKS: u32 = 3;
/// How long it may take to go there before it is asked again.
const SOUGHT: Duration = Duration::from_secs(3);
/// A set that stands so near before the place has sought: it goes to a picture that needs none before it.
const CLOSE_S: f64 = 12.0;
/// Volumes are from 0 to this where a set does not tell otherwise.
const USUAL_LOUDEST: u32 = 100;

/// A set, and how it is reached.
#[derive(Clone)]
pub(super) struct Upnp {
    name: String,
    description: Description,
    client: Client,
    loudest: u32,
}

/// What lies at `at`, if it is a set that can be led.
pub(super) async fn describe(client: &Client, at: &Url) -> Option<(Renderer, Upnp)> {
    let client = client.to_named(at).ok()?;
    let answer = client.send(Request::get(at.clone()).within(PATIENCE)).await.ok()?;
    let description = description::read(&xml::text(answer.success().ok()?), at)?;
    let loudest = match description.rendering.as_ref().and_then(|one| one.description.clone()) {
        Some(url) => volume_range(&client, url).await,
        None => None,
    };
    let renderer = Renderer {
        id: description.id.clone(),
        name: description.name.clone(),
        model: description.model.clone(),
        address: at.host_str()?.parse().ok()?,
    };
    let loudest = loudest.unwrap_or(USUAL_LOUDEST);
    Some((renderer, Upnp { name: description.name.clone(), description, client, loudest }))
}

async fn volume_range(client: &Client, at: Url) -> Option<u32> {
    let answer = client.send(Request::get(at).within(PATIENCE)).await.ok()?;
    loudest(&xml::text(answer.success().ok()?))
}

fn state(text: &str) -> State {
    match text {
        "PLAYING" => State::Playing,
        "PAUSED_PLAYBACK" => State::Paused,
        "TRANSITIONING" => State::Waiting,
        "NO_MEDIA_PRESENT" => State::Nothing,
        _ => State::Stopped,
    }
}

/// A volume of a set in percent. Ranges are the set's own, up to all that 32 bits hold.
fn percent_of(volume: u32, loudest: u32) -> Option<u8> {
    let percent = u64::from(volume.min(loudest)) * 100;
    u8::try_from(percent.checked_div(loudest.into())?).ok()
}

fn volume_of(percent: u8, loudest: u32) -> u64 {
    (u64::from(percent.min(100)) * u64::from(loudest)).div_ceil(100)
}

impl Upnp {
    /// Has it show a film, from where `film` says.
    pub(super) async fn show(&self, film: &Film) -> Result<(), Error> {
        let sink = self.sink().await;
        let didl = film.didl(film.spelled(&sink));
        let address = [("CurrentURI", film.url.as_str()), ("CurrentURIMetaData", didl.as_str())];
        if let Err(Error::Refused { .. }) = self.transport("SetAVTransportURI", &address).await {
            // Some take nothing new before the old has ended.
            let _ = self.transport("Stop", &[]).await;
            self.transport("SetAVTransportURI", &address).await?;
        }
        self.play().await?;
        if let Some(begin) = film.begin_s.filter(|begin| *begin > 0) {
            self.seek_once_it_plays(begin).await;
        }
        Ok(())
    }

    pub(super) async fn tell(&self, command: Command) -> Result<(), Error> {
        match command {
            Command::Play => self.play().await,
            Command::Pause => self.transport("Pause", &[]).await.map(drop),
            Command::Stop => self.transport("Stop", &[]).await.map(drop),
            Command::Seek(to) => self.seek(to).await,
            Command::Volume(percent) => self.set_volume(percent).await,
        }
    }

    pub(super) async fn standing(&self) -> Result<Standing, Error> {
        let info = self.transport("GetTransportInfo", &[]).await?;
        let position = self.transport("GetPositionInfo", &[]).await?;
        let told = |key: &str| position.get(key).map(String::as_str);
        Ok(Standing {
            state: state(info.get("currenttransportstate").map_or("", String::as_str)),
            position_s: told("reltime").and_then(seconds),
            duration_s: told("trackduration").and_then(seconds).filter(|whole| *whole > 0.0),
            volume: self.volume().await,
            url: told("trackuri").filter(|url| !url.is_empty()).map(str::to_owned),
        })
    }

    async fn call(
        &self,
        at: At<'_>,
        action: &'static str,
        arguments: &[(&str, &str)],
    ) -> Result<Given, Error> {
        call(&self.client, &self.name, at, action, arguments).await
    }

    async fn transport(
        &self,
        action: &'static str,
        arguments: &[(&str, &str)],
    ) -> Result<Given, Error> {
        self.call(At::Transport(&self.description.transport), action, arguments).await
    }

    async fn play(&self) -> Result<(), Error> {
        self.transport("Play", &[("Speed", "1")]).await.map(drop)
    }

    async fn seek(&self, to: u64) -> Result<(), Error> {
        let to = Clock::whole(to).to_string();
        self.transport("Seek", &[("Unit", "REL_TIME"), ("Target", to.as_str())]).await.map(drop)
    }

    /// A set that does not begin in time, or cannot seek, shows the film from its beginning. Some call
    /// themselves playing, and take a seek, before they have looked into the film, and then play it from
    /// its beginning (GStreamer before its preroll): so where they stand afterwards decides.
    async fn seek_once_it_plays(&self, to: u64) {
        let (end, place) = (Instant::now() + BEGINNING, Duration::from_secs(to).as_secs_f64());
        let (mut last, mut left): (Option<Instant>, _) = (None, SEEKS);
        while Instant::now() < end {
            let Ok(standing) = self.standing().await else { return };
            let is_there = || standing.position_s.is_none_or(|now| now >= place - CLOSE_S);
            let is_due = last.is_none_or(|last| last.elapsed() >= SOUGHT);
            if last.is_some() && (is_there() || (is_due && left == 0)) {
                return;
            }
            if standing.state == State::Playing && is_due && self.seek(to).await.is_ok() {
                (last, left) = (Some(Instant::now()), left - 1);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What it says it plays; nothing where it does not say.
    async fn sink(&self) -> String {
        let Some(manager) = &self.description.manager else { return String::new() };
        let given = self.call(At::Manager(manager), "GetProtocolInfo", &[]).await;
        given.ok().and_then(|mut given| given.remove("sink")).unwrap_or_default()
    }

    async fn volume(&self) -> Option<u8> {
        let at = At::Rendering(&self.description.rendering.as_ref()?.control);
        let given = self.call(at, "GetVolume", &[("Channel", "Master")]).await.ok()?;
        percent_of(given.get("currentvolume")?.parse().ok()?, self.loudest)
    }

    async fn set_volume(&self, percent: u8) -> Result<(), Error> {
        let none = || Error::NoVolume { name: self.name.clone() };
        let rendering = self.description.rendering.as_ref().ok_or_else(none)?;
        let volume = volume_of(percent, self.loudest).to_string();
        let wanted = [("Channel", "Master"), ("DesiredVolume", volume.as_str())];
        self.call(At::Rendering(&rendering.control), "SetVolume", &wanted).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_told_whatever_the_range() {
        for (volume, loudest, percent) in [
            (30, 100, Some(30)),
            (15, 30, Some(50)),
            (99, 30, Some(100)),
            (u32::MAX, u32::MAX, Some(100)),
            (u32::MAX / 2, u32::MAX, Some(49)),
            (1, 0, None),
        ] {
            assert_eq!(percent_of(volume, loudest), percent, "{volume} of {loudest}");
        }
        for (percent, loudest, volume) in
            [(50, 30, 15), (1, 30, 1), (255, 30, 30), (100, u32::MAX, u64::from(u32::MAX))]
        {
            assert_eq!(volume_of(percent, loudest), volume, "{percent} of {loudest}");
        }
    }
}
