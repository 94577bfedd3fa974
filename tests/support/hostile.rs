//! Torrents that nobody should accept, made by hand: each with a word of the sentence that refuses it.

/// A bencoded string.
fn s(text: &[u8]) -> Vec<u8> {
    [format!("{}:", text.len()).as_bytes(), text].concat()
}

fn file(length: &str, path: &[&[u8]], more: &[u8]) -> Vec<u8> {
    let parts: Vec<u8> = path.iter().flat_map(|part| s(part)).collect();
    let length = format!("6:lengthi{length}e");
    [b"d".as_slice(), more, length.as_bytes(), b"4:pathl", &parts, b"ee"].concat()
}

/// A torrent of these files; the piece hashes are as many as `pieces` says.
fn torrent(name: &[u8], files: &[Vec<u8>], piece_length: &str, pieces: usize) -> Vec<u8> {
    let files = [b"5:filesl".as_slice(), &files.concat(), b"e"].concat();
    around(&info(&files, name, piece_length, pieces))
}

fn info(body: &[u8], name: &[u8], piece_length: &str, pieces: usize) -> Vec<u8> {
    let length = format!("12:piece lengthi{piece_length}e");
    let hashes = s(&vec![b'h'; pieces * 20]);
    let name = [b"4:name".as_slice(), &s(name)].concat();
    [b"d".as_slice(), body, &name, length.as_bytes(), b"6:pieces", &hashes, b"e"].concat()
}

fn around(info: &[u8]) -> Vec<u8> {
    [b"d4:info".as_slice(), info, b"e"].concat()
}

fn named(path: &[&[u8]]) -> Vec<u8> {
    torrent(b"n", &[file("5", path, b"")], "16384", 1)
}

/// A list in a list in a list: 20 kB that once overflowed a stack.
pub fn nested_list() -> Vec<u8> {
    [vec![b'l'; 10_000], vec![b'e'; 10_000]].concat()
}

pub fn path_traversal() -> Vec<u8> {
    named(&[b"..", b"..", b"etc", b"cron.d", b"x"])
}

pub fn many_files(count: usize) -> Vec<u8> {
    let files: Vec<_> = (0..count).map(|i| file("1", &[format!("f{i}").as_bytes()], b"")).collect();
    torrent(b"n", &files, "16384", count.div_ceil(16384))
}

/// What, the torrent, and a word of the sentence.
pub fn table() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let single = |length: &str| format!("6:lengthi{length}e").into_bytes();
    let long = [b'x'; 300];
    let one = file("5", &[b"a"], b"");
    let part = [b'x'; 200];
    let deep: Vec<&[u8]> = vec![&part; 11];
    let nested_info = [b"d4:info".as_slice(), &nested_list(), b"e"].concat();
    vec![
        ("path traversal", path_traversal(), "leads out of its folder"),
        ("a name that is a path traversal", torrent(b"../x", std::slice::from_ref(&one), "16384", 1), "path separator"),
        ("an absolute path", named(&[b"/etc/passwd"]), "path separator"),
        ("a traversal in one part", named(&[b"a/../../x"]), "path separator"),
        ("a Windows path", named(&[b"C:\\x"]), "path separator"),
        ("an empty part", named(&[b"a", b""]), "is empty"),
        ("a dot", named(&[b"."]), "is empty"),
        ("no path", named(&[]), "path"),
        ("NUL", named(&[b"a\0b.mkv"]), "control characters"),
        ("a line end", named(&[b"a\nb.mkv"]), "control characters"),
        ("a bidirectional override", named(&["a\u{202E}vkm.exe".as_bytes()]), "disguise"),
        ("a character without width", named(&["a\u{200B}.mkv".as_bytes()]), "disguise"),
        ("a name of 300 bytes", named(&[&long]), "is too long"),
        ("a path of 2200 bytes", named(&deep), "is too long"),
        ("seventeen parts", named(&[b"a".as_slice(); 17]), "deeper than 16 folders"),
        ("a device of Windows", named(&[b"NUL"]), "device on Windows"),
        ("the same with an extension", named(&[b"a", b"com1.mkv"]), "device on Windows"),
        ("two files of one path", torrent(b"n", &[one.clone(), one.clone()], "16384", 1), "two of its files"),
        ("but for case", torrent(b"n", &[one.clone(), file("5", &[b"A"], b"")], "16384", 1), "two of its files"),
        ("20,000 files", many_files(20_000), "20000 files"),
        ("20 kB of nested lists", nested_list(), "nested deeper"),
        ("the same as info", nested_info, "nested deeper"),
        ("a negative length", around(&info(&single("-1"), b"n", "16384", 1)), "impossible"),
        ("a length past 64 bits", around(&info(&single("99999999999999999999"), b"n", "16384", 1)), "breaks"),
        ("a sum past 64 bits", torrent(b"n", &[file("9223372036854775807", &[b"a"], b""), file("9223372036854775807", &[b"b"], b""), file("9", &[b"c"], b"")], "16384", 1), "impossible"),
        ("no byte", around(&info(&single("0"), b"n", "16384", 0)), "empty"),
        ("no file", torrent(b"n", &[], "16384", 0), "empty"),
        ("padding alone", torrent(b"n", &[file("5", &[b"a"], b"4:attr1:p")], "16384", 1), "empty"),
        ("a link alone", torrent(b"n", &[file("5", &[b"a"], b"4:attr1:l12:symlink pathl4:/etce")], "16384", 1), "empty"),
        ("a piece of 2 GiB", torrent(b"n", std::slice::from_ref(&one), "2147483648", 1), "16 KiB to 32 MiB"),
        ("a piece of nothing", torrent(b"n", std::slice::from_ref(&one), "0", 1), "16 KiB to 32 MiB"),
        ("a negative piece", torrent(b"n", std::slice::from_ref(&one), "-1", 1), "16 KiB to 32 MiB"),
        ("too many piece hashes", torrent(b"n", std::slice::from_ref(&one), "16384", 2), "piece hashes"),
        ("no piece hashes", torrent(b"n", std::slice::from_ref(&one), "16384", 0), "piece hashes"),
        ("v2 only", b"d4:infod9:file treed1:ad0:d6:lengthi5eeee12:meta versioni2e4:name1:n12:piece lengthi16384eee".to_vec(), "v2 only"),
        ("no info", b"d8:announce1:ae".to_vec(), "info"),
        ("a list as info", b"d4:infolee".to_vec(), "info"),
        ("nothing", Vec::new(), "breaks"),
        ("a page", b"<!doctype html>".to_vec(), "breaks"),
        ("cut short", named(&[b"a"])[..40].to_vec(), "breaks"),
        ("a string longer than the rest", b"d4:info99999999:".to_vec(), "breaks"),
        ("a key twice", b"d4:infode4:infodee".to_vec(), "breaks"),
        ("9 MiB", vec![b'l'; 9 << 20], "8 MiB are the limit"),
    ]
}
