//! Sets of one name told apart: one that is found in two ways stands in the list twice.

use super::Renderer;

/// Puts the way behind names that more than one has, and the address where the way is the same too.
pub(super) fn tell<'a>(found: impl Iterator<Item = (&'a mut Renderer, &'static str)>) {
    let mut found: Vec<_> = found.collect();
    let told: Vec<(String, &str)> =
        found.iter().map(|(one, way)| (one.name.clone(), *way)).collect();
    for (one, way) in &mut found {
        let alike = |row: &&(String, &str)| row.0 == one.name;
        let alike: Vec<_> = told.iter().filter(alike).collect();
        if alike.len() < 2 {
            continue;
        }
        let same_way = alike.iter().filter(|(_, other)| other == way).count() > 1;
        one.name = match (same_way, alike.iter().any(|(_, other)| other != way)) {
            (false, _) => format!("{} ({way})", one.name),
            (true, true) => format!("{} ({way}, {})", one.name, one.address),
            (true, false) => format!("{} ({})", one.name, one.address),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_as_long_as_it_must_be() {
        let rows = [
            ("Kitchen", "DLNA", 7, "Kitchen"),
            ("Living room", "DLNA", 8, "Living room (DLNA)"),
            ("Living room", "Cast", 8, "Living room (Cast)"),
            ("TV", "DLNA", 9, "TV (10.0.0.9)"),
            ("TV", "DLNA", 10, "TV (10.0.0.10)"),
            ("Box", "Cast", 11, "Box (Cast)"),
            ("Box", "DLNA", 11, "Box (DLNA, 10.0.0.11)"),
            ("Box", "DLNA", 12, "Box (DLNA, 10.0.0.12)"),
        ];
        let mut found = rows.map(|(name, _, last, _)| Renderer {
            id: String::new(),
            name: name.to_owned(),
            model: String::new(),
            address: [10, 0, 0, last].into(),
        });
        tell(found.iter_mut().zip(rows.map(|(_, way, ..)| way)));
        for (one, (.., told)) in found.iter().zip(rows) {
            assert_eq!(one.name, told);
        }
    }
}
