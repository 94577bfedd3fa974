//! What litmus, the WebDAV suite, asks of a server that is only read. Each of its parts begins by
//! making a folder and ends where that fails, and its parts cannot be chosen from; so a door before
//! the server says yes to whatever writes, without passing it on, and shows the server's own root as
//! the folder. What litmus then finds missing was never written: only what it reads counts.

use std::io::{BufReader, Read as _, Write as _};
use std::iter;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use super::{LIMIT, has, skip};
use crate::support::process::finish;
use crate::support::server::Server;

/// litmus works in a folder of this name.
const FOLDER: &str = "/dav/litmus/";

/// The lines of a head, without the empty one that ends it; `None` where the connection has ended.
fn head(reader: &mut impl std::io::BufRead) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            return Some(lines);
        }
        lines.push(line.to_owned());
    }
}

fn is(line: &str, names: &[&str]) -> bool {
    let name = line.split(':').next().unwrap_or_default();
    names.iter().any(|one| name.eq_ignore_ascii_case(one))
}

fn lines_of<'a>(lines: impl Iterator<Item = &'a String>) -> String {
    lines.flat_map(|line| [line.as_str(), "\r\n"]).collect()
}

/// One connection of litmus.
fn pass_on(client: TcpStream, server: &str) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut client = client;
    while let Some(lines) = head(&mut reader) {
        let length = lines.iter().find(|line| is(line, &["content-length"]));
        let length = length.and_then(|line| line.split(':').nth(1)?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        let method = lines[0].split(' ').next()?;
        if !["OPTIONS", "PROPFIND", "GET", "HEAD"].contains(&method) {
            client.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").ok()?;
            continue;
        }
        let mut upstream = TcpStream::connect(server).ok()?;
        let first = lines[0].replacen(FOLDER, "/dav/", 1);
        let kept = lines[1..].iter().filter(|line| !is(line, &["host", "connection", "te"]));
        let rest = format!("Host: {server}\r\nConnection: close\r\n\r\n");
        let request = lines_of(iter::once(&first).chain(kept)) + &rest;
        upstream.write_all(request.as_bytes()).ok()?;
        upstream.write_all(&body).ok()?;
        let mut answer = BufReader::new(upstream);
        let lines = head(&mut answer)?;
        let mut body = String::new();
        answer.read_to_string(&mut body).ok()?;
        let body = body.replace("<D:href>/dav/", &format!("<D:href>{FOLDER}"));
        let kept = lines
            .iter()
            .filter(|line| !is(line, &["content-length", "connection", "transfer-encoding"]));
        let length = format!("Content-Length: {}\r\n\r\n", body.len());
        let answer = lines_of(kept) + &length + &body;
        client.write_all(answer.as_bytes()).ok()?;
    }
    None
}

/// Where litmus finds the server.
fn door(server: &Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = server.base.trim_start_matches("http://").to_owned();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = server.clone();
            thread::spawn(move || pass_on(client, &server));
        }
    });
    format!("http://{address}/dav/")
}

#[test]
fn what_litmus_reads_is_as_it_should_be() {
    if !has("litmus") {
        return skip("needs litmus");
    }
    let server = Server::demo();
    let folder = tempfile::tempdir().unwrap();
    let mut litmus = Command::new("sh");
    // It fails over what it thinks it has written, and writes its log where it is.
    litmus.args(["-c", "litmus --keep-going \"$0\" || true", &door(&server)]);
    litmus.current_dir(folder.path()).env("TESTS", "basic props");
    let said = finish(&mut litmus, LIMIT).unwrap().text();
    let passes = |name: &str| {
        let start = format!(". {name}.");
        let told = said.split(&start).skip(1);
        told.map(|rest| rest.trim_start_matches('.').trim_start()).any(|rest| {
            rest.starts_with("pass") || rest.starts_with("WARNING: server does not claim Class 2")
        })
    };
    for name in ["options", "propfind_invalid", "propfind_invalid2", "propfind_d0"] {
        assert!(passes(name), "{name}: {said}");
    }
    // It can tell: of what was never written it says so.
    assert!(!passes("put_get"), "{said}");
}
