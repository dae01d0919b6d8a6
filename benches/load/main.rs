//! What it costs to have wirewalk in between: the same load directly, through a plain relay and through wirewalk.
//!
//! `cargo bench --bench load`, and for its options `cargo bench --bench load -- --help`. `benches/README.md` says
//! what the rows mean.

mod cell;
mod cpu;
#[path = "../../tests/load/frame.rs"]
mod frame;
#[path = "../../tests/load/process.rs"]
mod process;
mod table;
mod variant;
#[path = "../../tests/load/websocket.rs"]
mod websocket;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

use cell::{Cell, Sample};
use variant::Variant;

/// Compares direct connections, a plain relay and wirewalk under load, side by side.
#[derive(Debug, Parser)]
struct Options {
    /// Only the cells whose name has this in it, such as `latency`, `1 KiB` or `flood 64 B x 50`
    filter: Option<String>,

    /// How often each cell is measured; the medians are shown
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// Compare with this other build of wirewalk
    #[arg(long, value_name = "PROGRAM")]
    other: Option<PathBuf>,

    /// One short round, to see that it works
    #[arg(long)]
    quick: bool,

    /// Be the plain relay to this address, instead of measuring
    #[arg(long, hide = true)]
    relay: Option<SocketAddr>,

    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let Some(upstream) = options.relay {
        return runtime.block_on(variant::plain_relay(upstream));
    }
    let wanted = |cell: &Cell| options.filter.as_ref().is_none_or(|filter| cell.to_string().contains(filter));
    let cells: Vec<Cell> = Cell::all(options.quick).into_iter().filter(wanted).collect();
    let rounds = if options.quick { 1 } else { options.rounds };
    let variants = Variant::all(options.other);
    let mut rows = Vec::new();
    for cell in cells {
        eprintln!("{cell}");
        rows.push((cell, runtime.block_on(measure(&cell, &variants, rounds))?));
    }
    table::print(&variants, &rows);
    Ok(())
}

/// All samples of a cell, by variant. The variants take turns, so that what else the machine does meets all alike.
async fn measure(cell: &Cell, variants: &[Variant], rounds: usize) -> anyhow::Result<Vec<Vec<Sample>>> {
    let mut samples = vec![Vec::new(); variants.len()];
    for _ in 0..rounds {
        for (variant, samples) in variants.iter().zip(&mut samples) {
            samples.push(cell.run(variant).await?);
        }
    }
    Ok(samples)
}
