use super::*;

const CAPS: Caps = Caps { streams_per_device: 2, streams_total: 3, requests_per_second: 2 };

fn device(last: u8) -> IpAddr {
    [192, 168, 1, last].into()
}

#[tokio::test(start_paused = true)]
async fn a_place_is_waited_for_and_free_when_its_body_ends() {
    let limits = Limits::new(CAPS);
    let one = limits.admit(device(1)).await.unwrap_or_else(|_| panic!());
    let _two = limits.admit(device(1)).await.unwrap_or_else(|_| panic!());
    assert_eq!(limits.admit(device(1)).await.err(), Some(Crowded::Device(2)));
    let _other = limits.admit(device(2)).await.unwrap_or_else(|_| panic!());
    assert_eq!(limits.admit(device(3)).await.err(), Some(Crowded::Total(3)));
    let leaves = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(one);
    };
    let (come_again, ()) = tokio::join!(limits.admit(device(1)), leaves);
    assert!(come_again.is_ok());
    assert_eq!(limits.open(), 3);
    drop(come_again);
    assert_eq!(limits.open(), 2);
}

#[tokio::test(start_paused = true)]
async fn requests_are_saved_up_and_come_again_with_time() {
    let limits = Limits::new(CAPS);
    for _ in 0..20 {
        limits.request(device(1)).unwrap();
    }
    assert_eq!(limits.request(device(1)), Err(Crowded::Requests(2)));
    limits.request(device(2)).unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    limits.request(device(1)).unwrap();
    limits.request(device(1)).unwrap();
    assert!(limits.request(device(1)).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_device_that_opens_title_after_title_is_noticed() {
    let limits = Limits::new(CAPS);
    for title in 1..TITLES {
        limits.opens(device(1), &title.to_string()).unwrap();
        limits.opens(device(1), "the same again and again").unwrap();
    }
    assert_eq!(limits.opens(device(1), "one more"), Err(Crowded::Titles(TITLES)));
    assert_eq!(limits.opens(device(1), "and another"), Err(Crowded::Titles(TITLES)));
    let notices = limits.notices();
    assert_eq!((notices.len(), notices[0].code), (1, "many_titles"));
    limits.opens(device(2), "one more").unwrap();
    // What was chosen before is counted by itself, and generously.
    for key in 0..LISTED {
        limits.follows(device(1), &key.to_string()).unwrap();
    }
    assert_eq!(limits.follows(device(1), "one more"), Err(Crowded::Titles(LISTED)));
    tokio::time::advance(Duration::from_secs(61)).await;
    limits.opens(device(1), "one more").unwrap();
    tokio::time::advance(TOLD_FOR).await;
    assert!(limits.notices().is_empty());
}

#[test]
fn a_network_of_ipv6_is_one_device() {
    let one: IpAddr = "2a02:8108:1:2:aaaa::1".parse().unwrap();
    let other: IpAddr = "2a02:8108:1:2:bbbb::9".parse().unwrap();
    let neighbour: IpAddr = "2a02:8108:1:3::1".parse().unwrap();
    assert_eq!(household(one), household(other));
    assert_ne!(household(one), household(neighbour));
    assert_eq!(household("::ffff:192.168.1.9".parse().unwrap()), device(9));
    assert_ne!(
        household("fd00::1".parse().unwrap()),
        household("fd00::2".parse().unwrap()),
        "in the house each is its own"
    );
}
