//! The results as Markdown.

use std::fmt;

use crate::cell::{Cell, Load, Sample};
use crate::variant::Variant;

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let load = match self.load {
            Load::Latency(_) => "latency",
            Load::Flood(_) => "flood",
        };
        write!(f, "{load} {} x {}", size(self.size), self.connections)
    }
}

fn size(bytes: usize) -> String {
    if bytes < 1 << 10 { format!("{bytes} B") } else { format!("{} KiB", bytes >> 10) }
}

/// A cell, and its samples by variant.
type Row = (Cell, Vec<Vec<Sample>>);

/// What a table shows of a sample.
type Figure = fn(&Sample) -> Option<f64>;

/// Prints a table for each thing that was measured.
pub fn print(variants: &[Variant], rows: &[Row]) {
    let (latency, flood): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|(cell, _)| matches!(cell.load, Load::Latency(_)));
    let tables: [(&str, &[&Row], Figure); 5] = [
        ("Round trip, median, in microseconds", &latency, |s| Some(s.figure)),
        ("Round trip that one in a hundred exceeds, in microseconds", &latency, |s| s.slow),
        ("Flood, in MiB of payload a second", &flood, |s| Some(s.figure)),
        ("CPU time in between, request and reply, in microseconds a message", &latency, |s| s.cpu),
        ("CPU time in between, flood, in microseconds a message", &flood, |s| s.cpu),
    ];
    for (title, rows, figure) in tables.into_iter().filter(|(_, rows, _)| !rows.is_empty()) {
        table(title, variants, rows, figure);
    }
}

/// One table: a column for each variant that has such a figure, and wirewalk compared to the plain relay.
fn table(title: &str, variants: &[Variant], rows: &[&Row], figure: Figure) {
    let median_of = |(_, samples): &Row, index: usize| {
        median(samples.get(index).into_iter().flatten().filter_map(figure).collect())
    };
    let shown: Vec<(usize, &Variant)> = variants
        .iter()
        .enumerate()
        .filter(|(index, _)| rows.iter().any(|row| median_of(row, *index).is_some()))
        .collect();
    let names: Vec<&str> = shown.iter().map(|(_, variant)| variant.name()).collect();
    println!("\n### {title}\n");
    println!("| message | connections | {} | wirewalk ÷ plain relay |", names.join(" | "));
    println!("|---:|---:|{}", "---:|".repeat(shown.len() + 1));
    for row in rows {
        let of = |wanted: Variant| {
            shown.iter().find(|(_, v)| **v == wanted).and_then(|(index, _)| median_of(row, *index))
        };
        let ratio = of(Variant::Wirewalk).zip(of(Variant::PlainRelay)).map(|(ours, plain)| ours / plain);
        let figures = shown.iter().map(|(index, _)| median_of(row, *index));
        let columns: Vec<String> = figures
            .map(|figure| figure.map_or_else(String::new, digits))
            .chain([ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"))])
            .collect();
        println!("| {} | {} | {} |", size(row.0.size), row.0.connections, columns.join(" | "));
    }
}

/// Three digits, since more would not be the same the next time.
fn digits(figure: f64) -> String {
    match figure {
        0.0..10.0 => format!("{figure:.2}"),
        10.0..100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let middle = figures.get(figures.len() / 2)?;
    match figures.len() % 2 {
        1 => Some(*middle),
        _ => figures.get(figures.len() / 2 - 1).map(|before| f64::midpoint(*before, *middle)),
    }
}
