//! Search criteria read into what is wanted: words, texts in quotation marks, parentheses.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::{Relation, Wanted};

/// Most parentheses in each other that are read.
const DEEPEST: usize = 16;

/// What the criteria say; `None` where nothing of them was understood.
pub(super) fn read(criteria: &str) -> Option<Wanted> {
    Reading(tokens(criteria).into_iter().peekable()).either(0)
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Opens,
    Closes,
    /// A property, an operator or `and`, `or`, `true`.
    Word(String),
    /// What stood in quotation marks.
    Text(String),
}

struct Reading(Peekable<IntoIter<Token>>);

/// `None` of each: nothing that was understood.
impl Reading {
    /// Parts with `or` between; `and` binds closer (2.5.5.1).
    fn either(&mut self, depth: usize) -> Option<Wanted> {
        let mut parts = Vec::new();
        loop {
            parts.extend(self.each(depth));
            if !self.takes("or") {
                return Wanted::either_of(parts);
            }
        }
    }

    fn each(&mut self, depth: usize) -> Option<Wanted> {
        let mut parts = Vec::new();
        loop {
            parts.extend(self.one(depth));
            if !self.takes("and") {
                return Wanted::each(parts);
            }
        }
    }

    fn one(&mut self, depth: usize) -> Option<Wanted> {
        match self.0.next()? {
            Token::Opens if depth < DEEPEST => {
                let inner = self.either(depth + 1);
                self.0.next_if_eq(&Token::Closes);
                inner
            }
            Token::Word(property) => self.relation(&property),
            Token::Opens | Token::Closes | Token::Text(_) => None,
        }
    }

    /// What is said of a property, once its name is read.
    fn relation(&mut self, property: &str) -> Option<Wanted> {
        let Some(Token::Word(operator)) = self.0.next_if(|next| matches!(next, Token::Word(_)))
        else {
            return None;
        };
        if operator.eq_ignore_ascii_case("exists") {
            self.0.next_if(|next| matches!(next, Token::Word(_)));
            return None;
        }
        let Some(Token::Text(value)) = self.0.next_if(|next| matches!(next, Token::Text(_))) else {
            return None;
        };
        let (relation, value) = (Relation::read(&operator)?, value.to_lowercase());
        match property.to_ascii_lowercase().as_str() {
            "dc:title" => Some(Wanted::Titled(relation, value)),
            "upnp:class" if relation.holds_of_films(&value) => Some(Wanted::Films),
            "upnp:class" => Some(Wanted::Nothing),
            _ => None,
        }
    }

    fn takes(&mut self, word: &str) -> bool {
        let named =
            |next: &Token| matches!(next, Token::Word(next) if next.eq_ignore_ascii_case(word));
        self.0.next_if(named).is_some()
    }
}

/// A text that is never closed ends the criteria before it.
fn tokens(criteria: &str) -> Vec<Token> {
    let is_operator = |c: char| matches!(c, '=' | '!' | '<' | '>');
    let (mut tokens, mut rest) = (Vec::new(), criteria.trim_start());
    while let Some(first) = rest.chars().next() {
        let ends = |end: fn(char) -> bool| rest.find(end).unwrap_or(rest.len());
        let taken = match first {
            '(' | ')' => {
                tokens.push(if first == '(' { Token::Opens } else { Token::Closes });
                1
            }
            '"' => {
                let Some((text, taken)) = quoted(rest) else { break };
                tokens.push(Token::Text(text));
                taken
            }
            _ => {
                let end = if is_operator(first) {
                    ends(|c| !matches!(c, '=' | '!' | '<' | '>'))
                } else {
                    ends(|c| c.is_whitespace() || "()\"=!<>".contains(c))
                };
                tokens.push(Token::Word(rest[..end].to_owned()));
                end
            }
        };
        rest = rest[taken..].trim_start();
    }
    tokens
}

/// The text in quotation marks that `text` begins with, its escapes read, and its length with them.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            '"' => return Some((value, at + 1)),
            c => value.push(c),
        }
    }
    None
}
