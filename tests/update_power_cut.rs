//! A power cut at every write of an update, and within every write (F-03, R-09): whatever is left of
//! the card, the old version or the new one starts, whole. The real steward writes; QEMU's block
//! layer records; the model of the firmware in `support::firmware` judges.

use std::fs;
use std::ops::Range;

use crate::support::bundle::{Bundle, Key, slot_image};
use crate::support::card::{Card, missing_tools, selector_image};
use crate::support::firmware::Firmware;
use crate::support::recorded::{Entry, Recorded, SECTOR};
use crate::support::skip;

const MIB: usize = 1 << 20;
const SELECTOR: Range<usize> = MIB..4 * MIB;
const SLOT_A: Range<usize> = 4 * MIB..7 * MIB;
const SLOT_B: Range<usize> = 7 * MIB..10 * MIB;
const PAYLOAD: u64 = 2 << 20;
/// Random halves that are tried after each write.
const HALVES: usize = 48;

/// How far an update had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The other slot is being written.
    Install { old: u64, new: u64 },
    /// The flag is set, or the new version runs and is being made the one that starts.
    Trial { old: u64, new: u64 },
}

/// The card before, all that was written to it, and from which entry on which stage was.
struct Update {
    before: Vec<u8>,
    entries: Vec<Entry>,
    stages: Vec<(usize, Stage)>,
    after: Vec<u8>,
}

/// Two updates: from slot A to B, and from B to A again.
fn record(key: &Key) -> Result<Update, String> {
    let mut before = vec![0; SLOT_B.end];
    before[SELECTOR].copy_from_slice(&selector_image("-F 16 -s 1 -r 16", SELECTOR.len() as u64));
    for (slot, counter) in [(SLOT_A, 30), (SLOT_B, 20)] {
        let bundle = bundle(key, counter);
        let tail = slot.end - (64 << 10);
        before[slot.start..slot.start + bundle.payload.len()].copy_from_slice(&bundle.payload);
        let head = bundle.head();
        before[tail..tail + head.len()].copy_from_slice(&head);
    }
    let partitions = [SELECTOR, SLOT_A, SLOT_B].map(|range| (range.start, range.len()));
    let disk = Recorded::start(&before, &partitions)?;
    let [selector, a, b] = [0, 1, 2].map(|number| disk.partition(number).to_owned());
    let card = Card::on(tempfile::tempdir().unwrap(), &[key], selector, [a, b]);
    let mut stages = Vec::new();
    for (from, to, old, new) in [('a', 'b', 30, 31), ('b', 'a', 31, 32)] {
        card.runs(from, &format!("0.3.{}", old - 30), old);
        stages.push((disk.entries(), Stage::Install { old, new }));
        card.install(&bundle(key, new).bytes()).unwrap();
        card.try_other(false).unwrap();
        assert_eq!(card.one_shot(), "1");
        stages.push((disk.entries(), Stage::Trial { old, new }));
        card.runs(to, &format!("0.3.{}", new - 30), new);
        card.commit().unwrap();
    }
    drop(card);
    let (entries, after) = disk.finish();
    Ok(Update { before, entries, stages, after })
}

fn bundle(key: &Key, counter: u64) -> Bundle {
    Bundle::new(key, &format!("0.3.{}", counter % 10), counter, slot_image(counter, PAYLOAD))
}

/// After a power cut while an update was written: the same update, once more.
fn once_more(key: &Key, image: &[u8], stage: Stage) {
    let Stage::Install { old, new } = stage else { return };
    let folder = tempfile::tempdir().unwrap();
    let [selector, a, b] =
        [("p1", SELECTOR), ("p2", SLOT_A), ("p3", SLOT_B)].map(|(name, range)| {
            let path = folder.path().join(name);
            fs::write(&path, &image[range]).unwrap();
            path
        });
    let card = Card::on(folder, &[key], selector, [a, b]);
    let (from, to) = if old == 30 { ('a', 'b') } else { ('b', 'a') };
    card.runs(from, &format!("0.3.{}", old - 30), old);
    assert_eq!(card.facts()["trial"], serde_json::json!(false));
    card.install(&bundle(key, new).bytes()).unwrap();
    card.try_other(false).unwrap();
    card.runs(to, &format!("0.3.{}", new - 30), new);
    card.commit().unwrap();
    assert_eq!(card.facts()["default"], serde_json::json!(to.to_string()));
}

/// A power cut: what the firmware does then, once for each way it may be asked.
struct Judge<'a> {
    firmware: Firmware<'a>,
    stage: Stage,
    cuts: usize,
    started_new: usize,
}

impl Judge<'_> {
    /// `honest`: the card kept what it was told to keep before the last flush.
    fn see(&mut self, card: &[u8], honest: bool, cut: &str) {
        self.cuts += 1;
        let (Stage::Install { old, new } | Stage::Trial { old, new }) = self.stage;
        // The flag does not outlive a power cut.
        let (partition, counter) = self
            .firmware
            .starts(card, false)
            .unwrap_or_else(|fault| panic!("{cut}: nothing starts: {fault}"));
        let installing = matches!(self.stage, Stage::Install { .. });
        assert!(counter == old || (counter == new && !installing), "{cut}: {counter} starts");
        self.started_new += usize::from(counter == new);
        if honest {
            // A head that is there says the truth: what is offered is whole.
            let other = if partition == 2 { 3 } else { 2 };
            self.firmware.holds(card, other).unwrap_or_else(|fault| panic!("{cut}: {fault}"));
            if !installing && counter == old {
                let tried = self.firmware.starts(card, true);
                assert_eq!(tried.map(|(_, counter)| counter), Ok(new), "{cut}: the trial");
            }
        }
    }
}

/// A small generator, so that a failure comes again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }
}

/// A sector that the disk was told to write.
type Sector<'a> = (usize, &'a [u8]);

/// Applies sectors, lets `see` look, and takes them back.
fn with(card: &mut [u8], sectors: &[Sector<'_>], see: impl FnOnce(&[u8])) {
    let mut undo = Vec::with_capacity(sectors.len());
    for (at, bytes) in sectors {
        undo.push((*at, card[*at..at + SECTOR].to_vec()));
        card[*at..at + SECTOR].copy_from_slice(bytes);
    }
    see(card);
    for (at, bytes) in undo.into_iter().rev() {
        card[at..at + SECTOR].copy_from_slice(&bytes);
    }
}

#[test]
fn a_power_cut_at_any_write_leaves_the_old_version_or_the_new_one() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    let key = Key::new();
    let update = match record(&key) {
        Ok(update) => update,
        Err(reason) => return skip(&reason),
    };
    let firmware = Firmware::new([SELECTOR, SLOT_A, SLOT_B], &key);
    let stage = update.stages[0].1;
    let mut judge = Judge { firmware, stage, cuts: 0, started_new: 0 };
    let mut random = Random(0x5eed);

    // `card`: every write so far. `kept`: every write before the last flush; `loose`: those since.
    let (mut card, mut kept) = (update.before.clone(), update.before.clone());
    let mut loose: Vec<Sector<'_>> = Vec::new();
    let (mut writes, mut flushes, mut halves, mut lies) = (0, 0, 0, 0);
    let mut again = Vec::new();
    let mut since_stage: Vec<Sector<'_>> = Vec::new();
    let mut at_stage = card.clone();
    judge.see(&card, true, "before");
    for (number, entry) in update.entries.iter().enumerate() {
        if let Some((_, stage)) = update.stages.iter().find(|(from, _)| *from == number) {
            judge.stage = *stage;
            since_stage.clear();
            at_stage.copy_from_slice(&card);
        }
        let Entry::Write { at, bytes } = entry else {
            flushes += 1;
            loose.clear();
            kept.copy_from_slice(&card);
            continue;
        };
        writes += 1;
        if writes % 5 == 2 && matches!(judge.stage, Stage::Install { .. }) {
            again.push((card.clone(), judge.stage));
        }
        let sectors: Vec<Sector<'_>> =
            bytes.chunks(SECTOR).enumerate().map(|(n, part)| (at + n * SECTOR, part)).collect();
        // Every prefix of it, by sectors.
        for (count, (at, part)) in sectors.iter().enumerate() {
            card[*at..at + SECTOR].copy_from_slice(part);
            judge.see(&card, true, &format!("entry {number}, {} sectors", count + 1));
        }
        loose.extend(&sectors);
        since_stage.extend(&sectors);
        // Everything before the last flush, and any half of the rest.
        for _ in 0..HALVES {
            let half: Vec<Sector<'_>> =
                loose.iter().filter(|_| random.next().is_multiple_of(2)).copied().collect();
            with(&mut kept, &half, |card| judge.see(card, true, &format!("half of {number}")));
            halves += 1;
        }
        // A card that lies about flushes (F-09), while an update is written: any half of all of it.
        if matches!(judge.stage, Stage::Install { .. }) {
            for _ in 0..HALVES / 4 {
                let half: Vec<Sector<'_>> = since_stage
                    .iter()
                    .filter(|_| random.next().is_multiple_of(2))
                    .copied()
                    .collect();
                with(&mut at_stage, &half, |card| {
                    judge.see(card, false, &format!("lie at {number}"));
                });
                lies += 1;
            }
        }
    }
    assert!(card == update.after, "the log does not lead to what the disk holds");
    assert_eq!(judge.firmware.starts(&card, false), Ok((2, 32)));
    for (card, stage) in &again {
        once_more(&key, card, *stage);
    }
    println!(
        "{writes} writes, {flushes} flushes: {} cuts, of them {halves} with half of what was not \
         flushed and {lies} of a card that lies; {} started the new version, none started nothing; {} updates were begun again and done",
        judge.cuts,
        judge.started_new,
        again.len()
    );
    // Tail emptied, payload, head, and the sector of the commit; each flushed by itself.
    assert!(writes >= 10 && flushes >= 8 && judge.cuts > 8000, "too little was recorded");
}
