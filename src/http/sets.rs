//! Which set asks, by what it says of itself; and a list of those that asked lately, so that an owner
//! can report one that nobody knows.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::header::{HeaderMap, HeaderName, USER_AGENT};
use serde::Serialize;

use crate::select::Profile;

const CLIENT_INFO: HeaderName = HeaderName::from_static("x-av-client-info");
const FRIENDLY: HeaderName = HeaderName::from_static("friendlyname.dlna.org");
/// Most sets that are remembered; the one that was heard of longest ago goes.
const MOST: usize = 32;
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
pub struct Sets(Arc<Mutex<VecDeque<Seen>>>);

impl Sets {
    /// Notes that the set at `address` with these headers asked for `what`.
    pub(in crate::http) fn note(&self, address: IpAddr, headers: &HeaderMap, what: &str) {
        let [user_agent, client_info, friendly_name] = said(headers).map(cut);
        let profile = profile_of(headers).name.clone();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        (row.profile, row.last) = (profile, now);
        rows.push_back(row);
        if rows.len() > MOST {
            rows.pop_front();
        }
    }

    /// The profile under which the device at `address` was last given lists: a set that is known by
    /// what it says while it browses may say less when it plays. `None` where it was given none.
    pub(in crate::http) fn of(&self, address: IpAddr) -> Option<&'static Profile> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let row = rows.iter().rev().find(|row| row.address == address)?;
        Profile::named(&row.profile)
    }

    /// All of them, the newest first.
    #[must_use]
    pub fn all(&self) -> Vec<Seen> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.iter().rev().cloned().collect()
    }
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
