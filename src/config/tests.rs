use std::{path::Path, time::Duration};

use super::*;

/// The faults and notes of a config, one line each, as `check` prints them.
fn told(text: &str) -> Vec<String> {
    let around = Surroundings {
        path: "/srv/river/merganser.toml".into(),
        state_folder: None,
        now: "2026-11-25T10:00:00Z".parse().unwrap(),
    };
    let found = match from_text(text, &around) {
        Ok(config) => config.notes,
        Err(faults) => faults,
    };
    found.iter().map(|fault| fault.to_string().replace("/srv/river/merganser.toml", "c")).collect()
}

/// The one fault of a config.
#[track_caller]
fn one(text: &str) -> String {
    let told = told(text);
    assert_eq!(told.len(), 1, "{told:#?}");
    told[0].clone()
}

fn config(text: &str) -> Config {
    let around = Surroundings {
        path: "/srv/river/merganser.toml".into(),
        state_folder: None,
        now: "2026-11-25T10:00:00Z".parse().unwrap(),
    };
    from_text(text, &around).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

#[test]
fn an_empty_config_has_every_default() {
    let config = config("");
    assert_eq!(config.store, Path::new("/srv/river/merganser.db"));
    assert_eq!(config.pace.interval, Duration::from_secs(3600));
    assert_eq!(config.pace.min_interval, Duration::from_secs(900));
    assert_eq!(config.pace.max_interval, Duration::from_secs(86_400));
    assert_eq!(config.fetch.max_body_bytes, 10 << 20);
    assert_eq!(config.fetch.host_delay, None);
    assert_eq!(config.server.base_url.as_str(), "http://127.0.0.1:8080/");
    assert_eq!(config.keep, Duration::from_secs(365 * 86_400));
    assert_eq!(config.outputs.len(), 1);
    assert_eq!((config.outputs[0].name.as_str(), config.outputs[0].limit), ("all", 100));
}

#[test]
fn all_faults_are_told_at_once_with_line_column_and_key() {
    let text = "[fetch]\nintervall = \"1h\"\nmin_interval = \"2h\"\nmax_interval = \"1h\"\n\n\
                [[output]]\nname = \"../etc\"\nfeeds = [\"ghost\"]\n\n\
                [[feed]]\nurl = \"https://a.example/\"\nname = \"a\"\nschedule = \"0 0 0 31 2 *\"\n\n\
                [[feed]]\nname = \"a\"\n";
    let told = told(text);
    let places: Vec<String> =
        told.iter().map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": ")).collect();
    assert_eq!(
        places,
        [
            "c:2:1: fetch.intervall",
            "c:3:16: fetch.min_interval",
            "c:7:8: output.name",
            "c:8:10: output.feeds",
            "c:13:12: feed.schedule",
            "c:15:1: feed",
            "c:16:8: feed.name",
        ],
        "{told:#?}"
    );
}

#[test]
fn a_line_that_is_no_toml_hides_no_other_fault() {
    let told = told("[fetch]\ninterval = 5m\ntimeout = \"never\"\nlost\n[[feed]]\nurl = 3\n");
    assert_eq!(told.len(), 4, "{told:#?}");
    assert_eq!(told[0], "c:2:12: fetch.interval: text needs quotes: write interval = \"5m\"");
    assert!(told[3].starts_with("c:6:7: feed.url: is a number"), "{told:#?}");
}

#[test]
fn a_feed_whose_url_line_is_broken_is_not_said_to_have_none() {
    assert_eq!(
        one("[[feed]]\nurl = \"https://a.example/\nname = \"a\"\n").split(' ').next(),
        Some("c:2:26:")
    );
}

#[test]
fn unknown_keys_and_sections_say_what_may_be_meant() {
    assert_eq!(
        one("[fetch]\ntimout = \"1s\""),
        "c:2:1: fetch.timout: is not known: did you mean \"timeout\"?"
    );
    assert_eq!(
        one("[fetch]\nlisten = \"x\""),
        "c:2:1: fetch.listen: is not known: it belongs in [server]"
    );
    assert_eq!(one("[[feeds]]\nurl = \"x\""), "c:1:3: feeds: is not known: did you mean [[feed]]?");
    assert_eq!(
        one("interval = \"1h\""),
        "c:1:1: interval: is not known: it belongs in [fetch] or [[feed]]"
    );
}

#[test]
fn sections_with_the_wrong_number_of_brackets_are_told() {
    assert_eq!(
        one("[feed]\nurl = \"https://a.example/\""),
        "c:1:2: feed: write [[feed]] with two brackets, once for each"
    );
    assert_eq!(one("[[fetch]]\n"), "c:1:3: fetch: must be a section: write [fetch] once");
}

#[test]
fn durations_need_a_unit_and_get_an_example() {
    assert_eq!(
        one("[fetch]\ntimeout = 30"),
        "c:2:11: fetch.timeout: is a number without a unit: write \"30s\" for seconds, or like \"30s\""
    );
    assert!(
        one("[retention]\nkeep = \"a year\"")
            .contains("is no duration: \"a year\"; write one like \"365d\"")
    );
    assert!(one("[fetch]\ninterval = \"0s\"").contains("write a duration from \"1s\""));
    assert!(
        one("[[feed]]\nurl = \"https://a.example/\"\ninterval = \"99999999999y\"")
            .contains("c:3:12: feed.interval")
    );
}

#[test]
fn sizes_are_read_with_their_units() {
    for (text, bytes) in
        [("10MiB", 10 << 20), ("2MB", 2_000_000), ("1.5 MiB", 3 << 19), ("4096B", 4096)]
    {
        assert_eq!(config(&format!("[fetch]\nmax_body = \"{text}\"")).fetch.max_body_bytes, bytes);
    }
    assert_eq!(config("[fetch]\nmax_body = 65536").fetch.max_body_bytes, 65_536);
    for text in ["10", "MiB", "10M", "-1MiB", "1e3MiB", "99999999999999999999GiB", "0KiB"] {
        let told = one(&format!("[fetch]\nmax_body = \"{text}\""));
        assert!(told.starts_with("c:2:12: fetch.max_body: is "), "{told}");
    }
}

#[test]
fn intervals_down_to_a_second_are_accepted_as_written() {
    let pace =
        config("[fetch]\ninterval = \"1s\"\nmin_interval = \"1s\"\nmax_interval = \"2s\"").pace;
    assert_eq!(
        (pace.interval.as_secs(), pace.min_interval.as_secs(), pace.max_interval.as_secs()),
        (1, 1, 2)
    );
    let pace = config("[fetch]\ninterval = \"5m\"").pace;
    assert_eq!((pace.interval.as_secs(), pace.min_interval.as_secs()), (300, 300));
}

#[test]
fn bounds_that_cross_are_told_at_the_key_that_is_written() {
    assert!(one("[fetch]\nmin_interval = \"48h\"").starts_with(
        "c:2:16: fetch.min_interval: min_interval (\"2days\") is above max_interval (\"1day\")"
    ));
    assert!(one("[fetch]\nmax_interval = \"5m\"").starts_with(
        "c:2:16: fetch.max_interval: max_interval (\"5m\") is below min_interval (\"15m\")"
    ));
}

#[test]
fn schedules_that_are_wrong_or_never_come_are_told() {
    let feed = |schedule: &str| {
        format!("[[feed]]\nurl = \"https://a.example/\"\nschedule = \"{schedule}\"")
    };
    assert!(one(&feed("0 0 0 31 2 *")).contains("c:3:12: feed.schedule: never comes"));
    // Days of which croner would look at each until the year 5000.
    for day in ["1 1 21 L * +MON#3", "0 0 0 1W 2 +SUN", "0 0 6 L * +MON#3 2227", "0 0 0 1 1 * 2227"]
    {
        assert!(one(&feed(day)).contains("matches no day of the next 40 years"), "{day}");
    }
    assert_eq!(told(&feed("0 0 0 29 2 +MON")), [""; 0]);
    let long = format!("0 {}0 * * * *", "0,".repeat(600));
    assert!(one(&feed(&long)).contains("is a cron text of 1211 characters"));
    for gap in ["59 ,,, * * * *", ", 1 6-20/3 L * MON#2", "0 1,,2 * * * *", "1 1 21 3 7 +"] {
        assert!(one(&feed(gap)).contains("feed.schedule: has an empty place in a list"), "{gap}");
    }
    assert!(one(&feed("0 0 0 1 1 * 2020")).contains("never comes"));
    assert!(
        one(&feed("*/10 * * * *")).contains("seconds come first here: write \"0 */10 * * * *\"")
    );
    assert!(one(&feed("every hour")).contains("is no cron text"));
    assert!(one(&feed("0 0 25 * * *")).contains("is no cron text"));
    assert!(one(&feed("0 0 ٣ * * *")).contains("is no cron text"));
    assert_eq!(told(&feed("0 */10 * * * *")), [""; 0]);
    assert_eq!(told(&feed("0 0 6 * * MON-FRI 2026-2030")), [""; 0]);
    assert!(
        one(&format!("{}\ninterval = \"1h\"", feed("@daily"))).contains("write one of the two")
    );
}

#[test]
fn urls_say_what_to_write_instead() {
    let url = |url: &str| one(&format!("[[feed]]\nurl = \"{url}\""));
    assert!(url("ftp://a.example/").contains("write http, https or file"));
    assert!(url("a.example/feed").contains("write \"https://a.example/feed\""));
    assert!(url("feed://a.example/x").contains("write \"https://a.example/x\""));
    assert!(url("feed:https://a.example/x").contains("write \"https://a.example/x\""));
    assert!(url("/srv/feed.xml").contains("write \"file:/srv/feed.xml\""));
    assert!(url("https://").contains("is no URL"));
    assert!(url("file://host/x.xml").contains("is no file"));
    assert!(url("file:").contains("is no file"));
    assert!(url("").contains("is empty"));
    assert!(one("[[feed]]\nname = \"a\"").starts_with("c:1:1: feed: has no url"));
}

#[test]
fn a_relative_file_is_beside_the_config() {
    let config =
        config("[[feed]]\nurl = \"file:samples/a b.xml\"\n[[feed]]\nurl = \"file:///x.xml\"");
    assert_eq!(config.feeds[0].url.as_str(), "file:///srv/river/samples/a%20b.xml");
    assert_eq!(config.feeds[1].url.as_str(), "file:///x.xml");
}

#[test]
fn names_are_given_or_made_and_never_shared() {
    let config = config(
        "[[feed]]\nurl = \"https://www.example.org/feed.xml\"\n\
         [[feed]]\nurl = \"https://example.org/rss\"\n\
         [[feed]]\nurl = \"https://other.example/\"\nname = \"example-org\"",
    );
    let names: Vec<&str> = config.feeds.iter().map(|feed| feed.name.as_str()).collect();
    assert_eq!(names, ["example-org-2", "example-org-3", "example-org"]);
    let twice = "[[feed]]\nurl = \"https://a.example/\"\nname = \"a\"\n[[feed]]\nurl = \"https://b.example/\"\nname = \"a\"";
    assert_eq!(
        one(twice),
        "c:6:8: feed.name: \"a\" is already the name of the feed at line 3: write another"
    );
    let same = "[[feed]]\nurl = \"https://a.example/\"\n[[feed]]\nurl = \"https://a.example\"";
    assert_eq!(
        one(same),
        "c:4:7: feed.url: is already polled by the feed at line 2: remove one of the two"
    );
    assert!(one("[[feed]]\nurl = \"https://a.example/\"\nname = \"a b\"").contains("like \"a-b\""));
}

#[test]
fn outputs_must_be_safe_and_name_what_is_there() {
    let feed = "[[feed]]\nurl = \"https://a.example/\"\nname = \"a\"\ntags = [\"news\"]\n";
    let output = |keys: &str| one(&format!("{feed}[[output]]\n{keys}"));
    for name in ["a/b", "", "..", "a.b", "ä", "search", &"x".repeat(65)] {
        let told = output(&format!("name = \"{name}\""));
        assert!(told.starts_with("c:6:8: output.name: "), "{told}");
    }
    assert_eq!(
        output("feeds = [\"a\", \"b\"]"),
        "c:6:15: output.feeds: no feed is called \"b\": write the name of a [[feed]]; did you mean \"a\"?"
    );
    assert!(output("limit = 0").contains("write a whole number from 1 to 10000"));
    assert!(output("tags = \"news\"").contains("write a list"));
    assert!(output("include = [\"ferry\", \"/(/\"]").starts_with("c:6:21: output.include: "));
    assert!(output("exclude = [\"titel:x\"]").contains("no field is called `titel`"));
    assert!(
        output("name = \"x\"\n[[output]]\nname = \"X\"").contains("already the output at line 6")
    );
}

#[test]
fn what_check_refuses_does_not_stop_a_daemon() {
    let text = "[[feed]]\nurl = \"http://127.1:8000/\"\n[[output]]\ntags = [\"nws\"]";
    let config = config(text);
    assert_eq!(config.refused().count(), 2, "{:#?}", config.notes);
    assert!(
        config.notes[0].to_string().contains(":2:7: feed.url: 127.0.0.1 is in a private network")
    );
    assert!(config.notes[1].to_string().contains(":4:9: output.tags: no feed has the tag \"nws\""));
    let allowed = format!("[fetch]\nallow_private_networks = true\n{text}");
    assert_eq!(told(&allowed).len(), 1);
}

#[test]
fn haste_with_public_hosts_is_advised_against() {
    let feed = "[[feed]]\nurl = \"https://a.example/\"\n";
    assert!(
        one(&format!("{feed}interval = \"1m\""))
            .contains("c:3:12: feed.interval: warning: asks a.example every 1m")
    );
    assert!(
        one(&format!("{feed}schedule = \"*/30 * * * * *\""))
            .contains("c:3:12: feed.schedule: warning:")
    );
    assert!(
        one(&format!("{feed}[fetch]\nmin_interval = \"1s\""))
            .contains("c:4:16: fetch.min_interval: warning:")
    );
    let local = "[[feed]]\nurl = \"http://127.0.0.1/\"\ninterval = \"1s\"\n[fetch]\nallow_private_networks = true\nmin_interval = \"1s\"";
    assert_eq!(told(local), [""; 0]);
}

#[test]
fn a_server_section_is_read_with_its_forms() {
    let server =
        config("[server]\nlisten = \"localhost:9\"\nbase_url = \"https://river.example.org/sub\"")
            .server;
    assert_eq!(server.listen.to_string(), "127.0.0.1:9");
    assert_eq!(server.base_url.as_str(), "https://river.example.org/sub/");
    assert_eq!(
        config("[server]\nlisten = \"[::]:80\"").server.base_url.as_str(),
        "http://localhost/"
    );
    for (key, value) in [
        ("listen", "8080"),
        ("listen", ":8080"),
        ("base_url", "river.example.org"),
        ("base_url", "https://a.example/?x"),
        ("hub", "ftp://a.example/"),
    ] {
        let told = one(&format!("[server]\n{key} = \"{value}\""));
        assert!(told.starts_with(&format!("c:2:{}: server.{key}: ", key.len() + 4)), "{told}");
    }
}

#[test]
fn a_state_folder_takes_what_the_program_writes() {
    let around = Surroundings {
        path: "/etc/merganser/merganser.toml".into(),
        state_folder: Some("/var/lib/merganser".into()),
        now: "2026-11-25T10:00:00Z".parse().unwrap(),
    };
    let read = |text: &str| from_text(text, &around).unwrap();
    assert_eq!(read("").store, Path::new("/var/lib/merganser/merganser.db"));
    assert_eq!(read("[store]\npath = \"/srv/m.db\"").store, Path::new("/srv/m.db"));
    let output = read("[[output]]\npath = \"out\"").outputs.remove(0);
    assert_eq!(output.path.as_deref(), Some(Path::new("/var/lib/merganser/out")));
}

#[test]
fn a_file_that_cannot_be_read_is_one_fault_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none.toml");
    let faults = load(&missing).unwrap_err();
    assert_eq!(faults.len(), 1);
    assert!(faults[0].to_string().starts_with(&format!("{}: cannot be read: ", missing.display())));
    let odd = folder.path().join("odd.toml");
    std::fs::write(&odd, b"[server]\nhub = \"\xff\"").unwrap();
    assert!(load(&odd).unwrap_err()[0].to_string().contains(":2:8: is not UTF-8"));
    assert!(load(folder.path()).is_err());
}

#[test]
fn odd_texts_are_faults_and_never_a_panic() {
    for text in [
        "\u{feff}",
        "\0",
        "=",
        "[[]]",
        "[.]",
        "a.b.c = 1",
        "feed = 3",
        "feed = [3]",
        "[fetch]\n\u{85}x",
        "[fetch.interval]\nx = 1",
        "[[feed]]\n[[feed.url]]\n",
        "output = []\nfeed = []",
    ] {
        let _ = told(text);
    }
}

/// The config that the project ships.
fn shipped() -> String {
    read_text(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/config/merganser.toml"))).unwrap()
}

/// Section and key of each line that sets a key or shows a default, with its line number.
fn shipped_keys(text: &str) -> Vec<(usize, String, String, bool)> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
        } else if let Some((key, _)) = line.split_once(" = ") {
            let shown = key.starts_with('#');
            let key = key.trim_start_matches('#');
            if key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                keys.push((index, section.clone(), key.to_owned(), shown));
            }
        }
    }
    keys
}

#[test]
fn the_shipped_config_is_good_and_shows_every_key() {
    let text = shipped();
    assert_eq!(told(&text), [""; 0]);
    let keys = shipped_keys(&text);
    for section in SECTIONS {
        for key in section.keys {
            let is_it = |it: &&(usize, String, String, bool)| it.1 == section.name && it.2 == *key;
            assert!(keys.iter().any(|it| is_it(&it)), "{}.{key} is not shown", section.name);
        }
    }
}

#[test]
fn the_shipped_config_shows_the_true_defaults() {
    let text = shipped();
    let as_shipped = config(&text);
    let examples = ["user_agent_contact", "hub", "description", "max_per_feed", "path"];
    for (index, section, key, _) in shipped_keys(&text).iter().filter(|it| it.3) {
        let changed: Vec<&str> = text
            .lines()
            .enumerate()
            .map(|(at, line)| if at == *index { line.trim_start_matches('#') } else { line })
            .collect();
        let changed = config(&changed.join("\n"));
        let is_example = section == "feed" && matches!(key.as_str(), "interval" | "schedule")
            || section == "output" && key == "path"
            || section != "store" && examples.contains(&key.as_str())
            // Shows the pause for public hosts; left out, private hosts get none.
            || key == "host_delay";
        assert_eq!(changed != as_shipped, is_example, "[{section}] {key}");
    }
}

#[test]
fn the_shipped_samples_are_where_the_config_says() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/config/merganser.toml"));
    let config = load(path).unwrap();
    let files: Vec<PathBuf> = config
        .feeds
        .iter()
        .filter(|feed| feed.url.scheme() == "file")
        .map(|feed| feed.url.to_file_path().unwrap())
        .collect();
    assert_eq!(files.len(), 5);
    assert!(files.iter().all(|file| file.is_file()), "{files:?}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reading_panic(text in TOML_CRUMBS) {
        let _ = told(&text);
    }
}

/// Crumbs of TOML and of this config, in any order.
const TOML_CRUMBS: &str = "(\\[|\\]|\\[\\[feed\\]\\]|\\[fetch\\]|\\[\\[output\\]\\]|=|\\.|,|\"|'|#|\\{|\\}| |\n|\r\n|url|name|tags|interval|feeds|schedule|max_body|1s|-1|0x|true|2026-11-25|file:|https://|é|\u{0}|[a-z]{1,3}|[0-9*/]{1,3}){0,60}";
