//! Who may: the claim is won once, guesses are few, sessions outlive restarts and wrong clocks, a
//! changed bit is no right, a stranger's Host is not ours. Over the real state file.

#![allow(clippy::unwrap_used, reason = "what the tests share panics as a test does")]

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use credenza::access::{
    Access, ClaimError, Clock, Error, HostList, Ledger, LocalKey, LoginError, MediaKeys,
    PasswordRule, RunningServer,
};
use credenza::durable::State;

const CODE: &str = "042137";
const PASSWORD: &str = "correct horse";
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 7));

/// The state file as a ledger, as the application ties them.
struct Book(State);

impl Ledger for Book {
    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.0.get_bytes(key).map_err(|fault| fault.to_string())
    }
    fn write(&self, key: &str, value: Vec<u8>) -> Result<(), String> {
        self.0.put_bytes(key, &value).map_err(|fault| fault.to_string())
    }
    fn remove(&self, key: &str) -> Result<(), String> {
        self.0.remove(key).map_err(|fault| fault.to_string())
    }
    fn keys(&self, prefix: &str) -> Result<Vec<String>, String> {
        self.0.keys(prefix).map_err(|fault| fault.to_string())
    }
    fn claim_once(&self, key: &str, value: Vec<u8>) -> Result<bool, String> {
        self.0.put_bytes_once(key, &value).map_err(|fault| fault.to_string())
    }
}

fn book(folder: &Path) -> Arc<dyn Ledger> {
    Arc::new(Book(State::open(&folder.join("state.redb")).unwrap()))
}

fn access(book: &Arc<dyn Ledger>) -> Access {
    Access::open(book.clone(), Some(CODE.to_owned())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_claims_at_once_one_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let access = Arc::new(access(&book(folder.path())));
    let mut claims = tokio::task::JoinSet::new();
    for number in 0..200 {
        let access = access.clone();
        claims.spawn(async move { access.claim(CODE, &format!("password {number}")).await });
    }
    let (mut won, mut owned) = (Vec::new(), 0);
    while let Some(claim) = claims.join_next().await {
        match claim.unwrap() {
            Ok(token) => won.push(token),
            Err(ClaimError::Owned) => owned += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((won.len(), owned), (1, 199));
    assert!(access.session(won[0].expose()));
    assert_eq!(access.claim_code(), None);
}

#[tokio::test]
async fn two_houses_on_one_ledger_still_have_one_owner() {
    let folder = tempfile::tempdir().unwrap();
    let book = book(folder.path());
    let (one, two) = (access(&book), access(&book));
    one.claim(CODE, PASSWORD).await.unwrap();
    assert_eq!(two.claim(CODE, "another password").await, Err(ClaimError::Owned));
}

#[tokio::test]
async fn a_claim_needs_the_code_and_a_fit_password() {
    let folder = tempfile::tempdir().unwrap();
    let book = book(folder.path());
    let access = access(&book);
    assert_eq!(access.claim_code().as_deref(), Some(CODE));
    assert_eq!(access.login(PASSWORD, HERE).await, Err(LoginError::NoOwner));
    // A password that does not fit costs no try.
    for (password, wanted) in
        [("1234567".to_owned(), PasswordRule::TooShort), ("x".repeat(257), PasswordRule::TooLong)]
    {
        for _ in 0..6 {
            let refused = access.claim(CODE, &password).await;
            assert_eq!(refused, Err(ClaimError::Password(wanted)));
        }
    }
    for code in ["", "042138", "42137", "0421370", "٠٤٢١٣٧"] {
        assert_eq!(access.claim(code, PASSWORD).await, Err(ClaimError::WrongCode), "{code}");
    }
    // The right one, too late.
    let refused = access.claim(CODE, PASSWORD).await;
    assert!(matches!(refused, Err(ClaimError::TooMany { .. })), "{refused:?}");
    assert_eq!(book.keys("").unwrap(), Vec::<String>::new());
}

#[test]
fn a_code_of_the_configuration_is_six_digits_and_a_made_one_too() {
    let folder = tempfile::tempdir().unwrap();
    let book = book(folder.path());
    for code in ["", "12345", "1234567", "12345a", "12 456"] {
        let refused = Access::open(book.clone(), Some(code.to_owned())).unwrap_err();
        assert_eq!(refused, Error::BadClaimCode, "{code}");
    }
    let codes: Vec<String> =
        (0..50).map(|_| Access::open(book.clone(), None).unwrap().claim_code().unwrap()).collect();
    assert!(codes.iter().all(|code| code.len() == 6 && code.parse::<u32>().is_ok()));
    assert!(codes.iter().any(|code| code != &codes[0]));
}

#[test]
fn an_owner_who_cannot_be_read_is_not_the_absence_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let book = book(folder.path());
    for kept in ["", "{}", "null", r#"{"password":""}"#, r#"{"password":"$argon2id$"}"#] {
        book.write("owner", kept.into()).unwrap();
        let refused = Access::open(book.clone(), None).unwrap_err();
        assert_eq!(refused, Error::OwnerUnreadable, "{kept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_guesses_at_once_few_are_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let access = Arc::new(access(&book(folder.path())));
    access.claim(CODE, PASSWORD).await.unwrap();
    let mut guesses = tokio::task::JoinSet::new();
    for number in 0..2_000u32 {
        let access = access.clone();
        let from = IpAddr::from((0x0a00_0000 + number % 50).to_be_bytes());
        guesses.spawn(async move { access.login(&format!("password {number}"), from).await });
    }
    let mut evaluated = 0;
    while let Some(guess) = guesses.join_next().await {
        match guess.unwrap() {
            Err(LoginError::WrongPassword) => evaluated += 1,
            Err(LoginError::TooMany { retry_after }) => {
                assert!(retry_after <= Duration::from_secs(60));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!((1..=10).contains(&evaluated), "{evaluated}");
}

#[tokio::test]
async fn sessions_outlive_a_restart_and_end_when_they_are_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = {
        let access = access(&book(folder.path()));
        let one = access.claim(CODE, PASSWORD).await.unwrap();
        let two = access.login(PASSWORD, HERE).await.unwrap();
        assert_eq!(format!("{one:?} {access:?}"), "*** Access { owned: true, .. }");
        (one, two)
    };
    let bytes = fs::read(folder.path().join("state.redb")).unwrap();
    for secret in [one.expose(), two.expose(), PASSWORD] {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()));
    }
    let access = access(&book(folder.path()));
    assert!(access.owner_exists() && access.claim_code().is_none());
    assert!(access.session(one.expose()) && access.session(two.expose()));
    let long = "A".repeat(10_000);
    for stranger in ["", "x", &one.expose()[1..], &one.expose().to_lowercase(), &long] {
        assert!(!access.session(stranger), "{stranger}");
        access.logout(stranger).await.unwrap();
    }
    access.logout(one.expose()).await.unwrap();
    assert!(!access.session(one.expose()) && access.session(two.expose()));
    let three = access.login(PASSWORD, HERE).await.unwrap();
    access.revoke_all().await.unwrap();
    assert!(!access.session(two.expose()) && !access.session(three.expose()));
}

#[tokio::test]
async fn a_session_ends_after_ninety_days_and_by_no_wrong_clock() {
    const DAY: u64 = 86_400;
    const THEN: u64 = 1_800_000_000; // some day of 2027
    let folder = tempfile::tempdir().unwrap();
    let book = book(folder.path());
    let time = Arc::new(AtomicU64::new(THEN));
    let clock = {
        let time = time.clone();
        Clock::new(move || {
            SystemTime::UNIX_EPOCH + Duration::from_secs(time.load(Ordering::Relaxed))
        })
    };
    let open =
        || Access::open_with_clock(book.clone(), Some(CODE.to_owned()), clock.clone()).unwrap();
    let access = open();
    let token = access.claim(CODE, PASSWORD).await.unwrap();
    for (at, holds) in [
        (THEN + 89 * DAY, true),
        (60, true), // 1970: a board without a battery
        (THEN - 300 * DAY, true),
        (THEN + 90 * DAY, false),
        (THEN + 900 * DAY, false),
    ] {
        time.store(at, Ordering::Relaxed);
        assert_eq!(access.session(token.expose()), holds, "{at}");
        assert_eq!(open().session(token.expose()), holds, "{at} after a restart");
    }
    // Made in 1970: its ninety days begin when the clock has been set.
    time.store(60, Ordering::Relaxed);
    let token = access.login(PASSWORD, HERE).await.unwrap();
    time.store(THEN, Ordering::Relaxed);
    assert!(access.session(token.expose()));
    time.store(THEN + 89 * DAY, Ordering::Relaxed);
    assert!(open().session(token.expose()));
    time.store(THEN + 90 * DAY, Ordering::Relaxed);
    assert!(!access.session(token.expose()) && !open().session(token.expose()));
}

#[tokio::test]
async fn no_more_than_sixty_four_sessions_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let book = book(folder.path());
    let access = access(&book);
    access.claim(CODE, PASSWORD).await.unwrap();
    for number in 0..80 {
        book.write(&format!("session/{number}"), format!(r#"{{"made":{number}}}"#).into()).unwrap();
    }
    let access = Access::open(book.clone(), None).unwrap();
    let token = access.login(PASSWORD, HERE).await.unwrap();
    assert_eq!(book.keys("session/").unwrap().len(), 64);
    assert!(access.session(token.expose()));
}

#[test]
fn a_media_key_is_for_one_file_and_no_bit_of_it_may_change() {
    let folder = tempfile::tempdir().unwrap();
    let keys = MediaKeys::open(book(folder.path())).unwrap();
    for (media_id, name) in [("tt0944947:1:1", "Pilot.mkv"), ("", ""), ("ä/../b", "a b?.mkv")] {
        let key = keys.sign(media_id, name);
        assert!(key.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)), "{key}");
        assert_eq!(keys.verify(&key, name).as_deref(), Some(media_id));
        assert_eq!(keys.verify(&key, &format!("{name}x")), None);
        for place in 0..key.len() {
            for bit in 0..8 {
                let mut changed = key.clone().into_bytes();
                changed[place] ^= 1 << bit;
                let Ok(changed) = String::from_utf8(changed) else { continue };
                assert_eq!(keys.verify(&changed, name), None, "{changed}");
            }
        }
        for changed in [format!("0{key}"), format!("+{key}"), format!("{key}="), format!("{key}.")]
        {
            assert_eq!(keys.verify(&changed, name), None, "{changed}");
        }
    }
    // No bytes wander between the media id and the name.
    assert_ne!(keys.sign("a", "bc").rsplit('.').next(), keys.sign("ab", "c").rsplit('.').next());
    for text in ["", ".", "..", "1..", "x.y.z", "18446744073709551616.YQ.AA", "1.YQ"] {
        assert_eq!(keys.verify(text, "a"), None, "{text}");
    }
    assert_eq!(format!("{keys:?}"), "MediaKeys(***)");
}

#[test]
fn media_keys_outlive_a_restart_and_one_rotation() {
    let folder = tempfile::tempdir().unwrap();
    let book = book(folder.path());
    let keys = MediaKeys::open(book.clone()).unwrap();
    let old = keys.sign("m", "n");
    keys.rotate().unwrap();
    let keys = MediaKeys::open(book.clone()).unwrap();
    let new = keys.sign("m", "n");
    assert_ne!(old, new);
    assert_eq!(keys.verify(&old, "n").as_deref(), Some("m"));
    assert_eq!(keys.verify(&new, "n").as_deref(), Some("m"));
    // The epoch is signed too.
    let (_, rest) = new.split_once('.').unwrap();
    assert_eq!(keys.verify(&format!("1.{rest}"), "n"), None);
    keys.rotate().unwrap();
    assert_eq!(keys.verify(&old, "n"), None);
    assert_eq!(keys.verify(&new, "n").as_deref(), Some("m"));
    keys.rotate().unwrap();
    assert_eq!(keys.verify(&new, "n"), None);
    // Damaged in the state: new ones, and old URLs end.
    let last = keys.sign("m", "n");
    book.write("media_keys", b"[]".to_vec()).unwrap();
    assert_eq!(MediaKeys::open(book).unwrap().verify(&last, "n"), None);
}

const OURS: &[&str] = &[
    "192.168.1.5",
    "192.168.1.5:8080",
    "192.168.1.5:1",
    "[fd00::5]",
    "[fd00::5]:8080",
    "[FD00:0:0::5]",
    "127.0.0.1",
    "127.0.0.1:8080",
    "[::1]",
    "[::1]:80",
    "localhost",
    "LOCALHOST:8080",
    "localhost.",
    "credenza",
    "credenza:8080",
    "credenza.local",
    "credenza.local.",
    "CREDENZA.LOCAL.:8080",
    "Credenza.local:80",
    "films.example.org",
    "films.example.org.:443",
    "FILMS.example.org",
];

const THEIRS: &[&str] = &[
    "",
    " ",
    ".",
    ":",
    ":80",
    "evil.com",
    "evil.com:80",
    "evil.com:8080",
    "192.168.1.5.evil.com",
    "192-168-1-5.nip.io",
    "192.168.1.5.nip.io",
    "credenza.evil.com",
    "credenza.local.evil.com",
    "evil.credenza.local",
    "credenza.local.local",
    "xcredenza.local",
    "credenza..local",
    "credenza.local..",
    ".local",
    "local",
    "credenza.lan",
    "sub.films.example.org",
    "example.org",
    "192.168.1.6",
    "192.168.1.50",
    "192.168.1.05",
    "192.168.261",
    "3232235781",
    "2130706433",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "127.1",
    "127.0.0.2",
    "0.0.0.0",
    "[::]",
    "[::ffff:192.168.1.5]",
    "[::ffff:127.0.0.1]",
    "[fd00::6]",
    "[fe80::1%25eth0]",
    "[fd00::5",
    "fd00::5",
    "::1",
    "[127.0.0.1]",
    "[credenza]",
    "[::1]x",
    "[::1]:",
    "[::1]:x",
    "credenza:",
    "credenza:80:80",
    "credenza:65536",
    "credenza:-1",
    "credenza:+80",
    "credenza, evil.com",
    "credenza,evil.com",
    "evil.com,credenza",
    "credenza evil.com",
    "credenza ",
    "\tcredenza",
    "user@credenza",
    "credenza/",
    "credenza?x",
    "credenza#x",
    "http://credenza",
    "credenza\0",
    "crédenza",
    "credenza\u{3002}local",
    "localhost.evil.com",
    "localhost.local.evil",
    "localhost.localdomain",
];

#[test]
fn a_host_is_ours_or_refused() {
    let addresses = Arc::new(Mutex::new(vec![
        "192.168.1.5".parse().unwrap(),
        "fd00::5".parse::<IpAddr>().unwrap(),
    ]));
    let own = addresses.clone();
    let hosts =
        HostList::new("Credenza", ["films.example.org.".to_owned(), String::new()], move || {
            own.lock().unwrap().clone()
        });
    for host in OURS {
        assert!(hosts.allows(host), "{host}");
    }
    let long = format!("{}.local", "a".repeat(8_192));
    for host in THEIRS.iter().copied().chain([long.as_str()]) {
        assert!(!hosts.allows(host), "{host}");
    }
    // DHCP gave another address; the LAN had our name.
    addresses.lock().unwrap()[0] = "192.168.1.9".parse().unwrap();
    assert!(hosts.allows("192.168.1.9:8080") && !hosts.allows("192.168.1.5:8080"));
    hosts.rename("credenza-2.local.");
    assert!(hosts.allows("credenza-2.local") && !hosts.allows("credenza.local"));
}

#[test]
fn a_name_that_is_empty_lets_nobody_in() {
    let hosts = HostList::new("", [], Vec::new);
    for host in ["", ".", ".local", "local", "evil.com"] {
        assert!(!hosts.allows(host), "{host}");
    }
    assert!(hosts.allows("localhost"));
}

proptest::proptest! {
    #[test]
    fn a_strangers_text_never_panics_and_is_no_right(text in ".{0,80}") {
        let hosts = HostList::new("credenza", [], Vec::new);
        let theirs = format!("{text}.evil.com");
        proptest::prop_assert!(!hosts.allows(&theirs), "{}", theirs);
        let _ = hosts.allows(&text);
    }
}

#[test]
fn the_local_key_is_private_and_made_anew_where_it_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("local.key");
    assert!(LocalKey::read(folder.path()).unwrap().is_none());
    let key = LocalKey::read_or_make(folder.path()).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(key.matches(text.trim()) && key.secret().expose() == text.trim());
    let digits = text.trim();
    for wrong in ["", "x", digits.to_uppercase().as_str(), &digits[1..], text.as_str()] {
        assert_eq!(key.matches(wrong), wrong == digits, "{wrong}");
    }
    assert_eq!(format!("{key:?}"), "LocalKey(***)");
    let again = LocalKey::read_or_make(folder.path()).unwrap();
    assert!(again.matches(digits), "kept over a restart");

    for damaged in [&b""[..], b"short", &[0xff; 64], &[b'g'; 64], &[b'a'; 65], &[0; 64]] {
        fs::write(&path, damaged).unwrap();
        let made = LocalKey::read_or_make(folder.path()).unwrap();
        assert!(made.secret().expose().len() == 64 && !made.matches(digits));
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let seen = LocalKey::read_or_make(folder.path()).unwrap();
    assert!(seen.secret().expose() != digits);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn the_running_server_is_found_by_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    assert_eq!(RunningServer::read(dir), None);
    let ours = RunningServer { address: "127.0.0.1:8080".parse().unwrap(), pid: 7 };
    let other = RunningServer { pid: 8, ..ours.clone() };
    ours.write(dir).unwrap();
    assert_eq!(RunningServer::read(dir), Some(ours.clone()));
    other.remove(dir).unwrap();
    assert_eq!(RunningServer::read(dir), Some(ours.clone()), "another's is left");
    ours.remove(dir).unwrap();
    ours.remove(dir).unwrap();
    assert_eq!(RunningServer::read(dir), None);
    fs::write(dir.join("server.json"), b"{\"address\":").unwrap();
    assert_eq!(RunningServer::read(dir), None);
}
