//! Reading files with a limit.

use std::io::Read as _;
use std::path::Path;

use crate::error::CollectError;
use crate::limits::FILE_BYTES;

/// A whole file, refused above [`FILE_BYTES`].
pub fn read_bounded(path: &Path) -> Result<Vec<u8>, CollectError> {
    let read = |source| CollectError::Read { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(read)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(CollectError::TooLarge { path: path.to_owned(), limit: FILE_BYTES });
    }
    Ok(bytes)
}
