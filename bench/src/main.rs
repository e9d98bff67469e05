//! What merganser costs, and what the work would cost at least.
//!
//! One binary: farms of feeds to poll, the floors to compare with, and the drivers that run
//! them and merganser's release binary in turn and print what each took. docs/PERFORMANCE.md
//! tells how to read it.

mod daemon;
mod farm;
mod floor;
mod grow;
mod http;
mod idle;
mod measure;
mod programs;
mod scale;
mod serve;
mod stage;
mod table;

use anyhow::Result;
use clap::Parser;

#[derive(Debug, Parser)]
#[command(about = "Measures merganser against floors and peers")]
enum Command {
    Farm(farm::Command),
    Floor(floor::Command),
    Table(table::Command),
    Serve(serve::Command),
    Scale(scale::Command),
    Idle(idle::Command),
}

fn main() -> Result<()> {
    match Command::parse() {
        Command::Farm(command) => command.run(),
        Command::Floor(command) => command.run(),
        Command::Table(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Scale(command) => command.run(),
        Command::Idle(command) => command.run(),
    }
}
