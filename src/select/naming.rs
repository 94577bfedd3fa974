//! Whether two names mean one title.

use crate::release::Release;

/// The names of what is wanted, made comparable once.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    title: Option<String>,
    aliases: Vec<String>,
}

/// How a name fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Title,
    Alias,
    /// One begins or ends with the other.
    Partial,
    Differs,
}

/// How alike two names must be, as a share of their letters (Comet's figure).
const ALIKE: f64 = 0.85;

impl Names {
    pub(super) fn new(title: Option<&str>, aliases: &[String]) -> Self {
        let sound = |text: &str| Some(plain(text)).filter(|plain| !plain.is_empty());
        Self {
            title: title.and_then(sound),
            aliases: aliases.iter().filter_map(|alias| sound(alias)).collect(),
        }
    }

    /// How `title` fits; `None` where either is unknown.
    pub(super) fn fit(&self, title: Option<&str>) -> Option<Fit> {
        let wanted = self.title.as_ref()?;
        let title = title?;
        // Release names give two languages as `Eins / One`.
        let forms: Vec<String> = std::iter::once(title)
            .chain(title.split(" / "))
            .map(plain)
            .filter(|f| !f.is_empty())
            .collect();
        if forms.is_empty() {
            return None;
        }
        let same = |name: &str| forms.iter().any(|form| are_one(form, name));
        if same(wanted) {
            return Some(Fit::Title);
        }
        if self.aliases.iter().any(|alias| same(alias)) {
            return Some(Fit::Alias);
        }
        let mut names = std::iter::once(wanted).chain(&self.aliases);
        let partial = names.any(|name| forms.iter().any(|form| overlap(form, name)));
        Some(if partial { Fit::Partial } else { Fit::Differs })
    }

    /// Whether the words of one of the names stand in `text`.
    pub(super) fn within(&self, text: &str) -> bool {
        let text = format!(" {} ", plain(text));
        self.title.iter().chain(&self.aliases).any(|name| text.contains(&format!(" {name} ")))
    }

    /// Whether one of the plain names is as `test` says.
    pub(super) fn any(&self, test: impl Fn(&str) -> bool) -> bool {
        self.title.iter().chain(&self.aliases).any(|name| test(name))
    }
}

/// The title of `release` with its year, to tell two films apart.
pub(super) fn identity(release: &Release) -> (String, Option<u16>, Vec<u32>, Vec<u32>) {
    let mut title = plain(release.title.as_deref().unwrap_or(&release.name));
    // The discs of one film are no two films; its parts may be.
    for disc in [" cd1", " cd2", " cd3", " cd 1", " cd 2", " cd 3", " disc 1", " disc 2"] {
        if let Some(shorter) = title.strip_suffix(disc) {
            title.truncate(shorter.len());
        }
    }
    (title, release.year, release.seasons.clone(), release.episodes.clone())
}

/// Lower case, without accents, punctuation and articles, Roman numbers in digits.
pub(super) fn plain(text: &str) -> String {
    let mut letters = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            '&' => letters.push_str(" and "),
            '\'' | '\u{2019}' | '`' | '\u{301}' | '\u{300}' | '\u{308}' => {}
            c if c.is_alphanumeric() => {
                letters.push_str(without_accent(c).unwrap_or(c.encode_utf8(&mut [0; 4])));
            }
            _ => letters.push(' '),
        }
    }
    let mut words: Vec<&str> = letters.split_whitespace().collect();
    if words.len() > 1 && matches!(words[0], "the" | "a" | "an") {
        words.remove(0);
    }
    let numbered =
        words.iter().enumerate().map(|(at, word)| if at == 0 { word } else { in_digits(word) });
    numbered.collect::<Vec<_>>().join(" ")
}

const fn without_accent(c: char) -> Option<&'static str> {
    Some(match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì'..='ï' | 'ī' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
        'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

fn in_digits(word: &str) -> &str {
    const ROMAN: [(&str, &str); 9] = [
        ("ii", "2"),
        ("iii", "3"),
        ("iv", "4"),
        ("v", "5"),
        ("vi", "6"),
        ("vii", "7"),
        ("viii", "8"),
        ("ix", "9"),
        ("x", "10"),
    ];
    ROMAN.iter().find(|(roman, _)| *roman == word).map_or(word, |(_, digits)| digits)
}

/// Whether two plain names are one: equal, or alike with the same numbers. A country or year at the
/// end (`The Office US`) tells two series of one name apart, and is often left out.
fn are_one(a: &str, b: &str) -> bool {
    if a == b || without_suffix(a) == b || a == without_suffix(b) {
        return true;
    }
    // "Alien" and "Aliens" are two films: short names must be equal.
    let long = a.len().min(b.len()) >= 8;
    long && numbers(a) == numbers(b)
        && a.split(' ').count() == b.split(' ').count()
        && strsim::normalized_levenshtein(a, b) >= ALIKE
}

fn without_suffix(name: &str) -> &str {
    let Some((rest, last)) = name.rsplit_once(' ') else { return name };
    let country = matches!(last, "us" | "usa" | "uk" | "au" | "nz" | "ca");
    let year = last.len() == 4 && (last.starts_with("19") || last.starts_with("20"));
    if country || (year && last.bytes().all(|b| b.is_ascii_digit())) { rest } else { name }
}

fn numbers(name: &str) -> Vec<&str> {
    name.split(' ').filter(|word| word.bytes().any(|b| b.is_ascii_digit())).collect()
}

fn overlap(a: &str, b: &str) -> bool {
    let (long, short) = if a.len() > b.len() { (a, b) } else { (b, a) };
    if short.len() < 4 {
        return false;
    }
    let rest = long.strip_prefix(short).map(|rest| rest.starts_with(' '));
    let head = long.strip_suffix(short).map(|head| head.ends_with(' '));
    rest.or(head).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_title_is_known_under_small_differences() {
        for (wanted, found, expected) in [
            ("The Matrix", "Matrix", Fit::Title),
            ("Fast & Furious", "Fast and Furious", Fit::Title),
            ("Amélie", "Amelie", Fit::Title),
            ("Ocean's Eleven", "Oceans Eleven", Fit::Title),
            ("Rocky III", "Rocky 3", Fit::Title),
            ("Rocky II", "Rocky III", Fit::Differs),
            ("Alien", "Aliens", Fit::Differs),
            ("Alien", "Alien Romulus", Fit::Partial),
            ("The Office", "The Office US", Fit::Title),
            ("Green Harbour", "Зелёная гавань / Green Harbour", Fit::Title),
            ("Leviathan", "Левиафан", Fit::Differs),
            ("Station 13", "Station 18", Fit::Differs),
            ("The Lighthouse Keeper", "The Lighthause Keeper", Fit::Title),
        ] {
            assert_eq!(
                Names::new(Some(wanted), &[]).fit(Some(found)),
                Some(expected),
                "{wanted}: {found}"
            );
        }
        let names = Names::new(Some("Spirited Away"), &["Sen to Chihiro".to_owned()]);
        assert_eq!(names.fit(Some("sen to chihiro")), Some(Fit::Alias));
        assert_eq!(names.fit(None), None);
        assert_eq!(Names::default().fit(Some("x")), None);
    }
}
