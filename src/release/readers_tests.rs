use super::*;

#[test]
fn nobody_learns_while_there_is_no_time_and_the_whole_grammar_only_where_names_are_awaited() {
    let mut lessons = Lessons::of(0);
    let at_rest = Waiting::default();
    assert_eq!(lessons.next(&at_rest), None, "a start, or a film that is opened");
    let settled = Waiting { settled: true, ..Waiting::default() };
    while let Some(name) = lessons.next(&settled) {
        assert!(super::super::grammar::is_ordinary(&name), "{name}");
    }
    assert!(lessons.ordinary.is_empty() && !lessons.whole.is_empty());
    let awaited = Waiting { expected: 1, ..Waiting::default() };
    assert!(lessons.next(&awaited).is_some());
    assert_eq!(lessons.next(&settled), None, "the search has its answer");
}

#[test]
fn names_are_expected_until_the_last_search_has_its_answer() {
    let expected = || lock(&READERS.waiting).expected;
    let before = expected();
    let searches = [expect_names(), expect_names()];
    assert_eq!(expected(), before + 2);
    drop(searches);
    assert_eq!(expected(), before);
}
