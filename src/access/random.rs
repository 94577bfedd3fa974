//! Random bytes from the operating system.

use super::Error;

/// `N` bytes that nobody can guess.
pub(super) fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(bytes)
}

/// Six digits, each of the million equally likely.
pub(super) fn six_digits() -> Result<String, Error> {
    const CODES: u32 = 1_000_000;
    // The last, incomplete million of the 32-bit numbers would favour low codes.
    const FAIR: u32 = u32::MAX - u32::MAX % CODES;
    loop {
        let number = u32::from_le_bytes(bytes()?);
        if number < FAIR {
            return Ok(format!("{:06}", number % CODES));
        }
    }
}
