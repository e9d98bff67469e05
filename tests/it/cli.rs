//! The command line as its users meet it: the real binary, its two streams, its exit code.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use crate::world::{Ran, World};

/// Two documents that share a story, and one with everything that a terminal would obey.
fn small_world() -> World {
    let world = World::new()
        .with("[[output]]\nname = \"all\"\n[[output]]\nname = \"few\"\nfeeds = [\"two\"]")
        .feed("one", "file:one.xml")
        .feed("two", "file:two.xml");
    let item = |link: &str, title: &str, day: u32| {
        format!(
            "<item><title>{title}</title><link>{link}</link><guid isPermaLink='false'>{link}</guid>\
             <description>Words about {title}, enough of them.</description>\
             <pubDate>{day} Nov 2026 10:00:00 GMT</pubDate></item>"
        )
    };
    let feed = |title: &str, items: String| {
        format!("<rss version='2.0'><channel><title>{title}</title>{items}</channel></rss>")
    };
    let shared = "https://example.org/shared-story";
    let one = item(shared, "A shared story", 20)
        + &item("https://example.org/odd", "Odd \u{9b}31m and \u{202e}turned", 21);
    let two = item(&format!("{shared}?utm_source=two"), "A shared story", 20);
    fs::write(world.folder().join("one.xml"), feed("Feed One", one)).unwrap();
    fs::write(world.folder().join("two.xml"), feed("Feed Two", two)).unwrap();
    world
}

fn without_config(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_merganser"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("MERGANSER_CONFIG")
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder.join("xdg"));
    command.output().unwrap().into()
}

#[test]
fn check_tells_every_fault_with_its_place_and_ends_with_2() {
    let world = World::new()
        .with("[dedup]\nwindwo = \"7d\"\n[retention]\nkeep = 365")
        .with("[[output]]\nname = \"../x\"\nfeeds = [\"ghost\"]")
        .with("[[feed]]\nurl = \"https://a.example/\"\nschedule = \"0 0 0 31 2 *\"");
    for arguments in [&["check"][..], &["run"], &["fetch"], &["feeds"], &["articles"]] {
        let ran = world.run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}");
        assert_eq!(ran.stdout, "");
        let config = fs::read_to_string(world.config_path()).unwrap();
        for (key, text) in [
            ("dedup.windwo", "windwo"),
            ("retention.keep", "keep"),
            ("output.name", "name"),
            ("output.feeds", "feeds"),
            ("feed.schedule", "schedule"),
        ] {
            let line = 1 + config.lines().position(|line| line.starts_with(text)).unwrap();
            let place = format!("{}:{line}:", world.config_path().display());
            let told = ran.stderr.lines().filter(|it| it.starts_with(&place));
            assert_eq!(told.filter(|it| it.contains(key)).count(), 1, "{key}\n{}", ran.stderr);
        }
    }
}

#[test]
fn check_says_which_config_was_read_and_where_it_looked() {
    let folder = tempfile::tempdir().unwrap();
    let missing = without_config(folder.path(), &["check"]);
    assert_eq!(missing.code, Some(2));
    for place in ["config/merganser.toml", "xdg/merganser/merganser.toml", "/etc/merganser/"] {
        assert!(missing.stderr.contains(place), "{}", missing.stderr);
    }
    fs::create_dir_all(folder.path().join("xdg/merganser")).unwrap();
    fs::write(folder.path().join("xdg/merganser/merganser.toml"), "").unwrap();
    let personal = without_config(folder.path(), &["check"]);
    assert!(personal.stdout.contains("xdg/merganser/merganser.toml: good"), "{personal:?}");
    fs::create_dir(folder.path().join("config")).unwrap();
    fs::write(folder.path().join("config/merganser.toml"), "").unwrap();
    let near = without_config(folder.path(), &["check"]);
    assert!(near.stdout.starts_with("config/merganser.toml: good"), "{near:?}");
    let named = without_config(folder.path(), &["check", "--config", "none.toml"]);
    assert_eq!(named.code, Some(2), "one that was asked for is not replaced by another");
}

#[test]
fn check_refuses_a_private_address_that_run_would_only_leave_out() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c.toml"), "[[feed]]\nurl = \"http://127.0.0.1:9/\"\n").unwrap();
    let check = without_config(folder.path(), &["check", "--config", "c.toml"]);
    assert_eq!(check.code, Some(2));
    assert!(check.stderr.starts_with("c.toml:2:7: feed.url: "), "{}", check.stderr);
    let fetch = without_config(folder.path(), &["fetch", "--config", "c.toml"]);
    assert_eq!(fetch.code, Some(0), "{fetch:?}");
    assert!(fetch.stdout.contains("private network"), "{fetch:?}");
}

#[test]
fn fetch_sums_up_and_polls_nothing_twice() {
    let world = small_world();
    let first = world.ok(&["fetch"]);
    assert!(first.starts_with("2 feeds polled in "), "{first}");
    assert!(first.contains("3 new entries, 2 new articles"), "{first}");
    let second = world.ok(&["fetch"]);
    assert!(second.starts_with("no feed is due; the next is due in "), "{second}");
    assert!(world.ok(&["fetch", "--force", "two"]).starts_with("1 feed polled"));
    let unknown = world.run(&["fetch", "three"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("no feed is called \"three\""), "{}", unknown.stderr);
}

#[test]
fn feeds_lists_what_the_store_has_never_met_as_new() {
    let world = small_world();
    let feeds = world.json(&["feeds", "--json"]);
    assert_eq!(feeds[0]["status"], "new");
    assert!(!world.store_path().exists(), "looking makes no store");
    world.ok(&["fetch"]);
    let feeds = world.json(&["feeds", "--json"]);
    let keys = [
        "url",
        "name",
        "title",
        "status",
        "last_success",
        "last_fetch",
        "next_poll",
        "interval_seconds",
        "consecutive_failures",
        "failing_since",
        "error",
        "entries",
        "moved_to",
    ];
    for (feed, name) in feeds.as_array().unwrap().iter().zip(["one", "two"]) {
        assert_eq!((&feed["name"], &feed["status"]), (&name.into(), &"ok".into()));
        assert!(keys.iter().all(|key| feed.get(key).is_some()), "{feed}");
    }
}

#[test]
fn articles_are_listed_once_and_chosen_by_words_date_output_and_number() {
    let world = small_world();
    let unmade = world.run(&["articles"]);
    assert_eq!(unmade.code, Some(1));
    assert!(unmade.stderr.contains("merganser fetch"), "{}", unmade.stderr);
    world.ok(&["fetch"]);
    let count = |arguments: &[&str]| {
        let all = [&["articles", "--json"], arguments].concat();
        world.json(&all).as_array().unwrap().len()
    };
    assert_eq!(count(&[]), 2);
    assert_eq!(count(&["--limit", "1"]), 1);
    assert_eq!(count(&["--output", "few"]), 1);
    assert_eq!(count(&["--search", "shared"]), 1);
    assert_eq!(count(&["--search", "\"(*"]), 0);
    assert_eq!(count(&["--since", "2026-11-21"]), 1);
    assert_eq!(count(&["--since", "2026-11-20T10:00:00Z"]), 2);
    let article = &world.json(&["articles", "--json", "--search", "shared"])[0];
    assert_eq!(article["sources"].as_array().unwrap().len(), 2, "{article}");
    for key in ["id", "url", "title", "authors", "published", "updated", "first_seen", "summary"] {
        assert!(article.get(key).is_some(), "{key}");
    }
    assert_eq!(world.run(&["articles", "--since", "soon"]).code, Some(2));
    assert_eq!(world.run(&["articles", "--output", "none"]).code, Some(2));
}

#[test]
fn nothing_of_a_feed_reaches_a_terminal_as_a_control() {
    let world = small_world();
    world.ok(&["fetch"]);
    for arguments in [&["articles"][..], &["articles", "--json"], &["feeds"], &["feeds", "--json"]]
    {
        let text = world.ok(arguments);
        let odd = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(odd, None, "{arguments:?}");
    }
    assert!(!world.ok(&["articles"]).contains('\u{202e}'));
}

#[test]
fn explain_says_why_in_words_and_people_can_correct_it() {
    let world = small_world();
    world.ok(&["fetch"]);
    let articles = world.json(&["articles", "--json"]);
    let slug = |title: &str| {
        let all = articles.as_array().unwrap();
        let one = all.iter().find(|it| it["title"].as_str().unwrap().contains(title)).unwrap();
        one["slug"].as_str().unwrap().to_owned()
    };
    let (shared, odd) = (slug("shared"), slug("Odd"));
    let told = world.ok(&["explain", &shared]);
    assert!(told.contains("2 entries tell it") && told.contains("utm_source"), "{told}");
    let json = world.json(&["explain", &shared, "--json"]);
    let entries = json["entries"].as_array().unwrap();
    assert_eq!((entries.len(), json["slug"].as_str().unwrap()), (2, shared.as_str()));
    assert_eq!(world.run(&["explain", "nothing"]).code, Some(2));
    assert_eq!(world.run(&["explain"]).code, Some(2));

    let entry =
        entries.iter().find(|it| it["representative"] == false).unwrap()["entry"].to_string();
    world.json(&["explain", "--near", &entry, "--json"]);
    world.ok(&["split", &entry]);
    assert_eq!(world.json(&["articles", "--json"]).as_array().unwrap().len(), 3);
    assert_eq!(world.run(&["split", &entry]).code, Some(2));
    world.ok(&["merge", &shared, &odd]);
    assert_eq!(world.json(&["articles", "--json"]).as_array().unwrap().len(), 2);
    assert_eq!(world.run(&["merge", &shared, "nothing"]).code, Some(2));
    assert!(world.ok(&["regroup"]).contains("3 entries are 2 articles; 0 changes"));
}

#[test]
fn render_writes_each_format_to_stdout_or_whole_into_a_file() {
    let world = small_world();
    world.ok(&["fetch"]);
    for (format, start) in [("atom", "<?xml"), ("rss", "<?xml"), ("json", "{"), ("html", "<!")] {
        let document = world.ok(&["render", "all", "--format", format]);
        assert!(document.trim_start().starts_with(start), "{format}");
        assert!(document.contains("A shared story"), "{format}");
        assert_eq!(world.ok(&["render", "all", "--format", format, "-o", "out"]), "");
        assert_eq!(fs::read_to_string(world.folder().join("out")).unwrap(), document);
    }
    assert_eq!(world.run(&["render", "none", "--format", "atom"]).code, Some(2));
    assert_eq!(world.run(&["render", "all", "--format", "word"]).code, Some(2));
    let lost = world.run(&["render", "all", "--format", "rss", "-o", "no/such/folder"]);
    assert_eq!(lost.code, Some(1));
    assert!(lost.stderr.contains("cannot write no/such/folder"), "{}", lost.stderr);
}

#[test]
fn add_keeps_comments_and_writes_a_config_that_check_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    let text = "# mine\n[[feed]]\nurl = \"https://a.example/\" # the first\nname = \"a\"\n";
    fs::write(&path, text).unwrap();
    let add = |arguments: &[&str]| {
        let all = [&["add", "--config", "c.toml", "--as-is"], arguments].concat();
        without_config(folder.path(), &all)
    };
    assert_eq!(add(&["b.example/x", "--name", "b", "--tag", "t"]).code, Some(0));
    let added =
        format!("{text}\n[[feed]]\nurl = \"https://b.example/x\"\nname = \"b\"\ntags = [\"t\"]\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), added);
    let again = add(&["https://a.example/"]);
    assert_eq!(again.code, Some(0));
    assert!(again.stdout.contains("already, as \"a\""), "{}", again.stdout);
    assert_eq!(add(&["https://c.example/", "--name", "a"]).code, Some(2));
    assert_eq!(add(&["https://c.example/", "--name", "a b"]).code, Some(2));
    assert_eq!(add(&["https://c.example/", "--tag", "\u{7}"]).code, Some(2));
    assert_eq!(add(&["http://10.0.0.1/"]).code, Some(1));
    assert_eq!(fs::read_to_string(&path).unwrap(), added, "what is refused changes nothing");
    assert_eq!(without_config(folder.path(), &["check", "--config", "c.toml"]).code, Some(0));

    fs::write(&path, "[fetch]\nintervall = 1\n").unwrap();
    let refused = add(&["https://c.example/"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.starts_with("c.toml:2:1: "), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&path).unwrap(), "[fetch]\nintervall = 1\n");
}

#[test]
fn a_pages_feed_is_discovered_and_added_under_its_own_address() {
    let world = World::new();
    world.write_config();
    let page = "<html><head><link rel='alternate' type='application/rss+xml' title='News' \
                href='/news.rss'><link rel='alternate' type='application/atom+xml' \
                href='/more.atom'></head></html>";
    let origin = serve(page);
    let page = format!("{origin}/");
    let found = world.json(&["discover", &page, "--json"]);
    assert_eq!(found[0]["url"], format!("{origin}/news.rss"));
    assert_eq!(found[0]["title"], "News");
    let added = world.command(&["add", &page]).output().unwrap();
    let told = String::from_utf8(added.stdout).unwrap();
    assert!(told.contains(&format!("also offered: {origin}/more.atom")), "{told}");
    let config = fs::read_to_string(world.config_path()).unwrap();
    assert!(
        config.ends_with(&format!("url = \"{origin}/news.rss\"\nname = \"news\"\n")),
        "{config}"
    );
}

/// A host that answers everything with one page, until the test ends.
fn serve(page: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 2048];
            let _ = stream.read(&mut request);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n{page}",
                page.len()
            );
        }
    });
    format!("http://{address}")
}

#[test]
fn a_list_is_imported_once_and_leaves_a_config_that_check_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let list = "<opml version='1.1'><body><outline text='Seen' xmlUrl='https://a.example/'/>\
        <outline text='Local'><outline title='The Post' xmlurl='https://b.example/?a=1&amp;b=2'/>\
        <outline title='The Post' xmlUrl='https://c.example/'/>\
        <outline text='file' xmlUrl='file:///etc/passwd'/>\
        <outline text='router' xmlUrl='http://192.168.1.1/feed'/></outline></body></opml>";
    fs::write(folder.path().join("list.opml"), list).unwrap();
    fs::write(folder.path().join("c.toml"), "[[feed]]\nurl = \"https://a.example/\"\n").unwrap();
    let import =
        || without_config(folder.path(), &["opml", "import", "--config", "c.toml", "list.opml"]);
    let first = import();
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.stdout.starts_with("2 feeds written into c.toml, 1 there already, 1 refused"));
    assert!(first.stderr.contains("https://a.example/: there already"), "{}", first.stderr);
    let config = fs::read_to_string(folder.path().join("c.toml")).unwrap();
    assert!(config.contains("name = \"the-post\"\ntags = [\"Local\"]"), "{config}");
    assert!(config.contains("name = \"the-post-2\""), "{config}");
    assert!(!config.contains("passwd") && !config.contains("192.168"), "{config}");
    assert_eq!(without_config(folder.path(), &["check", "--config", "c.toml"]).code, Some(0));
    assert!(import().stdout.starts_with("0 feeds written into c.toml, 3 there already"));
    assert_eq!(fs::read_to_string(folder.path().join("c.toml")).unwrap(), config);

    let export = without_config(folder.path(), &["opml", "export", "--config", "c.toml"]);
    assert!(export.stdout.contains("xmlUrl=\"https://b.example/?a=1&amp;b=2\""), "{export:?}");
    fs::write(folder.path().join("again.opml"), &export.stdout).unwrap();
    let made = ["opml", "import", "--config", "new.toml", "again.opml"];
    let made = without_config(folder.path(), &made);
    assert!(made.stdout.starts_with("3 feeds written into new.toml"), "{made:?}");
}

#[test]
fn a_file_that_is_no_list_changes_nothing_and_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c.toml"), "").unwrap();
    fs::write(folder.path().join("no.opml"), "just words").unwrap();
    for file in ["no.opml", "missing.opml"] {
        let ran = without_config(folder.path(), &["opml", "import", "--config", "c.toml", file]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains(file), "{}", ran.stderr);
    }
    assert_eq!(fs::read_to_string(folder.path().join("c.toml")).unwrap(), "");
}

#[test]
fn a_backup_is_a_store_and_replaces_nothing() {
    let world = small_world();
    world.ok(&["fetch"]);
    world.ok(&["backup", "copy.db"]);
    assert_eq!(world.run(&["backup", "copy.db"]).code, Some(1));
    let copy = rusqlite::Connection::open(world.folder().join("copy.db")).unwrap();
    let entries: i64 =
        copy.query_row("SELECT count(*) FROM entries", [], |row| row.get(0)).unwrap();
    assert_eq!(entries, 3);
    assert!(world.ok(&["check", "--store"]).contains("merganser.db: good"));
}

#[test]
fn a_closed_pipe_ends_a_command_quietly() {
    let world = small_world();
    world.ok(&["fetch"]);
    for arguments in [&["articles", "--json"][..], &["completions", "bash"], &["man"], &["feeds"]] {
        let mut child =
            world.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(ended.stderr).unwrap(), "", "{arguments:?}");
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn help_teaches_by_examples_and_usage_errors_end_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        "run",
        "fetch",
        "check",
        "feeds",
        "articles",
        "explain",
        "render",
        "discover",
        "add",
        "backup",
        "merge",
        "split",
        "regroup",
        "completions",
    ] {
        let help = without_config(folder.path(), &[command, "--help"]);
        assert_eq!(help.code, Some(0), "{command}");
        assert!(
            help.stdout.contains(&format!("Examples:\n  merganser {command}"))
                || help.stdout.contains(&format!("  merganser {command}")),
            "{}",
            help.stdout
        );
        assert!(!help.stdout.contains('\u{1b}'), "no colour into a pipe");
    }
    let version = without_config(folder.path(), &["--version"]);
    assert_eq!(version.stdout, format!("merganser {}\n", env!("CARGO_PKG_VERSION")));
    for wrong in [&["feed"][..], &["feeds", "--jsn"], &["render"], &[]] {
        assert_eq!(without_config(folder.path(), wrong).code, Some(2), "{wrong:?}");
    }
}
