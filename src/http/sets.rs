//! Which set asks, by what it says of itself; and a list of those that asked lately, so that an owner
//! can report one that nobody knows.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::Method;
use axum::http::header::{HeaderMap, HeaderName, RANGE, USER_AGENT};
use serde::Serialize;

use crate::select::Profile;

const CLIENT_INFO: HeaderName = HeaderName::from_static("x-av-client-info");
const FRIENDLY: HeaderName = HeaderName::from_static("friendlyname.dlna.org");
/// Most sets that are remembered of those that were given lists, and of the others; the one that was
/// heard of longest ago goes.
const MOST: usize = 32;
const MOST_OTHERS: usize = 16;
/// Most kinds of request that are remembered of one, and the longest text of each.
const MOST_ASKED: usize = 16;
const LONGEST: usize = 200;

/// The profile of the set that sent these headers; `None` where no row of the table is about it.
#[must_use]
pub(in crate::http) fn known(headers: &HeaderMap) -> Option<&'static Profile> {
    let said = said(headers);
    Profile::of(&said)
}

/// The same, with the safe one for a set that nobody knows.
#[must_use]
pub fn profile_of(headers: &HeaderMap) -> &'static Profile {
    known(headers).unwrap_or_else(Profile::unknown)
}

fn said(headers: &HeaderMap) -> [&str; 3] {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    [USER_AGENT, CLIENT_INFO, FRIENDLY].map(|name| text(name).unwrap_or_default())
}

/// A set that asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Its address.
    pub address: IpAddr,
    /// `User-Agent`.
    pub user_agent: String,
    /// `X-AV-Client-Info`, where it says more of itself.
    pub client_info: String,
    /// `FriendlyName.DLNA.ORG`: how it is called, where it tells that.
    pub friendly_name: String,
    /// The profile that it was given: `unknown` for the safe one.
    pub profile: String,
    /// What it asked for, the newest last.
    pub asked: Vec<String>,
    /// When it asked last, in seconds since 1970.
    pub last: u64,
}

/// The sets that asked lately. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Sets(Arc<Mutex<Rows>>);

#[derive(Debug, Default)]
struct Rows {
    /// What was given lists in its own words.
    browse: VecDeque<Seen>,
    /// What nobody knows, and asks for folders and films alone: a list of its own, so that no number of
    /// them has a set forgotten that is given lists.
    others: VecDeque<Seen>,
}

impl Sets {
    /// Notes that the set at `address` with these headers asked for `what`.
    pub(in crate::http) fn note(&self, address: IpAddr, headers: &HeaderMap, what: &str) {
        note_in(&mut self.rows().browse, MOST, (address, headers, what));
    }

    /// The same of who asks otherwise than by UPnP, where it is a set that nobody knows.
    pub(in crate::http) fn note_unknown(&self, address: IpAddr, headers: &HeaderMap, what: &str) {
        let said = said(headers);
        let nameless = said.iter().all(|text| text.is_empty());
        if nameless || Profile::of(&said).is_some() || Profile::is_program(&said) {
            return;
        }
        let unknown = Profile::unknown().name.as_str();
        if self.of(address).is_some_and(|set| set.name != unknown) {
            return;
        }
        let mut rows = self.rows();
        let agent = cut(said[0]);
        if rows.browse.iter().any(|row| row.address == address && row.user_agent == agent) {
            return note_in(&mut rows.browse, MOST, (address, headers, what));
        }
        note_in(&mut rows.others, MOST_OTHERS, (address, headers, what));
    }

    /// The profile under which the device at `address` was last given lists: a set that is known by
    /// what it says while it browses may say less when it plays. `None` where it was given none.
    pub(in crate::http) fn of(&self, address: IpAddr) -> Option<&'static Profile> {
        let rows = self.rows();
        let row = rows.browse.iter().rev().find(|row| row.address == address)?;
        Profile::named(&row.profile)
    }

    /// All of them, the newest first.
    #[must_use]
    pub fn all(&self) -> Vec<Seen> {
        let rows = self.rows();
        let both = rows.browse.iter().rev().chain(rows.others.iter().rev());
        let mut all: Vec<Seen> = both.cloned().collect();
        all.sort_by_key(|row| std::cmp::Reverse(row.last));
        all
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes who asked for what, at the end of `rows`.
fn note_in(
    rows: &mut VecDeque<Seen>,
    most: usize,
    (address, headers, what): (IpAddr, &HeaderMap, &str),
) {
    let [user_agent, client_info, friendly_name] = said(headers).map(cut);
    let same = |row: &Seen| row.address == address && row.user_agent == user_agent;
    let known = rows.iter().position(same).and_then(|at| rows.remove(at));
    let mut row = known.unwrap_or_else(|| Seen {
        address,
        user_agent: user_agent.clone(),
        client_info: String::new(),
        friendly_name: String::new(),
        profile: String::new(),
        asked: Vec::new(),
        last: 0,
    });
    if !client_info.is_empty() {
        row.client_info = client_info;
    }
    if !friendly_name.is_empty() {
        row.friendly_name = friendly_name;
    }
    let what = cut(what);
    row.asked.retain(|one| *one != what);
    row.asked.push(what);
    let surplus = row.asked.len().saturating_sub(MOST_ASKED);
    row.asked.drain(..surplus);
    row.profile.clone_from(&profile_of(headers).name);
    row.last = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    rows.push_back(row);
    if rows.len() > most {
        rows.pop_front();
    }
}

/// How a film was asked for, for the list of sets: no title, but the kind of file, whether a part of it was
/// wanted, and what makers' own headers asked beside.
pub(in crate::http) fn words(method: &Method, name: &str, headers: &HeaderMap) -> String {
    let (_, ending) = name.rsplit_once('.').unwrap_or_default();
    let own = |name: &&HeaderName| {
        let (_, whose) = name.as_str().split_once('.').unwrap_or_default();
        matches!(whose, "dlna.org" | "sec") && **name != FRIENDLY
    };
    let range = headers.contains_key(RANGE).then_some("Range");
    let wanted = range.into_iter().chain(headers.keys().filter(own).map(HeaderName::as_str));
    let wanted: Vec<&str> = wanted.collect();
    let by = if wanted.is_empty() { String::new() } else { format!(" by {}", wanted.join(", ")) };
    format!("{method} of a .{ending}{by}")
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(agent: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(agent))])
    }

    #[test]
    fn sets_are_remembered_by_what_they_asked() {
        let sets = Sets::default();
        let at = |last: u8| IpAddr::from([10, 0, 0, last]);
        sets.note(at(1), &headers("Nobody's TV/1.0"), "Browse");
        sets.note(at(1), &headers("Nobody's TV/1.0"), "Search: x");
        sets.note(at(1), &headers("Nobody's TV/1.0"), "Browse");
        sets.note(at(2), &headers("Kodi/20.5"), "description");
        let all = sets.all();
        assert_eq!((all[0].profile.as_str(), all[1].profile.as_str()), ("Kodi", "unknown"));
        assert_eq!(all[1].asked, ["Search: x", "Browse"]);
        for number in 0..200 {
            sets.note(at(number), &headers("x"), &number.to_string());
            sets.note(at(3), &headers("y"), &number.to_string());
        }
        assert_eq!(sets.of(at(2)).map(|set| set.name.as_str()), None, "long ago");
        assert_eq!(sets.of(at(199)).map(|set| set.name.as_str()), Some("unknown"));
        assert_eq!(sets.all().len(), MOST);
        assert_eq!(sets.all()[0].asked.len(), MOST_ASKED);
    }
}
