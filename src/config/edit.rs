//! Writes feeds into a config file and keeps everything else in it: comments, order, spaces.
//!
//! Pure but for [`replace_file`], which puts the new text in the old one's place at once.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};
use url::Url;

/// A feed to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFeed {
    pub url: Url,
    pub name: Option<String>,
    pub tags: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum EditError {
    #[error("is no TOML: {0}")]
    NotToml(#[from] toml_edit::TomlError),
    #[error("`feed` is not a list of [[feed]] tables")]
    NotAList,
}

/// The text with `feeds` added after those that are there.
///
/// A `[[feed]]` may stand anywhere in TOML, so the new ones go to the end: every byte before
/// stays, and no comment that belongs to another section gets a feed in front of it.
pub fn with_feeds(text: &str, feeds: &[NewFeed]) -> Result<String, EditError> {
    let mut document: DocumentMut = text.parse()?;
    match document.get_mut("feed") {
        None | Some(Item::ArrayOfTables(_)) => Ok(appended(text, feeds)),
        Some(Item::Value(Value::Array(array))) => {
            for feed in feeds {
                array.push_formatted(inline(feed));
            }
            Ok(document.to_string())
        }
        Some(_) => Err(EditError::NotAList),
    }
}

fn appended(text: &str, feeds: &[NewFeed]) -> String {
    let mut tables = ArrayOfTables::new();
    for feed in feeds {
        let mut table = Table::new();
        table.decor_mut().set_prefix("\n");
        for (key, item) in keys(feed) {
            table.insert(key, value(item));
        }
        tables.push(table);
    }
    let mut addition = DocumentMut::new();
    addition.insert("feed", Item::ArrayOfTables(tables));
    let mut whole = text.to_owned();
    if !whole.is_empty() && !whole.ends_with('\n') {
        whole.push('\n');
    }
    whole.push_str(addition.to_string().trim_start_matches(if text.is_empty() {
        "\n"
    } else {
        ""
    }));
    whole
}

/// For a config that writes `feed = [{ url = … }, …]`.
fn inline(feed: &NewFeed) -> Value {
    let mut table = InlineTable::new();
    for (key, item) in keys(feed) {
        table.insert(key, item);
    }
    let mut value = Value::InlineTable(table);
    value.decor_mut().set_prefix("\n  ");
    value
}

fn keys(feed: &NewFeed) -> Vec<(&'static str, Value)> {
    let mut keys = vec![("url", Value::from(feed.url.as_str()))];
    if let Some(name) = &feed.name {
        keys.push(("name", Value::from(name)));
    }
    if !feed.tags.is_empty() {
        keys.push(("tags", Value::Array(feed.tags.iter().map(String::as_str).collect())));
    }
    keys
}

/// Puts `text` in the place of the file at `path`, whole or not at all, with its permissions.
///
/// Refuses when the file does not hold `before` any more: someone else has just written it.
/// `before` is `None` for a file that is to be made.
pub fn replace_file(path: &Path, before: Option<&str>, text: &str) -> io::Result<()> {
    // A link stays a link: what it points to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let waiting = folder.join(format!(".{file_name}.{}.new", std::process::id()));
    let written = write_new(&waiting, &path, text).and_then(|()| {
        let now = fs::read_to_string(&path).ok();
        if now.as_deref() != before {
            return Err(io::Error::other("the file was changed meanwhile: try again"));
        }
        fs::rename(&waiting, &path)
    });
    if written.is_err() {
        // Best effort: the error that matters is the one above.
        let _ = fs::remove_file(&waiting);
        return written;
    }
    File::open(folder)?.sync_all()
}

fn write_new(waiting: &Path, old: &Path, text: &str) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(waiting)?;
    if let Ok(metadata) = fs::metadata(old) {
        file.set_permissions(metadata.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(url: &str) -> NewFeed {
        NewFeed { url: Url::parse(url).unwrap(), name: None, tags: Vec::new() }
    }

    #[test]
    fn comments_and_order_stay_as_they_are() {
        let text = "# mine\n[[feed]] # first\nurl = \"https://a.example/\" # why\n\n\
                    # last words\n[server]\nlisten = \"[::1]:1\"\n#images = true\n";
        let named = NewFeed {
            name: Some("b".into()),
            tags: vec!["x".into()],
            ..feed("https://b.example/")
        };
        let edited = with_feeds(text, &[named]).unwrap();
        let added = "\n[[feed]]\nurl = \"https://b.example/\"\nname = \"b\"\ntags = [\"x\"]\n";
        assert_eq!(edited, format!("{text}{added}"));
    }

    #[test]
    fn a_config_without_feeds_gets_its_first() {
        let first = "[[feed]]\nurl = \"https://a.example/\"\n";
        let feeds = [feed("https://a.example/")];
        assert_eq!(with_feeds("", &feeds).unwrap(), first);
        assert_eq!(with_feeds("# empty", &feeds).unwrap(), format!("# empty\n\n{first}"));
    }

    #[test]
    fn a_config_with_an_inline_list_keeps_its_form() {
        let edited = with_feeds(
            "feed = [{ url = \"https://a.example/\" }]\n",
            &[feed("https://b.example/")],
        );
        let edited = edited.unwrap();
        let read: toml_edit::DocumentMut = edited.parse().unwrap();
        assert_eq!(read["feed"].as_array().unwrap().len(), 2, "{edited}");
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("merganser.toml");
        fs::write(&path, "theirs").unwrap();
        assert!(replace_file(&path, Some("mine"), "new").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions_and_a_link_stays_a_link() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("real.toml"), folder.path().join("link.toml"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&path, &link).unwrap();
        replace_file(&link, Some("old"), "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
