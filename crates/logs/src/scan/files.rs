//! Reads logs: plain, gzip, zstd or UTF-16 by their first bytes, from a reader or from files in parallel.
//!
//! Files are read, never mapped: a log that is truncated while it is mapped kills its reader.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::scanner::{Scanner, first_event};
use super::summary::Summary;
use super::trail::{SNIFF, is_trail};
use super::wide::{Order, Wide};
use crate::error::ScanError;

/// Bytes read at a time: fits the second-level cache, and larger buffers are no faster.
pub const CHUNK_BYTES: usize = 256 * 1024;
/// A file is split among threads only in parts at least this large; below, starting a thread costs more.
const MIN_PART: u64 = 8 * 1024 * 1024;
/// zstd asks for a window as large as the frame says; this is what `zstd -d` allows by default.
const MAX_ZSTD_WINDOW: u64 = 128 * 1024 * 1024;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Scans all of a reader, decompressing gzip and zstd and turning UTF-16 into UTF-8.
pub fn scan_reader(reader: impl Read) -> io::Result<Summary> {
    let mut scanner = Scanner::new();
    let mut reader = reader;
    let mut head = [0; 4];
    let mut filled = 0;
    while filled < head.len() {
        match reader.read(head.get_mut(filled..).unwrap_or_default())? {
            0 => break,
            n => filled += n,
        }
    }
    let start = head.get(..filled).unwrap_or_default();
    let whole = start.chain(reader);
    if start.starts_with(&GZIP) {
        pump(
            flate2::read::MultiGzDecoder::new(io::BufReader::with_capacity(CHUNK_BYTES, whole)),
            &mut scanner,
            u64::MAX,
        )?;
    } else if start.starts_with(&ZSTD) {
        zstd(whole, &mut scanner)?;
    } else if let Some(order) = Order::of(start) {
        pump(Wide::new(whole, order), &mut scanner, u64::MAX)?;
    } else {
        pump(whole, &mut scanner, u64::MAX)?;
    }
    Ok(scanner.finish())
}

fn zstd(source: impl Read, scanner: &mut Scanner) -> io::Result<()> {
    let mut source = io::BufReader::with_capacity(CHUNK_BYTES, source);
    // Frames follow one another in rotated logs.
    while !io::BufRead::fill_buf(&mut source)?.is_empty() {
        let frame = ruzstd::decoding::StreamingDecoder::new_with_max_window_size(&mut source, MAX_ZSTD_WINDOW)
            .map_err(io::Error::other)?;
        pump(frame, scanner, u64::MAX)?;
    }
    Ok(())
}

/// Where a buffer begins in memory. Some processors copy several times slower from the kernel to a place a few bytes
/// further into its page than what is copied has in its own: an allocator's 16, after the 4 bytes that tell a log's
/// form. To a page's beginning no copy is slow, wherever it comes from.
const PAGE: usize = 4096;

/// Feeds at most `limit` bytes.
fn pump(mut source: impl Read, scanner: &mut Scanner, limit: u64) -> io::Result<()> {
    let mut room = vec![0_u8; CHUNK_BYTES + PAGE];
    let begin = room.as_ptr().align_offset(PAGE).min(PAGE);
    let buffer = room.get_mut(begin..begin + CHUNK_BYTES).unwrap_or_default();
    let mut left = limit;
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK_BYTES);
        match source.read(buffer.get_mut(..want).unwrap_or_default()) {
            Ok(0) => break,
            Ok(n) => {
                scanner.feed(buffer.get(..n).unwrap_or_default());
                left -= n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Bytes looked at for a place to split a file: beyond, the part before simply grows.
const SPLIT_WINDOW: usize = 1024 * 1024;

/// Scans each file, large plain ones in parts on `threads` threads; the summaries are merged in
/// the order of the files, each with its own neighbours. The result does not depend on `threads`.
pub fn scan_files<P: AsRef<Path>>(paths: &[P], threads: usize) -> Result<Summary, ScanError> {
    let mut all = Summary::default();
    for path in paths {
        all.merge(scan_file(path.as_ref(), threads.max(1))?);
    }
    Ok(all)
}

fn scan_file(path: &Path, threads: usize) -> Result<Summary, ScanError> {
    let wrong = |source| ScanError::Read { path: path.display().to_string(), source };
    let mut file = File::open(path).map_err(wrong)?;
    let meta = file.metadata().map_err(wrong)?;
    let parts = u64::try_from(threads).unwrap_or(1).min(meta.len() / MIN_PART);
    // One that grows faster than it is read has no end; the kernel's own files say that they are empty.
    let end = if meta.is_file() && meta.len() > 0 { meta.len() } else { u64::MAX };
    if !meta.is_file() || parts < 2 || is_whole(&mut file).map_err(wrong)? {
        return scan_reader(file.take(end)).map_err(wrong);
    }
    let mut cuts = vec![0];
    for i in 1..parts {
        let from = meta.len() / parts * i;
        if let Some(cut) = split_at(&mut file, from).map_err(wrong)?
            && cuts.last().is_some_and(|last| cut > *last)
        {
            cuts.push(cut);
        }
    }
    let ends = cuts.iter().copied().skip(1).chain([end]);
    let ranges: Vec<(u64, u64)> = cuts.iter().copied().zip(ends).collect();
    std::thread::scope(|scope| {
        let running: Vec<_> =
            ranges.iter().map(|(from, to)| scope.spawn(move || scan_part(path, *from, *to))).collect();
        let mut all = Summary::default();
        for thread in running {
            let part = thread.join().map_err(|_| ScanError::Thread { path: path.display().to_string() })?;
            all.append(part.map_err(wrong)?);
        }
        all.settle();
        Ok(all)
    })
}

/// Whether the file can be read from its start only.
fn is_whole(file: &mut File) -> io::Result<bool> {
    let mut head = Vec::new();
    file.by_ref().take(SNIFF as u64).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(head.starts_with(&GZIP) || head.starts_with(&ZSTD) || Order::of(&head).is_some() || is_trail(&head))
}

/// A place at or after `from` where an event may begin and none is going on.
fn split_at(file: &mut File, from: u64) -> io::Result<Option<u64>> {
    file.seek(SeekFrom::Start(from))?;
    let mut window = Vec::with_capacity(SPLIT_WINDOW);
    file.by_ref().take(SPLIT_WINDOW as u64).read_to_end(&mut window)?;
    Ok(first_event(&window).map(|at| from + at as u64))
}

fn scan_part(path: &Path, from: u64, to: u64) -> io::Result<Summary> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut scanner = if from == 0 { Scanner::new() } else { Scanner::of_lines() };
    pump(file, &mut scanner, to.saturating_sub(from))?;
    Ok(scanner.finish_part())
}
