//! Lists in JSON, read row by row: of an answer of many rows only one stands in memory as a tree.

use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Error, MOST_ROWS};
use crate::torrent::{Name, Told};

/// Reads the list that stands at `path` (or at the start of it: some hosts leave out the wrapping),
/// each row by `read`; what `read` refuses is left out, and so is a row that JSON itself refuses: half
/// a pair of UTF-16, a number beyond all numbers, a tree deeper than 128. A wrong charset costs the
/// characters that are wrong. At most [`MOST_ROWS`] rows are read.
pub(super) fn rows<T>(
    body: &[u8],
    path: &[&str],
    read: impl FnMut(&Told<'_>) -> Option<T>,
) -> Result<Vec<T>, Error> {
    columns(body, path, &[], read)
}

/// As [`rows`], of rows that say much more than is read: of each only `keys` are kept (all, where
/// none is named).
pub(super) fn columns<T>(
    body: &[u8],
    path: &[&str],
    keys: &[&str],
    mut read: impl FnMut(&Told<'_>) -> Option<T>,
) -> Result<Vec<T>, Error> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let text = String::from_utf8_lossy(body);
    let mut found = None;
    // Rows are mostly sound, and read in one go; where one is not, each by itself.
    let sound = [false, true].into_iter().any(|apart| {
        found = None;
        let mut reader = serde_json::Deserializer::from_str(&text);
        let place = Place { path, keys, apart, read: &mut read, found: &mut found };
        place.deserialize(&mut reader).and_then(|()| reader.end()).is_ok()
    });
    if !sound {
        return Err(Error::Odd(no_json(&text).to_owned()));
    }
    found.ok_or_else(|| Error::Odd("answered without a list of torrents".to_owned()))
}

fn no_json(text: &str) -> &'static str {
    if text.trim_start().starts_with('<') {
        "sent a web page where JSON was expected (a login page of the network?)"
    } else {
        "sent something else than JSON"
    }
}

/// A place in the document that may hold the list.
struct Place<'a, T, F> {
    path: &'a [&'a str],
    keys: &'a [&'a str],
    /// Whether each row is cut out first and read by itself.
    apart: bool,
    read: &'a mut F,
    found: &'a mut Option<Vec<T>>,
}

impl<'de, T, F: FnMut(&Told<'_>) -> Option<T>> DeserializeSeed<'de> for Place<'_, T, F> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T, F: FnMut(&Told<'_>) -> Option<T>> Visitor<'de> for Place<'_, T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of torrents")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match self.path {
                [wanted, rest @ ..] if key == *wanted => {
                    let (keys, apart) = (self.keys, self.apart);
                    let (read, found) = (&mut *self.read, &mut *self.found);
                    map.next_value_seed(Place { path: rest, keys, apart, read, found })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let found = self.found.get_or_insert_default();
        for _ in 0..MOST_ROWS {
            let shape = Row { keys: self.keys };
            let row = if self.apart {
                seq.next_element::<&RawValue>()?.map(|row| shape.alone(row.get()))
            } else {
                seq.next_element_seed(shape)?
            };
            let Some(row) = row else { return Ok(()) };
            found.extend((self.read)(&row));
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// A row, of which only `keys` are kept.
struct Row<'a> {
    keys: &'a [&'a str],
}

impl Row<'_> {
    /// Reads a row that was cut out; one that cannot be read says nothing.
    fn alone(self, text: &str) -> Told<'_> {
        let mut reader = serde_json::Deserializer::from_str(text);
        self.deserialize(&mut reader).unwrap_or_default()
    }
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = Told<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Told<'de>, D::Error> {
        if self.keys.is_empty() {
            return Told::deserialize(deserializer);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = Told<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a torrent")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Told<'de>, A::Error> {
        let mut row = Vec::with_capacity(self.keys.len());
        while let Some(Name(key)) = map.next_key()? {
            if self.keys.contains(&key.as_ref()) {
                row.push((key, map.next_value()?));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Told::Object(row))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Told<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Told::Null)
    }

    // What is no object is no torrent.
    fn visit_unit<E>(self) -> Result<Told<'de>, E> {
        Ok(Told::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Told<'de>, E> {
        Ok(Told::Null)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Told<'de>, E> {
        Ok(Told::Null)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Told<'de>, E> {
        Ok(Told::Null)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Told<'de>, E> {
        Ok(Told::Null)
    }

    fn visit_str<E>(self, _: &str) -> Result<Told<'de>, E> {
        Ok(Told::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torrent::stated_number;

    #[test]
    fn the_list_is_found_at_its_place_or_is_missing() {
        for (body, path, wanted) in [
            ("[1,2]", &[][..], Some(2)),
            (r#"{"data":{"items":[1,2]}}"#, &["data", "items"][..], Some(2)),
            (r#"{"ok":true,"data":[1]}"#, &["data", "releases"], Some(1)),
            ("[1]", &["data"], Some(1)),
            ("\u{FEFF}[1]", &[], Some(1)),
            (r#"{"data":[]}"#, &["data"], Some(0)),
            (r#"{"data":null}"#, &["data"], None),
            (r#"{"x":[1]}"#, &["data"], None),
            (r#"{"x":[1]}"#, &[], None),
            ("null", &[], None),
            ("7", &["data"], None),
            (r#"{"data":[1]"#, &["data"], None),
            (r#"{"data":[1]} x"#, &["data"], None),
            ("", &[], None),
            ("<html>", &[], None),
        ] {
            let read = rows(body.as_bytes(), path, |_| Some(()));
            assert_eq!(read.ok().map(|rows| rows.len()), wanted, "{body}");
        }
    }

    #[test]
    fn bounds_hold_and_a_wrong_charset_costs_a_character() {
        let many = format!("[{}0]", "1,".repeat(MOST_ROWS + 5));
        assert_eq!(rows(many.as_bytes(), &[], |_| Some(())).unwrap().len(), MOST_ROWS);
        for deep in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
            assert!(rows(deep.as_bytes(), &["a"], |_| Some(())).is_err());
        }
        let text = rows(b"[\"caf\xE9\"]", &[], |row| row.as_str().map(str::to_owned)).unwrap();
        assert_eq!(text, ["caf\u{FFFD}"]);
    }

    #[test]
    fn of_wide_rows_the_wanted_keys_are_kept() {
        let body = br#"[{"a":1,"b":{"c":[2]},"d":"x"},7,null,[1],"t",true,-1,1.5,{"\u0061":3}]"#;
        let read =
            |keys: &[&str]| columns(body, &[], keys, |row| Some(stated_number(&row["a"]))).unwrap();
        let some: Vec<_> = read(&["a"]).into_iter().flatten().collect();
        assert_eq!(some, [1, 3]);
        assert_eq!(read(&["a"]), read(&[]), "and as many rows");
        let whole = serde_json::json!({"a": 1, "b": {"c": [2]}});
        let kept = columns(body, &[], &["a", "b"], |row| Some(*row == Told::from(&whole))).unwrap();
        assert!(kept[0]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(body in proptest::collection::vec(0_u8..255, 0..200)) {
            let _ = rows(&body, &["data"], |_| Some(()));
            let _ = columns(&body, &["data"], &["name"], |_| Some(()));
        }
    }
}
