//! Any text as a config: faults that say where and what, or settings that hold.

use merganser::config::{NewFeed, Surroundings, from_text, is_name, with_feeds};

pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let around = Surroundings {
        path: "/etc/merganser/merganser.toml".into(),
        state_folder: None,
        now: chrono::DateTime::UNIX_EPOCH,
    };
    let config = match from_text(text, &around) {
        Ok(config) => config,
        Err(faults) => {
            assert!(!faults.is_empty());
            for fault in faults {
                let line = fault.to_string();
                assert!(!line.chars().any(char::is_control), "{line:?}");
            }
            return;
        }
    };
    assert!(config.feeds.iter().all(|feed| is_name(&feed.name)));
    assert!(config.outputs.iter().all(|output| is_name(&output.name)));
    assert!(config.pace.min_interval <= config.pace.max_interval);

    // A feed more, as `merganser add` writes it.
    let url: url::Url = "https://added.example.org/feed".parse().expect("a URL");
    let new = NewFeed { url: url.clone(), name: None, tags: vec!["added".to_owned()] };
    let Ok(more) = with_feeds(text, &[new]) else { return };
    if config.feeds.iter().any(|feed| feed.url == url) {
        return;
    }
    match from_text(&more, &around) {
        Ok(more) => assert_eq!(more.feeds.len(), config.feeds.len() + 1),
        Err(faults) => panic!("one feed more, and the config is bad: {faults:?}"),
    }
}
