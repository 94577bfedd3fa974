//! A video in an MP4 whose index stands first (ISO/IEC 14496-12 and -15).

use super::h264::{RATE, Stream};
use super::picture::{HEIGHT, WIDTH};

/// Units of time in a second, and in a frame.
const TIMESCALE: u32 = 600;
const FRAME: u32 = TIMESCALE / RATE;
/// No turning and no stretching (6.2.2).
const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
/// `und` in three times five bits (8.4.2).
const UNDETERMINED: u16 = 0x55c4;

/// The file.
pub(super) fn file(stream: &Stream) -> Vec<u8> {
    let head = typed(*b"ftyp", |body| {
        body.extend(b"isom");
        body.extend(512u32.to_be_bytes());
        body.extend(b"isomiso2avc1mp41");
    });
    // The index is as long whatever it says.
    let length = head.len() + index(stream, 0).len();
    let index = index(stream, number(length) + 8);
    let data = typed(*b"mdat", |body| {
        for frame in &stream.frames {
            body.extend(number(frame.len()).to_be_bytes());
            body.extend(frame);
        }
    });
    [head, index, data].concat()
}

fn index(stream: &Stream, data_at: u32) -> Vec<u8> {
    let duration = number(stream.frames.len()) * FRAME;
    typed(*b"moov", |moov| {
        moov.extend(full(*b"mvhd", 0, |body| {
            words(body, &[0, 0, TIMESCALE, duration, 0x1_0000]);
            body.extend(0x0100u16.to_be_bytes()); // volume
            body.extend([0; 10]);
            words(body, &MATRIX);
            words(body, &[0; 6]);
            words(body, &[2]); // next_track_ID
        }));
        moov.extend(typed(*b"trak", |trak| {
            // Enabled, in the film, in its preview.
            trak.extend(full(*b"tkhd", 7, |body| {
                words(body, &[0, 0, 1, 0, duration, 0, 0, 0, 0]);
                words(body, &MATRIX);
                words(body, &[number(WIDTH) << 16, number(HEIGHT) << 16]);
            }));
            trak.extend(typed(*b"mdia", |mdia| {
                mdia.extend(full(*b"mdhd", 0, |body| {
                    words(body, &[0, 0, TIMESCALE, duration]);
                    body.extend(UNDETERMINED.to_be_bytes());
                    body.extend([0; 2]);
                }));
                mdia.extend(full(*b"hdlr", 0, |body| {
                    words(body, &[0]);
                    body.extend(b"vide");
                    words(body, &[0; 3]);
                    body.extend(b"Words\0");
                }));
                mdia.extend(typed(*b"minf", |minf| {
                    minf.extend(full(*b"vmhd", 1, |body| body.extend([0; 8])));
                    minf.extend(typed(*b"dinf", |dinf| {
                        dinf.extend(full(*b"dref", 0, |body| {
                            words(body, &[1]);
                            body.extend(full(*b"url ", 1, |_| {}));
                        }));
                    }));
                    minf.extend(typed(*b"stbl", |body| samples(body, stream, data_at)));
                }));
            }));
        }));
    })
}

/// Where each frame is, how long it is, and when it is shown (8.5 to 8.7).
fn samples(table: &mut Vec<u8>, stream: &Stream, data_at: u32) {
    let count = number(stream.frames.len());
    table.extend(full(*b"stsd", 0, |body| {
        words(body, &[1]);
        body.extend(entry(stream));
    }));
    table.extend(full(*b"stts", 0, |body| words(body, &[1, count, FRAME])));
    table.extend(full(*b"stss", 0, |body| words(body, &[1, 1])));
    table.extend(full(*b"stsc", 0, |body| words(body, &[1, 1, count, 1])));
    table.extend(full(*b"stsz", 0, |body| {
        words(body, &[0, count]);
        for frame in &stream.frames {
            words(body, &[number(frame.len()) + 4]);
        }
    }));
    table.extend(full(*b"stco", 0, |body| words(body, &[1, data_at])));
}

/// The decoder's settings (14496-15, 5.3.3 and 5.4.2).
fn entry(stream: &Stream) -> Vec<u8> {
    typed(*b"avc1", |body| {
        body.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        body.extend([0; 16]);
        body.extend(short(WIDTH).to_be_bytes());
        body.extend(short(HEIGHT).to_be_bytes());
        words(body, &[72 << 16, 72 << 16, 0]); // dots in an inch
        body.extend(1u16.to_be_bytes()); // frame_count
        body.extend([0; 32]); // compressorname
        body.extend([0, 24, 0xff, 0xff]); // depth, pre_defined
        body.extend(typed(*b"avcC", |body| {
            body.extend([1, stream.sps[1], stream.sps[2], stream.sps[3], 0xff, 0xe1]);
            body.extend(short(stream.sps.len()).to_be_bytes());
            body.extend(&stream.sps);
            body.push(1);
            body.extend(short(stream.pps.len()).to_be_bytes());
            body.extend(&stream.pps);
        }));
    })
}

fn typed(name: [u8; 4], fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut body = vec![0; 4];
    body.extend(name);
    fill(&mut body);
    let length = number(body.len()).to_be_bytes();
    body[..4].copy_from_slice(&length);
    body
}

/// With a version and flags.
fn full(name: [u8; 4], flags: u32, fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    typed(name, |body| {
        words(body, &[flags]);
        fill(body);
    })
}

fn words(body: &mut Vec<u8>, words: &[u32]) {
    for word in words {
        body.extend(word.to_be_bytes());
    }
}

/// A clip has less than a megabyte.
fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
