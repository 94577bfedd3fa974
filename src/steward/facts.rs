//! What this box is and how it stands.

use super::layout::Layout;
use super::tools::Tools;
use super::words::{DataState, Facts, Refusal};
use super::{access_point, card, clock, data, mounts, notices, slots, ssd};

/// All of it. What cannot be found out is a notice, not a box without facts.
pub(super) fn facts(layout: &Layout, tools: &Tools) -> Facts {
    let running = layout.start.running;
    let mut notices = notices::read(layout);
    let (default, other, refused) = match slots::standing(layout) {
        Ok(standing) => {
            notices.extend(standing.notice);
            (standing.default, standing.other, standing.refused)
        }
        Err(refusal) => {
            notices.push(refusal);
            (running, None, Vec::new())
        }
    };
    let data = data_state(layout, &notices);
    if data == DataState::ReadOnly && !notices.iter().any(|notice| notice.code == READ_ONLY) {
        let message = "the card took a fault and no more writes, so changes are not kept; start \
                       the box anew, and if that does not help, flash another card";
        notices.push(Refusal::new(READ_ONLY, message));
    }
    notices.extend(clock::untold(layout));
    notices.extend(data::full(layout));
    notices.extend(card::worn(layout));
    notices.extend(ssd::read_only(layout));
    Facts {
        board: layout.image.board.clone(),
        name: layout.image.name.clone(),
        version: layout.image.version.clone(),
        counter: layout.image.counter,
        running,
        default,
        trial: running != default,
        other,
        refused,
        data,
        ssd: ssd::facts(layout),
        access_point: access_point::open(layout, tools),
        notices,
    }
}

const READ_ONLY: &str = "card_read_only";

fn data_state(layout: &Layout, notices: &[Refusal]) -> DataState {
    let mount = mounts::at(&layout.folders, &layout.folders.data);
    match mount {
        Some(mount) if mount.file_system == "tmpfs" => {
            let read_only = notices.iter().any(|notice| notice.code == READ_ONLY);
            if read_only { DataState::ReadOnly } else { DataState::Volatile }
        }
        Some(mount) if mount.read_only || data::took_a_fault(layout, &mount) => DataState::ReadOnly,
        Some(_) => DataState::Kept,
        None => DataState::Volatile,
    }
}
