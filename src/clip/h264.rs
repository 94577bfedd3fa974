//! One picture as H.264 (ITU-T H.264, Constrained Baseline): a key frame, then frames in which every
//! block is "as before".
//!
//! Of all that an encoder may do, two things are enough: a block that is what its neighbours predict
//! (`Intra_16x16` without a residual, 8.3.3), and one that is sent as it is (`I_PCM`, 7.3.5). So the
//! picture is exact, and a page of words takes a few hundred kilobytes.

use super::picture::{HEIGHT, Picture, WIDTH};

/// Frames in a second.
pub(super) const RATE: u32 = 25;
/// Length of a block's side.
const BLOCK: usize = 16;
const COLUMNS: usize = WIDTH / BLOCK;
const ROWS: usize = HEIGHT / BLOCK;
/// Both chroma planes: grey.
const GREY: u8 = 128;
/// 1280×720 at 30 frames a second (table A-1).
const LEVEL: u8 = 31;

/// A coded video.
pub(super) struct Stream {
    /// Sequence and picture parameter sets, each a NAL unit.
    pub(super) sps: Vec<u8>,
    pub(super) pps: Vec<u8>,
    /// The key frame and those after it, each a NAL unit.
    pub(super) frames: Vec<Vec<u8>>,
}

/// A picture that stands for so many seconds.
pub(super) fn encode(picture: &Picture, seconds: u32) -> Stream {
    let later = (1..seconds * RATE).map(as_before);
    let frames = std::iter::once(key_frame(picture)).chain(later).collect();
    Stream { sps: sps(), pps: pps(), frames }
}

/// 7.3.2.1.1
fn sps() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(8, 66); // profile_idc: Baseline
    bits.put(8, 0b1100_0000); // constraint_set0 and 1: also within Main
    bits.put(8, LEVEL.into());
    bits.ue(0); // seq_parameter_set_id
    bits.ue(0); // log2_max_frame_num_minus4
    bits.ue(2); // pic_order_cnt_type: shown in the order in which they are sent
    bits.ue(1); // max_num_ref_frames
    bits.put(1, 0); // gaps_in_frame_num_value_allowed_flag
    bits.ue(u32::try_from(COLUMNS - 1).unwrap_or_default());
    bits.ue(u32::try_from(ROWS - 1).unwrap_or_default());
    bits.put(1, 1); // frame_mbs_only_flag
    bits.put(1, 1); // direct_8x8_inference_flag
    bits.put(1, 0); // frame_cropping_flag
    bits.put(1, 0); // vui_parameters_present_flag
    bits.unit(0x67)
}

/// 7.3.2.2
fn pps() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.ue(0); // pic_parameter_set_id
    bits.ue(0); // seq_parameter_set_id
    bits.put(1, 0); // entropy_coding_mode_flag: CAVLC
    bits.put(1, 0); // bottom_field_pic_order_in_frame_present_flag
    bits.ue(0); // num_slice_groups_minus1
    bits.ue(0); // num_ref_idx_l0_default_active_minus1
    bits.ue(0); // num_ref_idx_l1_default_active_minus1
    bits.put(3, 0); // weighted_pred_flag, weighted_bipred_idc
    bits.ue(0); // pic_init_qp_minus26
    bits.ue(0); // pic_init_qs_minus26
    bits.ue(0); // chroma_qp_index_offset
    bits.put(1, 1); // deblocking_filter_control_present_flag
    bits.put(1, 0); // constrained_intra_pred_flag
    bits.put(1, 0); // redundant_pic_cnt_present_flag
    bits.unit(0x68)
}

/// How a block is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// The value of `Intra16x16PredMode`: 0 from above, 1 from the left.
    Predicted(u32),
    AsItIs,
}

fn key_frame(picture: &Picture) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.ue(0); // first_mb_in_slice
    bits.ue(7); // slice_type: I
    bits.ue(0); // pic_parameter_set_id
    bits.put(4, 0); // frame_num
    bits.ue(0); // idr_pic_id
    bits.put(2, 0); // no_output_of_prior_pics_flag, long_term_reference_flag
    bits.ue(0); // slice_qp_delta
    bits.ue(1); // disable_deblocking_filter_idc
    let mut told: Vec<Told> = Vec::with_capacity(COLUMNS * ROWS);
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            let how = how(picture, column, row);
            match how {
                Told::AsItIs => as_it_is(&mut bits, picture, column, row),
                Told::Predicted(mode) => {
                    let left = (column > 0).then(|| told[told.len() - 1]);
                    let above = (row > 0).then(|| told[told.len() - COLUMNS]);
                    predicted(&mut bits, mode, left, above);
                }
            }
            told.push(how);
        }
    }
    bits.unit(0x65)
}

/// Whether each line, or each column, of a block goes on as its neighbour ends.
fn how(picture: &Picture, column: usize, row: usize) -> Told {
    let (left, top) = (column * BLOCK, row * BLOCK);
    let points = || (top..top + BLOCK).flat_map(|y| (left..left + BLOCK).map(move |x| (x, y)));
    // The picture is exact, so that what was decoded of a neighbour is the picture itself.
    if row > 0 && points().all(|(x, y)| picture.at(x, y) == picture.at(x, top - 1)) {
        return Told::Predicted(0);
    }
    if column > 0 && points().all(|(x, y)| picture.at(x, y) == picture.at(left - 1, y)) {
        return Told::Predicted(1);
    }
    Told::AsItIs
}

fn as_it_is(bits: &mut Bits, picture: &Picture, column: usize, row: usize) {
    bits.ue(25); // mb_type: I_PCM
    bits.align();
    for y in row * BLOCK..(row + 1) * BLOCK {
        for x in column * BLOCK..(column + 1) * BLOCK {
            bits.put(8, picture.at(x, y).into());
        }
    }
    for _ in 0..2 * (BLOCK / 2) * (BLOCK / 2) {
        bits.put(8, GREY.into());
    }
}

fn predicted(bits: &mut Bits, mode: u32, left: Option<Told>, above: Option<Told>) {
    bits.ue(1 + mode); // mb_type: I_16x16_mode_0_0
    bits.ue(0); // intra_chroma_pred_mode: DC, of grey neighbours grey
    bits.ue(0); // mb_qp_delta
    // coeff_token of no coefficient (table 9-5), by how many the neighbours have (9.2.1).
    let count = |told: Told| if told == Told::AsItIs { 16 } else { 0 };
    let around = match (left.map(count), above.map(count)) {
        (Some(left), Some(above)) => (left + above + 1) / 2,
        (one, other) => one.or(other).unwrap_or(0),
    };
    match around {
        0 => bits.put(1, 1),
        _ => bits.put(6, 0b00_0011),
    }
}

/// A frame in which nothing has changed since the one before (7.3.4: one run of skipped blocks).
fn as_before(number: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.ue(0); // first_mb_in_slice
    bits.ue(5); // slice_type: P
    bits.ue(0); // pic_parameter_set_id
    bits.put(4, number % 16); // frame_num
    bits.put(1, 0); // num_ref_idx_active_override_flag
    bits.put(1, 0); // ref_pic_list_modification_flag_l0
    bits.put(1, 0); // adaptive_ref_pic_marking_mode_flag
    bits.ue(0); // slice_qp_delta
    bits.ue(1); // disable_deblocking_filter_idc
    bits.ue(u32::try_from(COLUMNS * ROWS).unwrap_or_default()); // mb_skip_run
    bits.unit(0x41)
}

/// Bits, the first in the highest place.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    /// How many of the last byte's bits are free.
    free: u32,
}

impl Bits {
    fn put(&mut self, count: u32, value: u32) {
        for at in (0..count).rev() {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            self.free -= 1;
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::from(value >> at & 1 == 1) << self.free;
            }
        }
    }

    /// Exp-Golomb (9.1). Of signed numbers only 0 is sent, which is the same.
    fn ue(&mut self, value: u32) {
        let value = value + 1;
        let length = value.ilog2();
        self.put(length, 0);
        self.put(length + 1, value);
    }

    fn align(&mut self) {
        self.free = 0;
    }

    /// A NAL unit: the trailing bit, and no start code within (7.4.1).
    fn unit(mut self, header: u8) -> Vec<u8> {
        self.put(1, 1);
        let mut unit = vec![header];
        let mut zeros = 0;
        for byte in self.bytes {
            if zeros >= 2 && byte <= 3 {
                unit.push(3);
                zeros = 0;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            unit.push(byte);
        }
        unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_table_9_2_has_them() {
        let mut bits = Bits::default();
        for value in [0, 1, 2, 7] {
            bits.ue(value);
        }
        // 1 010 011 0001000, then the trailing bit.
        assert_eq!(bits.unit(0x67), [0x67, 0b1010_0110, 0b0010_0010]);
    }

    #[test]
    fn no_start_code_stands_within_a_unit() {
        let mut bits = Bits::default();
        for _ in 0..6 {
            bits.put(8, 0);
        }
        assert_eq!(bits.unit(1), [1, 0, 0, 3, 0, 0, 3, 0, 0, 0x80]);
    }

    #[test]
    fn a_page_of_words_is_small() {
        let stream = encode(&Picture::of("A title", &"nothing plays ".repeat(20)), 10);
        assert_eq!(stream.frames.len(), 250);
        assert!(stream.frames[0].len() < 500_000, "{}", stream.frames[0].len());
        assert!(stream.frames[1..].iter().all(|frame| frame.len() < 16));
    }
}
