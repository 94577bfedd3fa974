//! What a stranger told in JSON: a tree whose texts are lent from the answer.
//!
//! An answer of thousands of rows, each with a list of files, is mostly short texts. They are read
//! where they stand; a copy is made of what is kept.

use std::borrow::Cow;
use std::fmt;
use std::ops::Index;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

/// A tree of JSON. What is not there is [`Told::Null`], as is what is asked of something of another
/// shape.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(missing_docs, reason = "the words of JSON (RFC 8259, 3)")]
pub enum Told<'a> {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Self>),
    /// As they came; of two with one name the later counts.
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl<'a> Told<'a> {
    /// The text, where it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The entries, where it is a list; else none.
    #[must_use]
    pub fn entries(&self) -> &[Told<'a>] {
        if let Self::List(entries) = self { entries } else { &[] }
    }

    /// Whether it is a text.
    #[must_use]
    pub const fn is_string(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Whether it is an object.
    #[must_use]
    pub const fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl<'a> Index<&str> for Told<'a> {
    type Output = Told<'a>;

    fn index(&self, name: &str) -> &Told<'a> {
        static NULL: Told<'static> = Told::Null;
        let Self::Object(members) = self else { return &NULL };
        let found = members.iter().rfind(|(known, _)| known == name);
        found.map_or(&NULL, |(_, value)| value)
    }
}

impl<'a> From<&'a Value> for Told<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(bool) => Self::Bool(*bool),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(text.into()),
            Value::Array(entries) => Self::List(entries.iter().map(Self::from).collect()),
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.into(), value.into()));
                Self::Object(members.collect())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Told<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Told<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Told<'de>, E> {
        Ok(Told::Null)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Told<'de>, E> {
        Ok(Told::Bool(bool))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Told<'de>, E> {
        Ok(Told::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Told<'de>, E> {
        Ok(Told::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Told<'de>, E> {
        Ok(Number::from_f64(number).map_or(Told::Null, Told::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Told<'de>, E> {
        Ok(Told::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Told<'de>, E> {
        Ok(Told::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Told<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = seq.next_element()? {
            entries.push(entry);
        }
        Ok(Told::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Told<'de>, A::Error> {
        // As many as most rows and files have: they are counted in thousands.
        let mut members = Vec::with_capacity(8);
        while let Some((Name(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        Ok(Told::Object(members))
    }
}

/// The name of a member, lent where it holds no escape.
pub struct Name<'a>(pub Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lent;

        impl<'de> Visitor<'de> for Lent {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(Lent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_told_is_found_by_name_and_lent() {
        let text = r#"{"a":"x","a":"y","b":[1,null,{"c":-1.5}],"\u0064":"\u0065","e":true}"#;
        let told: Told = serde_json::from_str(text).unwrap();
        assert_eq!(told["a"].as_str(), Some("y"));
        assert!(matches!(&told["a"], Told::Text(Cow::Borrowed(_))));
        assert_eq!(told["d"].as_str(), Some("e"));
        assert_eq!(told["b"].entries().len(), 3);
        assert!(told["b"].entries()[2].is_object() && told["b"]["c"].is_null());
        assert!(told["f"].is_null() && told["f"]["g"].entries().is_empty());
    }

    fn value(told: &Told) -> Value {
        match told {
            Told::Null => Value::Null,
            Told::Bool(bool) => (*bool).into(),
            Told::Number(number) => number.clone().into(),
            Told::Text(text) => text.as_ref().into(),
            Told::List(entries) => entries.iter().map(value).collect(),
            Told::Object(members) => {
                members.iter().map(|(name, told)| (name.to_string(), value(told))).collect()
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_read_as_any_json_is(text in r#"[\[\]{}",:0-9a-e\\u. +-]{0,40}"#) {
            for text in [text.clone(), format!("[{text}]"), format!("{{\"a\":{text}}}")] {
                let any: Option<Value> = serde_json::from_str(&text).ok();
                let told: Option<Told> = serde_json::from_str(&text).ok();
                prop_assert_eq!(&told.as_ref().map(value), &any, "{}", text);
                let same = any.as_ref().map(|any| value(&any.into()));
                prop_assert_eq!(&same, &any, "{}", text);
            }
        }
    }
}
