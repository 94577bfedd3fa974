//! What people see and do: positions, the first page, the library's page, rights.

use serde_json::json;

use super::{Home, ids};
use crate::support::http;

#[test]
fn where_the_picture_stood_is_gone_on_with_also_after_a_restart() {
    let mut home = Home::new(&[2], "");
    let (id, path) = home.have(0);
    let play = path.replacen("/v/", "/play/", 1);
    assert!(!home.server().get(&play).text().contains("#t="), "from the start");
    assert!(!home.server().get("/").text().contains("Continue watching"));

    // Who may watch may say how far; who may not own it may say nothing else.
    let tell = |change: &serde_json::Value| {
        let ask = home.server().ask("PUT", &format!("/api/library/{id}")).json(change);
        ask.send().status
    };
    assert_eq!(tell(&json!({"position_s": 754.6, "duration_s": 5400.0})), 200);
    assert_eq!(tell(&json!({"position_s": 1.0, "pinned": true})), 401);
    assert_eq!(tell(&json!({"position_s": "soon"})), 400);
    assert_eq!(tell(&json!({"position_s": -5.0, "duration_s": 1e300})), 200);
    let row = home.row(&id);
    assert_eq!((&row["position_s"], &row["duration_s"]), (&json!(754.6), &json!(5400.0)));

    home.server().signal("KILL");
    home.server = None;
    home.start("");
    let page = home.server().get(&play).text();
    assert!(page.contains(&format!("src=\"{path}#t=754\"")), "{page}");
    assert!(page.contains(&format!("data-watched=\"/api/library/{id}\"")));
    let first = home.server().get("/").text();
    assert!(first.contains("Continue watching") && first.contains("77 min left"), "{first}");

    home.put(&id, &json!({"position_s": 5390.0, "duration_s": 5400.0}));
    assert!(!home.server().get("/").text().contains("Continue watching"), "it is over");
}

#[test]
fn the_owner_tidies_by_the_page_without_script() {
    let home = Home::new(&[2, 2], "");
    let (id, _) = home.have(0);
    let (other, _) = home.have(1);
    let page = home.server().get("/library").text();
    assert!(
        page.contains("All of it is here, 2.0 MiB (library).")
            && !page.contains("<form class=\"row\"")
    );
    assert!(page.contains("A film that nobody watches goes after 30 minutes"), "{page}");

    let cookie = home.server().claim("long-enough");
    let ask = |method: &str, path: &str| home.server().ask(method, path).with("Cookie", &cookie);
    let act = |id: &str, form: &str| {
        let answer = ask("POST", &format!("/library/{id}")).form(form).send();
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer.header("location").unwrap().to_owned()
    };
    assert_eq!(act(&id, "act=pin"), format!("/library#t{id}"));
    let page = ask("GET", "/library").send().text();
    assert!(page.contains("It is pinned, and stays.") && page.contains(">Unpin<"), "{page}");
    act(&id, "act=move&place=permanent");
    assert_eq!(home.row(&id)["place"], "permanent");
    act(&id, "act=unpin");
    assert_eq!(home.row(&id)["pinned"], json!(false));
    assert!(act(&other, "act=remove").starts_with("/library?freed="));
    assert!(!home.file(1).exists());
    assert_eq!(ids(&json!({"titles": home.rows()}), "titles"), [id.as_str()]);

    let swept = ask("POST", "/library").send();
    assert_eq!(swept.header("location"), Some("/library?freed=0"));
    assert!(ask("GET", "/library?freed=0").send().text().contains("There was nothing to remove."));
    let refused = ask("POST", "/library/00112233445566778899").form("act=pin").send();
    assert_eq!(refused.status, 404, "{}", refused.text());
}

#[test]
fn the_page_hands_out_a_link_that_a_set_reads_without_signing_in() {
    let mut home = Home::new(&[2], "");
    home.stop();
    // In a house where watching needs a password.
    home.start_with("[access]\nauth_required = true\n", "");
    let (id, path) = home.have(0);
    let cookie = home.server().claim("long-enough");
    let page = home.server().ask("GET", "/library").with("Cookie", &cookie).send().text();
    let field = &page[page.find(&format!("id=\"p{id}\"")).expect("a field")..];
    let link = field.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    // In HTML as it is written there.
    let link = link.replace("&amp;", "&").replace("&#38;", "&");
    let hash = home.films[0].info_hash;
    let begins = format!("{}/stream/proxy/{hash}?file=0&key=", home.server().base);
    assert!(link.starts_with(&begins), "{link}");
    let whole = http::get(&link).send();
    assert!(whole.status == 200 && whole.body == home.source(0), "{}", whole.status);
    let tag = |answer: &http::Answer| answer.header("etag").unwrap().to_owned();
    let part = http::get(&link).with("Range", "bytes=-500").with("If-Match", &tag(&whole)).send();
    assert_eq!((part.status, part.body.len()), (206, 500));
    assert_eq!(tag(&home.server().get(&path)), tag(&part), "the same bytes as by its other link");
    // The key is of this file alone, and without one a stranger is turned away.
    for other in [link.replace("file=0", "file=1"), format!("{link}A"), begins] {
        assert_eq!(http::get(&other).send().status, 403, "{other}");
    }
    let bare = format!("{}/stream/proxy/{hash}?file=0", home.server().base);
    assert_eq!(http::get(&bare).send().status, 401);
}

#[test]
fn only_the_owner_changes_the_library() {
    let home = Home::new(&[1], "");
    let (id, _) = home.have(0);
    for (method, path, body) in [
        ("POST", "/api/cleanup".to_owned(), json!({})),
        ("DELETE", format!("/api/library/{id}"), json!({})),
        ("PUT", format!("/api/library/{id}"), json!({"pinned": true})),
        ("PUT", format!("/api/library/{id}"), json!({"keep": true})),
        ("PUT", format!("/api/library/{id}"), json!({"place": "permanent"})),
    ] {
        let refused = home.server().ask(method, &path).json(&body).send();
        assert_eq!(refused.status, 401, "{method} {path}");
    }
    let act = home.server().ask("POST", &format!("/library/{id}")).form("act=remove").send();
    assert_eq!(act.header("location"), Some("/setup"), "to the door");
    assert!(home.file(0).exists());
    for (body, status) in [(json!({"pined": true}), 400), (json!({"idle_s": -1}), 400)] {
        assert_eq!(home.put(&id, &body).status, status, "{body}");
        let swept = home.server().owner("POST", "/api/cleanup").json(&body).send();
        assert_eq!(swept.status, status, "{body}");
    }
    assert_eq!(home.server().owner("GET", "/api/library/../x").send().status, 404);
}
