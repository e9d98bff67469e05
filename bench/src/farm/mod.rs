//! A farm: feeds on loopback that follow from a seed, each host at an address of its own.
//!
//! In: a [`Shape`]. Out: HTTP answers ([`serve`]), a list of addresses and a merganser config.

mod document;
mod random;
mod serve;
mod story;
mod words;
mod world;

use std::{
    fmt::Write as _,
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result};

pub use serve::Counts;
pub use world::{RENEWAL_SECONDS, Shape};

use serve::Farm;
use world::World;

/// Serves a farm of feeds on loopback until it is ended
#[derive(Debug, clap::Args)]
pub struct Command {
    #[command(flatten)]
    shape: Shape,
    /// The port on all addresses of 127.0.0.0/8; 0: any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Where to write urls.txt and merganser.toml
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// End when standard input ends, so as not to outlive who started it
    #[arg(long)]
    while_stdin: bool,
}

impl Command {
    pub fn run(mut self) -> Result<()> {
        if self.shape.until == 0 {
            let now = chrono::Utc::now().timestamp();
            self.shape.until = now - now.rem_euclid(86_400);
        }
        let farm = Arc::new(Farm::new(World::new(self.shape)));
        // One thread: what is measured shall have the other cores.
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        if self.while_stdin {
            std::thread::spawn(|| {
                let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
                std::process::exit(0);
            });
        }
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, self.port))
                .await
                .context("cannot listen")?;
            let port = listener.local_addr()?.port();
            write_files(&self.folder, &addresses(self.shape.feeds, port))?;
            println!("{port}");
            farm.serve(listener).await.context("cannot accept")
        })
    }
}

/// The feeds' addresses: about four feeds a host.
fn addresses(feeds: usize, port: u16) -> Vec<String> {
    let hosts = (feeds * 249 / 1000).max(1);
    let host = |number: usize| {
        let host = number % hosts;
        format!("127.{}.{}.{}", 1 + host / 62_500, host / 250 % 250, 1 + host % 250)
    };
    (0..feeds).map(|feed| format!("http://{}:{port}/feed/{feed}.xml", host(feed))).collect()
}

/// The config is merganser's as it ships, but for what a farm on loopback needs, and that nothing is
/// swept: stores that were grown begin years ago.
fn write_files(folder: &Path, addresses: &[String]) -> Result<()> {
    fs::create_dir_all(folder)?;
    let mut config = String::from(
        "[store]\npath = \"merganser.db\"\n\n[retention]\nkeep = \"36500d\"\n\n[fetch]\nallow_private_networks = true\n\n\
         [server]\nlisten = \"127.0.0.1:8480\"\n\n[[output]]\nname = \"all\"\ntitle = \"All\"\n",
    );
    for (number, address) in addresses.iter().enumerate() {
        let _ = write!(config, "\n[[feed]]\nurl = \"{address}\"\nname = \"site{number}\"\n");
    }
    fs::write(folder.join("merganser.toml"), config)?;
    fs::write(folder.join("urls.txt"), addresses.join("\n") + "\n")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{story::Stories, *};

    fn shape() -> Shape {
        Shape { feeds: 40, seed: 7, entries: 10, html_bytes: 500, news: 0.2, until: 1_790_000_000 }
    }

    fn all_documents(world: &World) -> Vec<String> {
        let stories = Stories::new(world.shape.seed, world.shape.html_bytes);
        world.feeds.iter().map(|feed| document::write(feed, &stories)).collect()
    }

    #[test]
    fn the_same_seed_is_the_same_world_in_every_round() {
        let (mut one, mut two) = (World::new(shape()), World::new(shape()));
        assert_eq!(all_documents(&one), all_documents(&two));
        assert_eq!(one.advance(), two.advance());
        assert_eq!(all_documents(&one), all_documents(&two));
    }

    #[test]
    fn a_round_changes_the_feeds_it_names_and_no_other() {
        let mut world = World::new(shape());
        let before = all_documents(&world);
        let changed = world.advance();
        let after = all_documents(&world);
        let differ: Vec<usize> = (0..before.len()).filter(|&at| before[at] != after[at]).collect();
        assert!(!changed.is_empty());
        assert_eq!(differ, changed);
    }

    #[test]
    fn the_entries_that_are_counted_are_the_ones_that_a_parser_finds() {
        let mut world = World::new(shape());
        let mut seen = std::collections::HashSet::new();
        for round in 0..3 {
            for (number, xml) in all_documents(&world).iter().enumerate() {
                let feed = feed_rs::parser::parse(xml.as_bytes()).expect("a feed");
                seen.extend(feed.entries.into_iter().map(|entry| (number, entry.id)));
            }
            assert_eq!(seen.len() as u64, world.entries, "round {round}");
            world.advance();
        }
    }

    #[test]
    fn one_entry_in_eleven_is_a_copy() {
        let world = World::new(Shape { feeds: 300, ..shape() });
        let share = world.copies as f64 / world.entries as f64;
        assert!((0.07..0.11).contains(&share), "{share}");
    }
}
