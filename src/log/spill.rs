//! The temporary file of a transaction whose captured events outgrow `work_mem`. PostgreSQL's own
//! temporary files: they count against `temp_file_limit` and go away with the transaction.

use crate::error::{Error, Result};
use pgrx::pg_sys;

const WORD: usize = 8;

/// An open temporary file, measured in words of eight bytes.
pub struct Spill {
    file: *mut pg_sys::BufFile,
}

impl Spill {
    /// Makes the file; it lives as long as the top-level transaction.
    #[allow(unsafe_code)]
    pub fn create() -> Spill {
        // SAFETY: the file must outlive the subtransaction that happens to be current, so memory
        // and resource owner are those of the whole transaction.
        let file = unsafe {
            let context = pg_sys::MemoryContextSwitchTo(pg_sys::TopTransactionContext);
            let owner = pg_sys::CurrentResourceOwner;
            pg_sys::CurrentResourceOwner = pg_sys::TopTransactionResourceOwner;
            pg_sys::PrepareTempTablespaces();
            let file = pg_sys::BufFileCreateTemp(false);
            pg_sys::CurrentResourceOwner = owner;
            pg_sys::MemoryContextSwitchTo(context);
            file
        };
        Spill { file }
    }

    /// Writes `words` at word `position`, over whatever a rolled back savepoint left there.
    #[allow(unsafe_code)]
    pub fn write_at(&mut self, position: usize, words: &[u64]) -> Result<()> {
        self.seek(position)?;
        // SAFETY: the slice is as long as said; PostgreSQL raises an error when the disk is full.
        unsafe {
            pg_sys::BufFileWrite(self.file, words.as_ptr().cast_mut().cast(), words.len() * WORD);
        }
        Ok(())
    }

    /// Starts reading the first `words` words.
    pub fn read_from_start(&mut self, words: usize) -> Result<Reader<'_>> {
        self.seek(0)?;
        Ok(Reader { spill: self, left: words })
    }

    /// Fills `words` from word `position` on.
    pub fn read_at(&mut self, position: usize, words: &mut [u64]) -> Result<()> {
        self.seek(position)?;
        Reader { spill: self, left: 0 }.read(words)
    }

    #[allow(unsafe_code)]
    fn seek(&mut self, position: usize) -> Result<()> {
        // SAFETY: the file is open.
        let failed = unsafe {
            pg_sys::BufFileSeek(self.file, 0, (position * WORD) as pg_sys::off_t, libc::SEEK_SET)
                != 0
        };
        if failed {
            return Err(Error::internal("could not seek in the temporary file of captured events"));
        }
        Ok(())
    }

    /// Closes and removes the file.
    #[allow(unsafe_code)]
    pub fn close(self) {
        // SAFETY: the file is open and not used after this.
        unsafe { pg_sys::BufFileClose(self.file) };
    }
}

/// Reads records one after the other.
pub struct Reader<'a> {
    spill: &'a mut Spill,
    left: usize,
}

impl Reader<'_> {
    /// Reads the next record into `record`: `header` words, and as many in all as `length` finds in
    /// them. False at the end.
    pub fn next_record(
        &mut self,
        record: &mut Vec<u64>,
        header: usize,
        length: impl Fn(&[u64]) -> usize,
    ) -> Result<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        record.clear();
        record.resize(header, 0);
        self.read(record)?;
        let total = length(record);
        record.resize(total, 0);
        self.read(&mut record[header..])?;
        self.left = self.left.saturating_sub(total);
        Ok(true)
    }

    #[allow(unsafe_code)]
    fn read(&mut self, words: &mut [u64]) -> Result<()> {
        let size = words.len() * WORD;
        // SAFETY: the slice is as long as said.
        let read = unsafe { pg_sys::BufFileRead(self.spill.file, words.as_mut_ptr().cast(), size) };
        if read != size {
            return Err(Error::internal("the temporary file of captured events is too short"));
        }
        Ok(())
    }
}
