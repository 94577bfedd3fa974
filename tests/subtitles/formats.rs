//! What is in subtitle files: every format and encoding in, two formats in UTF-8 out, and nothing of
//! a stranger's file in those but times, text and three kinds of style.

use credenza::media::video_hash;
use credenza::subtitle::{Error, Hints, Language, Subtitle, decode, read_offers};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

fn read(text: &str) -> Subtitle {
    Subtitle::read(text.as_bytes(), Hints::default())
        .unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The cues of what was written as WebVTT: times and text, a line each.
fn cues(text: &str) -> Vec<String> {
    let vtt = read(text).vtt();
    let body = vtt.strip_prefix("WEBVTT\n\n").unwrap();
    body.split_terminator("\n\n").map(|cue| cue.replace('\n', "|")).collect()
}

#[test]
fn every_format_becomes_the_same_cues() {
    let wanted = [
        "00:00:01.000 --> 00:00:02.500|Who goes <i>there</i>?|Nobody.",
        "01:02:03.040 --> 01:02:05.000|A &amp; B &lt;3",
    ];
    for (what, text) in [
        (
            "SubRip",
            "1\r\n00:00:01,000 --> 00:00:02,500\r\nWho goes <i>there</i>?\r\nNobody.\r\n\r\n2\r\n01:02:03,040 --> 01:02:05,000\r\nA & B <3\r\n",
        ),
        (
            "SubRip without numbers",
            "00:00:01.0 --> 00:00:02.5\nWho goes <I>there</I>?\nNobody.\n01:02:03,04 --> 01:02:05\nA & B <3",
        ),
        (
            "SubRip with what others put in",
            "\u{feff}1\n00:00:01,000 --> 00:00:02,500 X1:40 X2:600\n{\\an8}<font color=\"#ff0\" onclick='x()'>Who goes</font> <em>there</em>?\n\nNobody.\n\n2\n01:02:03,040 --> 01:02:05,000\nA & B <3\n\n\n",
        ),
        (
            "WebVTT",
            "WEBVTT - a note\n\nSTYLE\n::cue { color: red }\n\nNOTE\nnothing\n\nfirst\n00:01.000 --> 00:02.500 align:start line:0\n<v Guard>Who <c.loud>goes</c> <i>there</i>?\nNobody.\n\n01:02:03.040 --> 01:02:05.000\nA &amp; B &lt;3\n",
        ),
        (
            "ASS",
            "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name\nStyle: Default\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\nComment: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,not shown\nDialogue: 0,1:02:03.04,1:02:05.00,Default,,0,0,0,,{\\pos(3,4)}A & B <3\nDialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,Who goes {\\i1}there{\\i0}?\\NNobody.\nDialogue: 1,0:00:01.00,0:00:02.50,Default,,0,0,0,,Who goes {\\i1}there{\\i0}?\\NNobody.\nDialogue: 0,0:00:09.00,0:00:10.00,Default,,0,0,0,,{\\p1}m 0 0 l 9 9{\\p0}\n",
        ),
        (
            "SSA",
            "[Script Info]\nScriptType: v4.00\n\n[Events]\nFormat: Marked, Start, End, Style, Text\nDialogue: Marked=0,0:00:01.00,0:00:02.50,Default,Who goes {\\i1}there{\\i}?\\nNobody.\nDialogue: Marked=0,1:02:03.04,1:02:05.00,Default,A & B <3\n",
        ),
        (
            "MicroDVD",
            "{1}{1}25.000\n{25}{62}Who goes <i>there</i>?|Nobody.\n{93076}{93125}{C:$0000ff}A & B <3\n",
        ),
    ] {
        let found = cues(text);
        // Frames of 40 ms do not meet 2.5 s.
        let found: Vec<String> = found.iter().map(|cue| cue.replace("02.480", "02.500")).collect();
        assert_eq!(found, wanted, "{what}");
    }
}

#[test]
fn odd_files_give_what_can_be_shown() {
    let at = "00:00:01.000 --> 00:00:02.000";
    for (what, text, wanted) in [
        (
            "an end before its start",
            "00:00:05,000 --> 00:00:01,000\nA",
            vec!["00:00:05.000 --> 00:00:07.000|A".to_owned()],
        ),
        (
            "unordered",
            "00:00:05,000 --> 00:00:06,000\nB\n\n00:00:01,000 --> 00:00:02,000\nA",
            vec![format!("{at}|A"), "00:00:05.000 --> 00:00:06.000|B".to_owned()],
        ),
        (
            "a cue that says nothing",
            "00:00:01,000 --> 00:00:02,000\n \n\n2\n00:00:01,000 --> 00:00:02,000\n<b></b>A",
            vec![format!("{at}|A")],
        ),
        (
            "tags that are not closed",
            "00:00:01,000 --> 00:00:02,000\n<b>A <script>alert(1)</script>",
            vec![format!("{at}|<b>A alert(1)</b>")],
        ),
        (
            "an arrow in the text",
            "WEBVTT\n\n00:01.000 --> 00:02.000\nA --&gt; B",
            vec![format!("{at}|A → B")],
        ),
        (
            "less than",
            "00:00:01,000 --> 00:00:02,000\n1 < 2 > 0",
            vec![format!("{at}|1 &lt; 2 &gt; 0")],
        ),
        (
            "numbers in the text",
            "1\n00:00:01,000 --> 00:00:02,000\n42\n\n2\n00:00:03,000 --> 00:00:04,000\n7",
            vec![format!("{at}|42"), "00:00:03.000 --> 00:00:04.000|7".to_owned()],
        ),
        (
            "MicroDVD's styles",
            "{24}{48}{y:i}A|/B|C",
            vec!["00:00:01.001 --> 00:00:02.002|<i>A</i>|<i>B</i>|C".to_owned()],
        ),
    ] {
        let found = cues(text);
        let found: Vec<String> = found.iter().map(|cue| cue.replace("|</i>", "</i>|")).collect();
        let joined = |cues: &[String]| cues.join("\n").replace("</i>|<i>", "|");
        assert_eq!(joined(&found), joined(&wanted), "{what}");
    }
    for nothing in ["", "WEBVTT\n\n", "hello", "[Script Info]\n[Events]\n", "1\n2\n3", "<html>"] {
        assert!(
            matches!(Subtitle::read(nothing.as_bytes(), Hints::default()), Err(Error::Empty)),
            "{nothing:?}"
        );
    }
    let large = vec![b'a'; (4 << 20) + 1];
    assert!(matches!(Subtitle::read(&large, Hints::default()), Err(Error::TooLarge)));
    let vobsub = [&b"\0\0\x01\xba"[..], &[0; 4000]].concat();
    assert!(matches!(Subtitle::read(&vobsub, Hints::default()), Err(Error::NotText)));
}

#[derive(Deserialize)]
struct Old {
    language: String,
    encoding: String,
    text: String,
}

/// The text as lines of a subtitle file, as often as films have lines.
fn film_of(text: &str) -> String {
    let cue = |n: usize| format!("{n}\r\n00:{n:02}:00,000 --> 00:{n:02}:05,000\r\n{text}\r\n\r\n");
    (1..20).map(cue).collect()
}

fn encoded(label: &str, text: &str) -> Vec<u8> {
    let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
    let (bytes, _, lossy) = encoding.encode(text);
    assert!(!lossy, "{label} has no letter for something in {text}");
    bytes.into_owned()
}

#[test]
fn old_encodings_become_utf_8() {
    let table: Vec<Old> =
        serde_json::from_str(include_str!("../data/subtitles/encodings.json")).unwrap();
    for Old { language, encoding, text } in &table {
        let whole = film_of(text);
        let known = Language::of_code(language);
        assert!(known.is_some(), "{language}");
        let bytes = encoded(encoding, &whole);
        let wanted = whole.replace("\r\n", "\n");
        let guessed = decode(&bytes, known, None).unwrap();
        assert!(guessed == wanted, "{language}: {}", guessed.lines().nth(2).unwrap());
        let stated = decode(&bytes, None, Some(encoding)).unwrap();
        assert!(stated == wanted, "{language}, stated");
        assert_eq!(
            decode(whole.as_bytes(), known, Some(encoding)).unwrap(),
            wanted,
            "UTF-8 is seen"
        );
    }
    for (mark, wide) in [(&b"\xff\xfe"[..], false), (b"\xfe\xff", true), (b"", false), (b"", true)]
    {
        let units = "1\n00:00:01,000 --> 00:00:02,000\nKto je tam? Žena.\n".encode_utf16();
        let bytes: Vec<u8> = units
            .flat_map(|unit| if wide { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect();
        let read = decode(&[mark, &bytes].concat(), None, None).unwrap();
        assert!(read.contains("Žena."), "{mark:?} {wide}: {read:?}");
    }
    let marked = decode(b"\xef\xbb\xbfa\0b\x1b[2Jc\rd", None, None).unwrap();
    assert_eq!(marked, "ab[2Jc\nd");
}

#[test]
fn offers_are_read_row_by_row() {
    let recorded: Value =
        serde_json::from_str(include_str!("../data/opensubtitles/subtitles_series.json")).unwrap();
    let offers = read_offers(&recorded);
    let told: Vec<_> = offers
        .iter()
        .map(|offer| {
            (
                offer.id.as_str(),
                offer.lang.as_str(),
                offer.by_hash,
                offer.frames_s,
                offer.encoding.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [("2", "eng", true, None, Some("UTF-8")), ("1", "rus", false, Some(25.0), Some("CP1251"))]
    );
    assert_eq!(offers[1].language().map(Language::code), Some("rus"));
    let odd = json!({"subtitles": [
        {"id": 7, "url": "https://a.example/7", "lang": "pob"},
        {"id": "8", "url": "file:///etc/passwd", "lang": "eng"},
        {"id": "../9", "url": "https://a.example/9", "lang": "eng"},
        {"id": "10", "lang": "eng"}, {"id": "11", "url": "https://a.example/"}, null, 5, "x",
        {"id": "12", "url": "https://a.example/12", "lang": "zz", "fpsMilli": -1, "SubEncoding": 3},
    ]});
    let offers = read_offers(&odd);
    assert_eq!(offers.iter().map(|offer| offer.id.as_str()).collect::<Vec<_>>(), ["7", "12"]);
    assert_eq!(offers[0].language().unwrap().tag(), "pt-BR");
    assert_eq!((offers[1].language(), offers[1].frames_s), (None, None));
    for nothing in [json!(null), json!([]), json!({"subtitles": {}}), json!({})] {
        assert!(read_offers(&nothing).is_empty());
    }
    let many: Vec<Value> =
        (0..50).map(|n| json!({"id": n, "url": "https://a.example/", "lang": "eng"})).collect();
    assert_eq!(read_offers(&json!({"subtitles": many})).len(), 6, "the first few of a language");
}

/// What every output holds, whatever came in.
fn is_sound(read: &Subtitle) -> Result<(), TestCaseError> {
    let (srt, vtt) = (read.srt(), read.vtt());
    prop_assert!(vtt.starts_with("WEBVTT\n\n") && vtt.len() < 64 << 20);
    prop_assert_eq!(vtt.matches("-->").count(), read.cues());
    prop_assert_eq!(srt.matches("-->").count(), read.cues());
    for text in [&srt, &vtt] {
        prop_assert!(!text.contains(|c: char| c.is_control() && c != '\n' && c != '\r'));
    }
    let tags = vtt.split('<').skip(1).map(|rest| rest.split('>').next().unwrap());
    for tag in tags {
        prop_assert!(["b", "i", "u", "/b", "/i", "/u"].contains(&tag), "{}", tag);
    }
    // What was written is read as the same.
    let again = Subtitle::read(srt.as_bytes(), Hints::default()).unwrap();
    prop_assert_eq!(&again, read);
    Ok(())
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\u{a0}-\u{ff}日\u{202e}\n]{0,40}",
        "(<[/]?[biuBIU]>|<b|\\{\\\\an8\\}|\\{y:i\\}|&amp;|<c.x>|[a-z \n])*",
        "\\{[0-9]{0,8}\\}\\{[0-9]{0,8}\\}[a-z|/{}:]{0,20}",
        "[0-9]{1,3}:[0-9]{1,3}:[0-9]{1,3}[,.:][0-9]{0,5} --> [0-9:,.]{0,14}",
        Just("00:00:01,000 --> 00:00:02,000".to_owned()),
        Just("Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\i1}a\\Nb{\\p1}c".to_owned()),
        "[0-9]{1,4}",
        Just(String::new()),
    ]
}

fn head() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "WEBVTT\n\n",
        "[Script Info]\n[Events]\n",
        "{1}{1}25\n",
        "1\n",
        "\u{feff}",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 500 } else { 5000 }))]

    #[test]
    fn whatever_is_read_is_written_soundly(head in head(), lines in prop::collection::vec(line(), 0..30)) {
        let text = format!("{head}{}", lines.join("\n"));
        if let Ok(read) = Subtitle::read(text.as_bytes(), Hints::default()) {
            is_sound(&read)?;
        }
    }

    #[test]
    fn no_bytes_break_the_readers(bytes in prop::collection::vec(any::<u8>(), 0..600), label in "[a-z0-9-]{0,12}") {
        let language = Language::of_code("ru");
        let hints = Hints { language, encoding: Some(&label), frames_s: Some(f64::NAN) };
        if let Ok(read) = Subtitle::read(&bytes, hints) {
            is_sound(&read)?;
        }
        let _ = video_hash(bytes.len() as u64, &bytes, &bytes);
    }

    #[test]
    fn no_answer_breaks_the_reader_of_offers(id in "[a-z0-9./]{0,30}", url in "(https?://)?[a-z./%]{0,20}", lang in "[a-zA-Z]{0,9}", fps in any::<f64>(), by in "[hi]{0,2}") {
        let row = json!({"id": id, "url": url, "lang": lang, "fpsMilli": fps, "m": by, "subtitleFileName": url});
        for offer in read_offers(&json!({"subtitles": [row.clone(), row, [], {"id": {}}]})) {
            prop_assert!(offer.id.len() <= 24 && offer.id.bytes().all(|b| b.is_ascii_alphanumeric()));
        }
    }
}
