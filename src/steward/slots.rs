//! The two slots: what they hold, writing the other one, trying it, and making it the one that
//! starts. At every moment of this the slot that starts is whole: only the other one is written,
//! and one sector (`selector`) says which is which. Only one change is made at a time (`answer`).

use std::fs::{self, OpenOptions};
use std::io::{Read, Write as _};

use super::autoboot::Selected;
use super::layout::Layout;
use super::partition::{Partition, refused};
use super::selector::{select, selected};
use super::trial::{Trial, Updates};
use super::words::{Refusal, Slot, SlotFacts};
use crate::bundle::{Head, Keys, Manifest, Payload, Running};

/// How the slots stand.
#[derive(Debug)]
pub(super) struct Standing {
    /// The slot that starts; the running one where the card does not say.
    pub(super) default: Slot,
    /// What the other one holds, if it may be started.
    pub(super) other: Option<SlotFacts>,
    /// Versions that did not start well, or that the owner left: not to be tried unasked.
    pub(super) refused: Vec<u64>,
    /// What is wrong with the card, and what to do.
    pub(super) notice: Option<Refusal>,
}

/// How the slots stand, by what is on the card.
#[expect(clippy::unnecessary_wraps, reason = "as the other verbs; today each fault has its place")]
pub(super) fn standing(layout: &Layout) -> Result<Standing, Refusal> {
    let running = layout.start.running;
    let (default, notice) = match selected(&layout.start.selector) {
        Ok(selected) => (selected.default, None),
        Err(refusal) => (running, Some(refusal)),
    };
    let other = other_head(layout).ok().map(|(_, head)| facts(head.manifest()));
    let refused = Updates::read(layout).refused.iter().map(|facts| facts.counter).collect();
    Ok(Standing { default, other, refused, notice })
}

/// Writes a bundle into the other slot, checks it as it comes and again from the device.
/// `progress` hears of bytes done and bytes in all; each byte is done twice.
pub(super) fn install(
    layout: &Layout,
    bundle: &mut dyn Read,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<SlotFacts, Refusal> {
    not_on_trial(layout)?;
    let head = Head::read(bundle, &keys(layout)?).map_err(refused)?;
    let manifest = head.manifest();
    manifest.updates(running(layout)).map_err(refused)?;
    let slot = Partition::open_to_write(other_slot(layout)?)?;
    if manifest.slot_bytes > slot.room() {
        let sentence = format!(
            "version {} takes {} MiB, and a slot of this card has room for {}; make a new card from \
             its image",
            manifest.version,
            manifest.slot_bytes.div_ceil(1 << 20),
            slot.room() >> 20
        );
        return Err(Refusal::new("too_large", sentence));
    }
    let of = manifest.slot_bytes;

    slot.forget_head()?;
    let mut payload = Payload::new(bundle, manifest);
    slot.write_payload(&mut payload, &mut |done| progress(done, 2 * of))?;
    payload.check().map_err(refused)?;
    payload.ended().map_err(refused)?;
    if !slot.holds(manifest, &mut |done| progress(of + done, 2 * of))? {
        let sentence = "the card did not keep what was written to it; try again, and if it happens \
                        again, make a new card from the image";
        return Err(Refusal::new("card_faulty", sentence));
    }
    slot.write_head(&head)?;
    Ok(facts(manifest))
}

/// Sets the one-shot flag; the caller starts the box anew.
pub(super) fn try_other(layout: &Layout, back: bool) -> Result<(), Refusal> {
    let selected = not_on_trial(layout)?;
    let (slot, head) = other_head(layout)?;
    let manifest = head.manifest();
    if manifest.counter < layout.image.counter && !back {
        let sentence = format!(
            "the other slot holds version {}, which is older than the running {}; it is started only \
             when you ask to go back",
            manifest.version, layout.image.version
        );
        return Err(Refusal::new("too_old", sentence));
    }
    if !slot.holds(manifest, &mut |_| {})? {
        return Err(nothing_there());
    }
    if !selected.can_try {
        select(&layout.start.selector, selected.default)?;
    }
    let from = layout.start.running;
    let (version, counter) = (manifest.version.clone(), manifest.counter);
    Trial { from, to: from.other(), version, counter }.write(layout)?;
    set_flag(layout).inspect_err(|_| {
        // Else the next start would say that a version came back which was never started.
        let _ = Trial::remove(layout);
    })
}

/// Makes the running slot the one that starts.
pub(super) fn commit(layout: &Layout) -> Result<(), Refusal> {
    let running = layout.start.running;
    if selected(&layout.start.selector).is_ok_and(|selected| selected.default == running) {
        end_trial(layout);
        return Ok(());
    }
    select(&layout.start.selector, running)?;
    end_trial(layout);
    // It is done. What is noted of it can be noted at the next start as well.
    let _ = settle(layout);
    Ok(())
}

/// Takes the initramfs' mark away, by which the system itself gives up a trial that nobody keeps:
/// a server that does not even start cannot.
fn end_trial(layout: &Layout) {
    let mark = layout.folders.run.join("trial");
    if let Err(error) = std::fs::remove_file(&mark)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::error!(%error, mark = %mark.display(), "the mark of the trial cannot be removed");
    }
}

/// At each start: a trial that did not come back is remembered, and told once.
pub(super) fn after_start(layout: &Layout) -> Result<Option<Refusal>, Refusal> {
    let Some(trial) = Trial::read(layout) else {
        Trial::remove(layout)?;
        // Nobody asked for this slot: the usual one could not be started.
        let usual = selected(&layout.start.selector).ok();
        return Ok(usual.filter(|usual| usual.default != layout.start.running).map(|_| {
            let message = "the version that usually starts is damaged, so the one in the other half \
                           of the card was started; install an update to mend it";
            Refusal::new("other_slot_started", message)
        }));
    };
    let running = layout.start.running;
    if running == trial.to {
        // On trial still; or a power cut came between its commit and the note of it.
        if selected(&layout.start.selector).is_ok_and(|selected| selected.default == running) {
            settle(layout)?;
        }
        return Ok(None);
    }
    let sentence = format!(
        "Version {} was started on trial and did not stay (it did not start well, or was switched off \
         meanwhile), so version {} runs again; nothing is lost.",
        trial.version, layout.image.version
    );
    let mut updates = Updates::read(layout);
    updates.refuse(SlotFacts { version: trial.version, counter: trial.counter });
    updates.write(layout)?;
    Trial::remove(layout)?;
    Ok(Some(Refusal::new("update_came_back", sentence)))
}

/// Notes that the running version does well. One that the owner went back from is refused from now
/// on, or the next look for updates would bring it again.
fn settle(layout: &Layout) -> Result<(), Refusal> {
    let image = &layout.image;
    let mut updates = Updates::read(layout);
    updates.prove(SlotFacts { version: image.version.clone(), counter: image.counter });
    if let Ok((_, left)) = other_head(layout)
        && left.manifest().counter > image.counter
    {
        updates.refuse(facts(left.manifest()));
    }
    updates.write(layout)?;
    Trial::remove(layout)
}

/// While a version is on trial, the other slot is the one to fall back to: it is not touched.
fn not_on_trial(layout: &Layout) -> Result<Selected, Refusal> {
    let selected = selected(&layout.start.selector)?;
    if selected.default == layout.start.running {
        return Ok(selected);
    }
    let sentence = format!(
        "version {} is still on trial; wait some minutes until it has proved itself, or start the box \
         anew to go back",
        layout.image.version
    );
    Err(Refusal::new("on_trial", sentence))
}

/// The partition that does not run, whatever is wrong with the list of them.
fn other_slot(layout: &Layout) -> Result<&std::path::Path, Refusal> {
    let running = layout.start.running;
    let (ours, other) = (layout.slot(running), layout.slot(running.other()));
    let same = |error: &std::io::Error| {
        Refusal::new("slot_missing", format!("a slot of the card is missing ({error})"))
    };
    let real = |path| fs::canonicalize(path).map_err(|error| same(&error));
    if real(ours)? == real(other)? {
        let sentence = "both slots are one partition, so nothing is written; make a new card from the \
                        image";
        return Err(Refusal::new("slot_missing", sentence));
    }
    Ok(other)
}

fn keys(layout: &Layout) -> Result<Keys, Refusal> {
    Keys::read(&layout.image.keys).map_err(refused)
}

fn running(layout: &Layout) -> Running<'_> {
    let image = &layout.image;
    Running {
        board: &image.board,
        name: &image.name,
        version: &image.version,
        counter: image.counter,
    }
}

/// The other slot with what was signed of it, if that is for this board.
fn other_head(layout: &Layout) -> Result<(Partition, Head), Refusal> {
    let slot = Partition::open(other_slot(layout)?)?;
    let head = slot.head(&keys(layout)?).ok_or_else(nothing_there)?;
    head.manifest().fits_board(running(layout)).map_err(refused)?;
    Ok((slot, head))
}

fn nothing_there() -> Refusal {
    let sentence = "the other slot holds nothing that could be started; install an update first";
    Refusal::new("nothing_to_try", sentence)
}

fn facts(manifest: &Manifest) -> SlotFacts {
    SlotFacts { version: manifest.version.clone(), counter: manifest.counter }
}

/// `1` to the one-shot flag, which is there or this box cannot try: it is never made.
fn set_flag(layout: &Layout) -> Result<(), Refusal> {
    let path = &layout.image.one_shot;
    let set = || OpenOptions::new().write(true).open(path)?.write_all(b"1");
    set().map_err(|error: std::io::Error| {
        let sentence = format!(
            "this box cannot be told to try a slot once ({}: {error}), so the update was not started",
            path.display()
        );
        Refusal::new("no_one_shot", sentence)
    })
}
