//! Where a config is looked for.

use std::{
    env,
    fmt::Write as _,
    path::{Path, PathBuf},
};

/// No config file stands at any of the usual places.
#[derive(Debug, thiserror::Error)]
#[error("no config file found; looked at{}", listed(.looked_at))]
pub struct NotFound {
    pub looked_at: Vec<PathBuf>,
}

/// The config to read: the one that was asked for, else the first that is there.
///
/// One that was asked for by name (`--config`, `MERGANSER_CONFIG`) is never replaced by
/// another when it is missing.
pub fn find(asked_for: Option<&Path>) -> Result<PathBuf, NotFound> {
    if let Some(path) = asked_for.filter(|path| !path.as_os_str().is_empty()) {
        return Ok(path.to_owned());
    }
    let looked_at = places();
    match looked_at.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(NotFound { looked_at }),
    }
}

fn places() -> Vec<PathBuf> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
    let personal = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")));
    let mut places = vec![PathBuf::from("config/merganser.toml")];
    places.extend(personal.map(|folder| folder.join("merganser/merganser.toml")));
    places.push(PathBuf::from("/etc/merganser/merganser.toml"));
    places
}

fn listed(places: &[PathBuf]) -> String {
    let mut text = String::new();
    for place in places {
        let _ = write!(text, "\n  {}", place.display());
    }
    text.push_str("\nwrite one there, or name another with --config FILE or MERGANSER_CONFIG");
    text
}
