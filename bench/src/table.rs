//! The table: floors, merganser and perhaps peers, in turn, over one farm.
//!
//! Three phases: all is new, nothing is new (304), a few feeds have news. In each phase every
//! program has its turn, so that all meet the same machine; in each repetition the farm is
//! reset, the stores are new and another program begins. Figures are medians.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Result, ensure};

use crate::{
    farm::{Counts, Shape},
    floor::Floor,
    measure::{self, Cost, median},
    programs::{Peer, Program},
    stage::{self, Farm},
};

/// Runs the floors and merganser in turn and prints what each took, as Markdown
#[derive(Debug, clap::Args)]
pub struct Command {
    #[command(flatten)]
    shape: Shape,
    /// How often everything is measured
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Which floors
    #[arg(long, value_delimiter = ',', default_value = "a,b,c,d,e")]
    floors: Vec<Floor>,
    /// Measure these programs, too, which must be installed
    #[arg(long, value_delimiter = ',')]
    peers: Vec<Peer>,
    /// The Python that has `reader`
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// The binary to measure; else the repository's release binary
    #[arg(long)]
    merganser: Option<PathBuf>,
    /// Where stores are written; the disk counts
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    scratch: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Cold,
    Same,
    News,
}

const PHASES: [Phase; 3] = [Phase::Cold, Phase::Same, Phase::News];

/// What is known of one program.
#[derive(Debug)]
struct Measured {
    program: Program,
    /// By phase.
    costs: [Vec<Cost>; 3],
    /// After the first phase.
    store_bytes: Vec<u64>,
}

impl Command {
    pub fn run(self) -> Result<()> {
        let binary = stage::merganser(self.merganser.as_deref())?;
        let surroundings = measure::surroundings();
        let folder = tempfile::tempdir_in(&self.scratch)?;
        let farm = Farm::start(&self.shape, folder.path())?;
        let mut programs: Vec<Program> = self.floors.iter().copied().map(Program::Floor).collect();
        programs.push(Program::Merganser(binary.clone()));
        programs.extend(self.peers.iter().map(|peer| peer.program(&self.python)));
        let mut all: Vec<Measured> = programs.into_iter().map(Measured::new).collect();
        let truth = farm.counts()?;
        let mut found = Vec::new();
        for repetition in 0..self.repeat.max(1) {
            let stores = folder.path().join(repetition.to_string());
            farm.reset()?;
            let beginner = repetition % all.len();
            all.rotate_left(beginner);
            for measured in &mut all {
                measured.program.prepare(&stores.join(measured.program.name()), &farm)?;
            }
            for phase in PHASES {
                if phase == Phase::News {
                    farm.advance()?;
                }
                for measured in &mut all {
                    measured.take_turn(phase, &stores, &farm, self.shape.feeds as u64)?;
                }
            }
            all.rotate_right(beginner);
            let store = stores.join("merganser").join("merganser.db");
            let entries = measure::rows(&store, "entries")?;
            found.push(entries - measure::rows(&store, "articles")?);
            std::fs::remove_dir_all(stores)?;
        }
        println!("{surroundings}; {}; seed {}.", stage::version(&binary)?, self.shape.seed);
        println!("{}\n", about(&self.shape, &truth, self.repeat.max(1)));
        print_figures(&all, truth.entries);
        println!();
        print_ratios(&all);
        println!(
            "\nOf {} pairs of copies merganser joined {}.",
            farm.counts()?.pairs,
            median(&found)
        );
        Ok(())
    }
}

impl Measured {
    fn new(program: Program) -> Self {
        Self { program, costs: Default::default(), store_bytes: Vec::new() }
    }

    fn take_turn(&mut self, phase: Phase, stores: &Path, farm: &Farm, feeds: u64) -> Result<()> {
        let folder = stores.join(self.program.name());
        let before = farm.counts()?;
        let mut command = self.program.poll(&folder, farm)?;
        let cost = measure::run(&mut command, &folder.join("log"))?;
        let after = farm.counts()?;
        eprintln!(
            "{phase:?} {}: {:.2} s CPU, {:.2} s",
            self.program.name(),
            cost.cpu.as_secs_f64(),
            cost.wall.as_secs_f64()
        );
        // A peer does as it does: newsboat 2.21, for one, asks without validators.
        if !self.program.is_peer() {
            self.check(phase, &before, &after, feeds)?;
        }
        let store = self.program.store(&folder);
        let store_bytes = measure::store_bytes(&store)?;
        if let Some(table) = self.program.entries() {
            let entries = measure::rows(&store, table)?;
            ensure!(
                entries == after.entries,
                "{}: {entries} entries of {}",
                self.program.name(),
                after.entries
            );
        }
        if phase == Phase::Cold {
            self.store_bytes.push(store_bytes);
        }
        self.costs[phase as usize].push(cost);
        Ok(())
    }

    /// Only who did the work is measured: a 304 where nothing is new, and no feed left out.
    fn check(&self, phase: Phase, before: &Counts, after: &Counts, feeds: u64) -> Result<()> {
        let ok = after.ok - before.ok;
        let not_modified = after.not_modified - before.not_modified;
        let name = self.program.name();
        ensure!(
            ok + not_modified == feeds,
            "{name}: {ok} + {not_modified} answers to {feeds} feeds"
        );
        ensure!(after.other == before.other, "{name} asked for what there is not");
        match phase {
            Phase::Cold => ensure!(not_modified == 0, "{name}: {not_modified} answers were 304"),
            Phase::Same => ensure!(ok == 0, "{name}: {ok} answers were not 304"),
            Phase::News => ensure!(ok < feeds, "{name}: no answer was 304"),
        }
        Ok(())
    }

    fn cpu(&self, phase: Phase) -> f64 {
        self.middle(phase, |cost| cost.cpu.as_secs_f64())
    }

    fn middle<T: Copy + PartialOrd>(&self, phase: Phase, figure: fn(&Cost) -> T) -> T {
        median(&self.costs[phase as usize].iter().map(figure).collect::<Vec<T>>())
    }

    /// From the least to the most.
    fn spread(&self, phase: Phase) -> String {
        let all = self.costs[phase as usize].iter().map(|cost| cost.cpu);
        let least = all.clone().min().unwrap_or(Duration::ZERO).as_secs_f64();
        let most = all.max().unwrap_or(Duration::ZERO).as_secs_f64();
        format!("{least:.2}-{most:.2}")
    }
}

fn about(shape: &Shape, truth: &Counts, repeat: usize) -> String {
    format!(
        "{} feeds, {} entries, {} pairs of copies, {:.0} MB of XML, {:.0} MB as gzip; median of {repeat}.",
        shape.feeds,
        truth.entries,
        truth.pairs,
        megabytes(truth.document_bytes),
        megabytes(truth.gzip_bytes),
    )
}

fn print_figures(all: &[Measured], entries: u64) {
    println!(
        "| program | cold CPU s | (range) | wall s | entries/s | peak MB | store MB | 304 CPU s | (range) | news CPU s | (range) |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for one in all {
        let wall = one.middle(Phase::Cold, |cost| cost.wall.as_secs_f64());
        println!(
            "| {} | {:.2} | {} | {wall:.1} | {:.0} | {:.0} | {:.0} | {:.3} | {} | {:.3} | {} |",
            one.program.name(),
            one.cpu(Phase::Cold),
            one.spread(Phase::Cold),
            entries as f64 / wall,
            megabytes(one.middle(Phase::Cold, |cost| cost.peak_bytes)),
            megabytes(median(&one.store_bytes)),
            one.cpu(Phase::Same),
            one.spread(Phase::Same),
            one.cpu(Phase::News),
            one.spread(Phase::News),
        );
    }
}

/// CPU of merganser and its peers over that of the floors that stand for the work, and of
/// its peers over that of merganser.
fn print_ratios(all: &[Measured]) {
    let floor = |floor: Floor| {
        all.iter().find(|one| matches!(one.program, Program::Floor(of) if of == floor))
    };
    let merganser = all.iter().find(|one| matches!(one.program, Program::Merganser(_)));
    let floors = [(Floor::A, "floor a"), (Floor::C, "floor c"), (Floor::E, "floor e")];
    let floors = floors.map(|(of, name)| (floor(of), name)).to_vec();
    println!("| CPU, as a multiple | cold | 304 | news |\n|---|---|---|---|");
    for one in all.iter().filter(|one| !matches!(one.program, Program::Floor(_))) {
        let others =
            if one.program.is_peer() { vec![(merganser, "merganser")] } else { floors.clone() };
        for (other, name) in others.iter().filter_map(|(other, name)| Some(((*other)?, name))) {
            let ratio = |phase| one.cpu(phase) / other.cpu(phase);
            println!(
                "| {} / {name} | {:.2} | {:.2} | {:.2} |",
                one.program.name(),
                ratio(Phase::Cold),
                ratio(Phase::Same),
                ratio(Phase::News)
            );
        }
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
