use super::*;

const TORRENTIO: IndexName = IndexName::Torrentio;
const WALL: u64 = 1_800_000_000;

fn plain() -> Breaker {
    Breaker::new(TORRENTIO, None)
}

async fn wait(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

fn asked(breaker: &mut Breaker) -> bool {
    matches!(breaker.admit(false), Admission::Ask { .. })
}

/// For how many seconds it is shut after each of these, asked again as soon as it may be.
async fn pauses(outcome: Outcome, times: usize) -> Vec<u64> {
    let mut breaker = plain();
    let mut pauses = Vec::new();
    for _ in 0..times {
        assert!(asked(&mut breaker));
        breaker.settle(outcome);
        let left = breaker.shut().map_or(0, |shut| shut.left.as_secs());
        assert!(!asked(&mut breaker), "shut for {left} s");
        wait(left - 1).await;
        assert!(!asked(&mut breaker), "a second too early");
        wait(1).await;
        pauses.push(left);
    }
    pauses
}

#[tokio::test(start_paused = true)]
async fn a_refusal_shuts_for_hours_a_429_for_its_time_and_failures_for_longer_each_time() {
    let hours = |hours: [u64; 4]| hours.map(|hours| hours * 3600).to_vec();
    let refused = Outcome::Refused { status: Some(403) };
    assert_eq!(pauses(refused, 4).await, hours([6, 12, 24, 24]));
    for (told, pause) in [(0, 1), (90, 90), (3600, 3600), (86_400, 86_400), (9_999_999, 86_400)] {
        let limited =
            Outcome::Limited { busy: false, retry_after: Some(Duration::from_secs(told)) };
        assert_eq!(pauses(limited, 2).await, [pause, pause], "{told}");
    }
    let untold = Outcome::Limited { busy: false, retry_after: None };
    assert_eq!(pauses(untold, 8).await, [60, 120, 240, 480, 960, 1920, 3600, 3600]);
    for failed in [Outcome::Failed, Outcome::Silent] {
        assert_eq!(pauses(failed, 8).await, [10, 20, 40, 80, 160, 320, 600, 600]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_forgives_all_and_who_was_silent_or_late_is_not_waited_for() {
    let mut breaker = plain();
    for _ in 0..3 {
        breaker.admit(false);
        breaker.settle(Outcome::Silent);
        wait(600).await;
    }
    assert_eq!(breaker.admit(false), Admission::Ask { waited_for: false });
    breaker.settle(Outcome::Answered { late: true });
    assert_eq!(breaker.admit(false), Admission::Ask { waited_for: false });
    breaker.settle(Outcome::Answered { late: false });
    assert_eq!(breaker.admit(false), Admission::Ask { waited_for: true });
    breaker.settle(Outcome::Failed);
    assert_eq!(breaker.shut().map(|shut| shut.left), Some(FAILED), "from the start again");
    wait(10).await;
    assert_eq!(breaker.admit(false), Admission::Ask { waited_for: true }, "it fails fast");
}

#[tokio::test(start_paused = true)]
async fn after_its_pause_one_search_tries_and_the_others_keep_away() {
    let mut breaker = plain();
    breaker.admit(false);
    breaker.settle(Outcome::Failed);
    wait(10).await;
    assert!(asked(&mut breaker), "the trial");
    assert!(!asked(&mut breaker) && breaker.shut().is_some());
    breaker.settle(Outcome::NotAsked);
    assert!(asked(&mut breaker), "the trial that was cut off is another's");
    wait(61).await;
    assert!(asked(&mut breaker), "a trial that nobody has heard of again");
    breaker.settle(Outcome::Answered { late: false });
    assert!(asked(&mut breaker) && asked(&mut breaker));
    // Two that were asked at once and failed at once are one failure.
    breaker.settle(Outcome::Failed);
    breaker.settle(Outcome::Failed);
    assert_eq!(breaker.shut().map(|shut| shut.left), Some(FAILED));
}

#[tokio::test(start_paused = true)]
async fn a_failure_beside_a_refusal_does_not_shorten_it() {
    let mut breaker = plain();
    breaker.settle(Outcome::Refused { status: Some(418) });
    breaker.settle(Outcome::Failed);
    breaker.settle(Outcome::Limited { busy: false, retry_after: Some(Duration::from_secs(90)) });
    let shut = breaker.shut().unwrap();
    assert_eq!((shut.state, shut.left), (State::Blocked, REFUSED));
    assert!(shut.message.starts_with("torrentio refuses this connection (418) until about "));
}

#[tokio::test(start_paused = true)]
async fn where_all_of_them_fail_failures_are_no_reason_but_refusals_are() {
    let mut failed = plain();
    failed.settle(Outcome::Silent);
    assert!(matches!(failed.admit(true), Admission::Ask { .. }));
    let mut refused = plain();
    refused.settle(Outcome::Refused { status: None });
    assert!(matches!(refused.admit(true), Admission::Shut(_)));
}

#[tokio::test(start_paused = true)]
async fn a_stated_budget_is_kept_and_begins_anew_when_its_time_is_over() {
    for (host, most, within) in
        [("torrentio.strem.fun", 5_000, 86_400), ("mediafusion.elfhosted.com", 20, 3_600)]
    {
        let mut breaker = Breaker::new(TORRENTIO, Budget::of(host));
        for count in 0..most {
            assert!(asked(&mut breaker), "{host}: {count}");
        }
        wait(within - 60).await;
        let Admission::Shut(shut) = breaker.admit(false) else { panic!("{host}: over the budget") };
        assert_eq!((shut.state, shut.left.as_secs()), (State::Limited, 60));
        assert!(shut.message.ends_with("for another 60 s"), "{}", shut.message);
        wait(60).await;
        assert!(asked(&mut breaker), "{host}: a new day");
    }
    assert_eq!(Budget::of("127.0.0.1"), None, "a household's own has none");
}

#[tokio::test(start_paused = true)]
async fn a_search_that_takes_two_requests_is_two_of_the_budget() {
    let mut breaker = Breaker::new(TORRENTIO, Budget::of("mediafusion.elfhosted.com"));
    for _ in 0..10 {
        assert!(asked(&mut breaker));
        breaker.spend(1);
    }
    assert!(!asked(&mut breaker), "twenty were sent");
    let mut free = Breaker::new(TORRENTIO, None);
    free.spend(u32::MAX);
    assert!(asked(&mut free));
}

#[tokio::test(start_paused = true)]
async fn a_restart_keeps_what_is_left_whatever_the_wall_clock_does() {
    let mut before = plain();
    before.settle(Outcome::Limited { busy: false, retry_after: Some(Duration::from_secs(3600)) });
    wait(600).await;
    let kept = before.kept(WALL);
    let text = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Kept>(&text).unwrap(), kept);
    for (wall, left) in [
        (WALL, Some(3_000)),
        (WALL + 1_000, Some(2_000)),
        (WALL + 3_000, None),
        (WALL - 1_000_000, Some(3_000)), // the clock has gone back
        (0, Some(3_000)),                // a board without a battery
        (u64::MAX, None),
    ] {
        let after = plain().take_up(&kept, wall);
        assert_eq!(after.shut().map(|shut| shut.left.as_secs()), left, "{wall}");
    }
    // A record from somebody else's hand shuts nobody for longer than a day.
    let long = Kept { closed: Some((u64::MAX, Why::Limited)), ..kept };
    assert_eq!(plain().take_up(&long, WALL).shut().unwrap().left, DAY);
}

#[tokio::test(start_paused = true)]
async fn a_restart_keeps_what_is_spent_and_how_often_we_were_refused() {
    let budget = Budget::of("mediafusion.elfhosted.com");
    let mut before = Breaker::new(TORRENTIO, budget);
    wait(10_000).await;
    for _ in 0..20 {
        before.admit(false);
    }
    before.settle(Outcome::Refused { status: Some(403) });
    wait(7 * 3600).await;
    before.admit(false);
    before.spent = Some((Instant::now(), 20));
    let kept = before.kept(WALL);
    let after = Breaker::new(TORRENTIO, budget).take_up(&kept, WALL + 600);
    assert_eq!(after.shut().map(|shut| shut.left.as_secs()), Some(3_000));
    let mut after = Breaker::new(TORRENTIO, budget).take_up(&kept, WALL + 3_601);
    assert!(asked(&mut after));
    after.settle(Outcome::Refused { status: Some(403) });
    assert_eq!(after.shut().map(|shut| shut.left.as_secs()), Some(12 * 3600), "the second time");
}

proptest::proptest! {
    #[test]
    fn no_record_makes_a_breaker_panic_or_shut_for_longer_than_a_day(
        at: u64, left: u64, age: u64, count: u32, refusals: u32, failures: u32, wall: u64,
    ) {
        let kept = Kept {
            at, closed: Some((left, Why::Failed)), refusals, failures, slow: true,
            spent: Some((age, count)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _guard = runtime.enter();
        for host in ["torrentio.strem.fun", "other.example"] {
            let mut breaker = Breaker::new(TORRENTIO, Budget::of(host)).take_up(&kept, wall);
            let _ = breaker.admit(true);
            for outcome in [Outcome::Failed, Outcome::Refused { status: None }, Outcome::Limited { busy: false, retry_after: None }] {
                breaker.settle(outcome);
                proptest::prop_assert!(breaker.shut().is_none_or(|shut| shut.left <= DAY));
            }
            let _ = breaker.kept(wall);
        }
    }
}
