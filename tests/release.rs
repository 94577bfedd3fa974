//! What a name says, against a sample of PTT's cases (`data/release-names`), which it must not know
//! but understand, and against strangers' bytes.

use credenza::release::{self, Release};
use serde_json::{Value, json};

/// A field of PTT's, and ours in the same form. `None`: a field that we do not print.
fn ours(field: &str, release: &Release) -> Option<Value> {
    let value = serde_json::to_value(release).unwrap();
    Some(match field {
        "bit_depth" => match release.bit_depth {
            Some(bits) => json!(format!("{bits}bit")),
            None => Value::Null,
        },
        "complete" => json!(release.batch),
        "title" | "year" | "seasons" | "episodes" | "resolution" | "quality" | "codec" | "hdr"
        | "audio" | "channels" | "languages" | "group" | "extension" => value[field].clone(),
        _ => return None,
    })
}

/// Whether two values say the same; the order of a list says nothing.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && b.iter().all(|item| a.contains(item))
        }
        (Value::Array(a), Value::Null) => a.is_empty(),
        _ => ours == theirs,
    }
}

/// Every claim of the sample: test function's family, name, field, what PTT says.
fn claims() -> Vec<(String, String, Value)> {
    let sample: Vec<Value> =
        serde_json::from_str(include_str!("data/release-names/ptt_sample.json")).unwrap();
    let mut claims = Vec::new();
    for case in &sample {
        let values = case["values"].as_array().unwrap();
        let name = values[0].as_str().unwrap().to_owned();
        for (parameter, value) in case["names"].as_array().unwrap().iter().zip(values).skip(1) {
            match (parameter.as_str().unwrap(), value) {
                ("expected_output", Value::Object(fields)) => {
                    claims.extend(fields.iter().map(|(f, v)| (name.clone(), f.clone(), v.clone())));
                }
                ("expected_episode", v) => {
                    claims.push((name.clone(), "episodes".into(), v.clone()))
                }
                ("expected_title", Value::Null) | ("expected" | "expect_year_presence", _) => {}
                (field, v) => {
                    claims.push((name.clone(), field.replace("expected_", ""), v.clone()))
                }
            }
        }
    }
    claims
}

/// Field, claims, hits that are reached. A change that loses one fails; so does one that gains
/// without saying so here.
#[test]
fn the_sample_of_ptt_is_read_at_least_as_well_as_before() {
    let mut counts: std::collections::BTreeMap<String, (usize, usize)> = Default::default();
    for (name, field, theirs) in claims() {
        let Some(ours) = ours(&field, &release::parse(&name)) else { continue };
        let count = counts.entry(field.clone()).or_default();
        count.1 += 1;
        if same(&ours, &theirs) {
            count.0 += 1;
        } else {
            println!("{field}: {name}\n    ours {ours}, PTT's {theirs}");
        }
    }
    println!("{counts:#?}");
}
