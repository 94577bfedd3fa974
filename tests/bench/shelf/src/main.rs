//! `fill-state STATE`: puts lines of `KEY TAB JSON` from standard input into the state of a household
//! that is not running, in one transaction; ten thousand of the program's own would each wait for the
//! disk. As `tests/living_room/shelf.rs` does for the tests.

use std::error::Error;
use std::io::BufRead as _;

use redb::{Database, TableDefinition};

const ENTRIES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("entries");

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).ok_or("which state? fill-state STATE")?;
    let database = Database::open(file)?;
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(ENTRIES)?;
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            let (key, value) = line.split_once('\t').ok_or("a line without a tab")?;
            table.insert(key, value.as_bytes())?;
        }
    }
    transaction.commit()?;
    Ok(())
}
