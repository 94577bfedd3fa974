//! What lies at the owner's address for updates. Only the head of the bundle is fetched, and its
//! signature is checked before a word of it is shown.

use std::path::Path;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use url::Url;

use super::Error;
use crate::bundle::{Head, Keys, Manifest, Running};
use crate::fetch::{Client, Opened, Request};
use crate::steward::layout::Image;
use crate::steward::words::{Facts, Refusal};

/// In an address, what stands for the board.
const BOARD: &str = "{board}";

/// The address, with the board in its place. The bundle's signature is what counts, so plain `http`
/// is taken as well; a secret has no place in it.
pub(super) fn address(template: &str, board: &str) -> Result<Url, Error> {
    let url = Url::parse(&template.trim().replace(BOARD, board)).map_err(|_| Error::BadUrl)?;
    let fits = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none();
    if fits { Ok(url) } else { Err(Error::BadUrl) }
}

/// Opens what lies there.
pub(super) async fn open(client: &Client, url: Url) -> Result<Opened, Error> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let opened = client.open(Request::get(url)).await?;
    if opened.status != 200 {
        return Err(Error::NoFile { host, status: opened.status });
    }
    Ok(opened)
}

/// The update that lies there; `None` where it is not newer than what runs.
pub(super) async fn look(
    client: &Client,
    url: Url,
    root: &Path,
    facts: &Facts,
) -> Result<Option<Manifest>, Error> {
    let keys = keys(root)?;
    let opened = open(client, url).await?;
    let bytes = first(opened.body, Head::LIMIT).await?;
    let head = Head::read(&mut &bytes[..], &keys)?;
    let running = Running {
        board: &facts.board,
        name: &facts.name,
        version: &facts.version,
        counter: facts.counter,
    };
    head.manifest().fits_board(running)?;
    Ok(Some(head.manifest().clone()).filter(|manifest| manifest.counter > facts.counter))
}

/// The keys of this image.
fn keys(root: &Path) -> Result<Keys, Error> {
    let damaged =
        |what: String| Refusal::new("damaged_image", format!("{what}; flash the card anew"));
    let file = root.join("usr/share/credenza/box.toml");
    let text = std::fs::read_to_string(&file)
        .map_err(|error| damaged(format!("{} cannot be read ({error})", file.display())))?;
    let image: Image = toml::from_str(&text)
        .map_err(|error| damaged(format!("{} is damaged: {}", file.display(), error.message())))?;
    Ok(Keys::read(&image.keys)?)
}

/// The first `most` bytes, or all there are.
async fn first(
    mut body: impl Stream<Item = std::io::Result<Bytes>> + Unpin,
    most: usize,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    while bytes.len() < most
        && let Some(piece) = body.next().await
    {
        let piece = piece.map_err(Error::Broken)?;
        bytes.extend_from_slice(&piece[..piece.len().min(most - bytes.len())]);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_the_board_and_carries_no_secret() {
        for (template, expected) in [
            (
                "https://a.example/credenza-{board}.bundle",
                Some("https://a.example/credenza-rpi4.bundle"),
            ),
            (
                " http://192.168.1.5:8000/{board}/{board}.bundle\n",
                Some("http://192.168.1.5:8000/rpi4/rpi4.bundle"),
            ),
            ("https://a.example/latest", Some("https://a.example/latest")),
            ("https://me:secret@a.example/x", None),
            ("ftp://a.example/x", None),
            ("file:///etc/passwd", None),
            ("a.example/x", None),
            ("", None),
        ] {
            let made = address(template, "rpi4").ok();
            assert_eq!(made.as_ref().map(Url::as_str), expected, "{template}");
        }
    }
}
