use super::*;
use serde_json::json;

#[test]
fn the_first_year_is_read_in_every_form() {
    for (meta, wanted) in [
        (json!({"year": "1994"}), Some(1994)),
        (json!({"year": 1994}), Some(1994)),
        (json!({"year": "2008-2013"}), Some(2008)),
        (json!({"year": "2019–"}), Some(2019)),
        (json!({"year": "", "releaseInfo": "2019-"}), Some(2019)),
        (json!({"year": null, "released": "2008-04-10T00:00:00.000Z"}), Some(2008)),
        (json!({"year": "soon"}), None),
        (json!({"year": "0"}), None),
        (json!({"year": [1994]}), None),
        (json!({}), None),
    ] {
        assert_eq!(year(&meta), wanted, "{meta}");
    }
}

#[test]
fn the_day_is_taken_from_what_looks_like_one() {
    for (video, wanted) in [
        (json!({"released": "2021-05-14T05:00:00.000Z"}), Some("2021-05-14")),
        (json!({"released": null, "firstAired": "2021-05-14"}), Some("2021-05-14")),
        (json!({"released": "May 14, 2021"}), None),
        (json!({"released": "2021-5-14"}), None),
        (json!({"released": "２０２１-05-14"}), None),
        (json!({"released": 1}), None),
        (json!([]), None),
    ] {
        assert_eq!(air_date(&video).as_deref(), wanted, "{video}");
    }
}

#[test]
fn episodes_come_in_order_each_once_with_specials_last() {
    let meta = json!({"videos": [
        {"season": 0, "number": 1, "name": "Inside", "released": "2021-05-01T05:00:00.000Z"},
        {"season": 1, "episode": 2, "title": "Two"},
        {"season": "1", "episode": "1", "name": null},
        {"season": 1, "episode": 2, "name": "Again"},
        {"season": 1, "episode": 0}, {"season": -1, "episode": 1}, {"episode": 3}, null, "x",
    ]});
    let rows: Vec<(String, String)> = episodes(&meta, Kind::Series)
        .into_iter()
        .map(|row| (row.episode.to_string(), row.name))
        .collect();
    let wanted = [("1:1", ""), ("1:2", "Two"), ("0:1", "Inside")];
    assert_eq!(rows, wanted.map(|(place, name)| (place.to_owned(), name.to_owned())));
}

#[test]
fn a_meta_without_a_name_is_nobody() {
    for meta in [json!({}), json!({"name": ""}), json!({"name": 5}), json!({"name": null})] {
        assert_eq!(anime(&meta, AnimeBase::Kitsu, 1), None, "{meta}");
        assert_eq!(title(&meta, "tt1254207".parse().unwrap(), Kind::Movie), None, "{meta}");
    }
}

#[test]
fn a_running_time_is_read_in_minutes() {
    for (told, wanted) in [
        (json!("142 min"), Some(142)),
        (json!("142min"), Some(142)),
        (json!("24 m"), Some(24)),
        (json!("1h 30min"), Some(90)),
        (json!("1 h 30 min"), Some(90)),
        (json!("2h"), Some(120)),
        (json!("90"), Some(90)),
        (json!(90), Some(90)),
        (json!("0 min"), None),
        (json!("soon"), None),
        (json!(""), None),
        (json!(null), None),
        (json!("99999999999 min"), None),
    ] {
        assert_eq!(minutes(&told), wanted, "{told}");
    }
}

#[test]
fn a_rating_is_one_of_ten_or_none() {
    for (told, wanted) in [
        (json!("6.4"), Some(6.4)),
        (json!(7.25), Some(7.3)),
        (json!("10"), Some(10.0)),
        (json!(""), None),
        (json!("0"), None),
        (json!("11"), None),
        (json!("NaN"), None),
        (json!(null), None),
    ] {
        assert_eq!(rating(&told), wanted, "{told}");
    }
}

#[test]
fn only_ids_of_youtube_become_trailers() {
    let meta = json!({
        "trailers": [{"source": "aqz-KE-bpKQ", "type": "Trailer"}, {"source": "\"><script>"}, null],
        "trailerStreams": [{"ytId": "AAAAAAAAAAA"}, {"ytId": "aqz-KE-bpKQ"}, {"ytId": 5}],
    });
    assert_eq!(trailers(&meta), ["AAAAAAAAAAA", "aqz-KE-bpKQ"]);
    assert!(trailers(&json!({"trailers": "x"})).is_empty());
}
