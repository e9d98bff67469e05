//! Output files: the merged documents on disk, for a static host.
//!
//! In: a folder, rendered documents. Out: `NAME.atom`, `.rss`, `.json`, `.html`, and the same
//! of its archives (`NAME.archive-500.atom`), each with a `.gz` beside it. A file changes in one step (written aside, synced, renamed, folder
//! synced), so that a web server and a power cut see the old document or the new one; and
//! only when its bytes change, so that its time of change means something. Never here:
//! rendering, a choice of what to write.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use flate2::{Compression, GzBuilder};

use crate::{
    model::ArticleId,
    publish::{Format, Rendered, archive_of},
};

/// What [`write`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Files whose bytes are new, compressed ones included.
    pub changed: u32,
    pub unchanged: u32,
}

/// Brings files of one name up to date, an output's or an archive's: one for each document,
/// and its `.gz`.
///
/// Makes the folder where it is missing. Waits for the disk: call it where waiting is fine.
pub fn write(folder: &Path, name: &str, documents: &[Rendered]) -> Result<Written, FilesError> {
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
        return Err(FilesError::Name { name: name.to_owned() });
    }
    fs::create_dir_all(folder)
        .map_err(|source| FilesError::Folder { path: folder.to_owned(), source })?;
    let mut written = Written::default();
    for document in documents {
        let file = format!("{name}.{}", document.format.extension());
        let (plain, packed) = (folder.join(&file), folder.join(format!("{file}.gz")));
        // The packed twin first: where the plain file is up to date, even after a kill
        // between the two, its twin is, too, and need not be compressed to be compared.
        let packed = if !holds(&plain, &document.bytes) || !packed.exists() {
            bring_up_to_date(&packed, &gzip(&document.bytes))?
        } else {
            false
        };
        for changed in [packed, bring_up_to_date(&plain, &document.bytes)?] {
            *(if changed { &mut written.changed } else { &mut written.unchanged }) += 1;
        }
    }
    if written.changed > 0 {
        sync_folder(folder)?;
        remove_leftovers(folder, name);
    }
    Ok(written)
}

/// Are all files of this name there?
pub fn are_there(folder: &Path, name: &str) -> bool {
    Format::ALL.iter().all(|format| {
        let file = format!("{name}.{}", format.extension());
        folder.join(format!("{file}.gz")).is_file() && folder.join(file).is_file()
    })
}

/// Removes archives of an output that no document links to any more, once whoever was just
/// walking along the links is past them. What cannot be removed harms nobody.
pub fn remove_archives(folder: &Path, output: &str, linked: &HashSet<ArticleId>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let file_name = entry.file_name();
        let file_name = file_name.to_string_lossy();
        let plain = file_name.strip_suffix(".gz").unwrap_or(&file_name);
        let Some((name, ending)) = plain.rsplit_once('.') else { continue };
        let is_document = Format::ALL.iter().any(|format| format.extension() == ending);
        let is_stale =
            archive_of(name).is_some_and(|(of, row)| of == output && !linked.contains(&row));
        if is_document && is_stale && age(&entry) > LINGERING {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// What can be wrong with a folder or file: each names it and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    #[error("`{name}` cannot be the name of an output's files; use letters, digits, _ and -")]
    Name { name: String },
    #[error(
        "cannot make the folder {path}; make it yourself, or set the output's `path` to one that this user may write"
    )]
    Folder { path: PathBuf, source: io::Error },
    #[error(
        "cannot write {path}; see that this user may write its folder and the disk is not full"
    )]
    Write { path: PathBuf, source: io::Error },
}

/// True if the file's bytes were others, or none.
fn bring_up_to_date(path: &Path, bytes: &[u8]) -> Result<bool, FilesError> {
    if holds(path, bytes) {
        return Ok(false);
    }
    replace(path, bytes)
        .map_err(|source| FilesError::Write { path: path.to_owned(), source })
        .map(|()| true)
}

/// Puts `bytes` in the place of the file at `path`, whole or not at all.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = aside(path);
    write_aside(&aside, bytes).and_then(|()| fs::rename(&aside, path)).inspect_err(|_| {
        // Nothing of a failed attempt is left; the old file still stands.
        let _ = fs::remove_file(&aside);
    })
}

fn holds(path: &Path, bytes: &[u8]) -> bool {
    let same_length = fs::metadata(path).is_ok_and(|is| is.len() == bytes.len() as u64);
    same_length && fs::read(path).is_ok_and(|old| old == bytes)
}

/// Beside the file, so that the rename stays within one file system; hidden from web servers
/// by its dot; of this process, for a command may write beside the daemon.
fn aside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}{ASIDE}", std::process::id()));
    path.with_file_name(name)
}

fn write_aside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Without this a power cut may undo the renames. Not every system can open a folder.
fn sync_folder(folder: &Path) -> Result<(), FilesError> {
    if !cfg!(unix) {
        return Ok(());
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| FilesError::Write { path: folder.to_owned(), source })
}

/// Removes what a killed process left of this output's files: best effort, for it harms
/// nobody but by its size.
fn remove_leftovers(folder: &Path, name: &str) {
    let ours = format!(".{name}.");
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let file_name = entry.file_name();
        let file_name = file_name.to_string_lossy();
        let is_leftover = file_name.starts_with(&ours) && file_name.ends_with(ASIDE);
        if is_leftover && age(&entry) > ABANDONED {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn age(entry: &fs::DirEntry) -> Duration {
    let changed = entry.metadata().and_then(|is| is.modified()).ok();
    changed.and_then(|at| SystemTime::now().duration_since(at).ok()).unwrap_or_default()
}

/// The same bytes for the same document: no name, no time in the header (RFC 1952 2.3.1).
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzBuilder::new().write(Vec::new(), Compression::best());
    packed.write_all(bytes).expect("a vector takes every byte");
    packed.finish().expect("a vector takes every byte")
}

/// How a file ends that is still being written.
const ASIDE: &str = ".tmp";

/// Longer than any reader takes to follow the links of a document that it has.
const LINGERING: Duration = Duration::from_secs(86_400);

/// Writing a document takes milliseconds; after so long nobody is at it any more.
const ABANDONED: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn document(format: Format, text: &'static str) -> Rendered {
        Rendered { bytes: text.as_bytes().into(), format, etag: String::new(), last_modified: None }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn each_document_is_a_file_with_a_compressed_twin_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("made/here");
        let documents = [document(Format::Atom, "<feed/>"), document(Format::Html, "<p>")];
        let written = write(&folder, "all", &documents).unwrap();
        assert_eq!(written, Written { changed: 4, unchanged: 0 });
        assert_eq!(names(&folder), ["all.atom", "all.atom.gz", "all.html", "all.html.gz"]);
        let mut text = String::new();
        let packed = File::open(folder.join("all.atom.gz")).unwrap();
        GzDecoder::new(packed).read_to_string(&mut text).unwrap();
        assert_eq!(text, "<feed/>");
    }

    #[test]
    fn what_did_not_change_is_not_touched() {
        let home = tempfile::tempdir().unwrap();
        let old = [document(Format::Atom, "old"), document(Format::Rss, "same")];
        write(home.path(), "all", &old).unwrap();
        let before = fs::metadata(home.path().join("all.rss")).unwrap().modified().unwrap();
        let new = [document(Format::Atom, "new"), document(Format::Rss, "same")];
        let written = write(home.path(), "all", &new).unwrap();
        assert_eq!(written, Written { changed: 2, unchanged: 2 });
        assert_eq!(fs::read(home.path().join("all.atom")).unwrap(), b"new");
        let after = fs::metadata(home.path().join("all.rss")).unwrap().modified().unwrap();
        assert_eq!(after, before);
    }

    #[test]
    fn a_missing_twin_is_made_again() {
        let home = tempfile::tempdir().unwrap();
        let documents = [document(Format::Json, "{}")];
        write(home.path(), "all", &documents).unwrap();
        fs::remove_file(home.path().join("all.json.gz")).unwrap();
        let written = write(home.path(), "all", &documents).unwrap();
        assert_eq!(written, Written { changed: 1, unchanged: 1 });
    }

    #[test]
    fn a_name_cannot_lead_out_of_the_folder() {
        let home = tempfile::tempdir().unwrap();
        for name in ["", "../all", "a/b", ".b"] {
            assert!(
                matches!(write(home.path(), name, &[]), Err(FilesError::Name { .. })),
                "{name}"
            );
        }
    }

    #[test]
    fn archives_that_nothing_links_to_go_after_a_day_and_nothing_else_does() {
        let home = tempfile::tempdir().unwrap();
        let documents = [document(Format::Atom, "<feed/>")];
        let stems = ["all", "all.archive-500", "all.archive-1000", "other.archive-500"];
        for stem in stems {
            write(home.path(), stem, &documents).unwrap();
        }
        let linked = HashSet::from([ArticleId(1_000)]);
        remove_archives(home.path(), "all", &linked);
        assert_eq!(names(home.path()).len(), 8);
        for name in names(home.path()) {
            let file = File::options().write(true).open(home.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - LINGERING * 2).unwrap();
        }
        remove_archives(home.path(), "all", &linked);
        let kept: Vec<String> =
            names(home.path()).into_iter().filter(|name| !name.ends_with(".gz")).collect();
        assert_eq!(kept, ["all.archive-1000.atom", "all.atom", "other.archive-500.atom"]);
        assert_eq!(names(home.path()).len(), 6);
    }

    #[test]
    fn an_error_names_the_path_and_leaves_nothing_half_written() {
        let home = tempfile::tempdir().unwrap();
        // A folder in the file's place: the rename fails.
        fs::create_dir_all(home.path().join("all.atom/full")).unwrap();
        let error = write(home.path(), "all", &[document(Format::Atom, "x")]).unwrap_err();
        assert!(error.to_string().contains("all.atom"), "{error}");
        assert!(names(home.path()).iter().all(|name| !name.starts_with('.')));
        assert!(home.path().join("all.atom/full").is_dir());
    }
}
