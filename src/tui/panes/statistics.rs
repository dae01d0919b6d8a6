//! Figures over the units of the filter that is on: when, how large, how long answers took.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::session::statistics::{Histogram, OverTime, Statistics};
use crate::tui::app::App;
use crate::tui::paint::{self, Pen, columns};
use crate::words;

/// Eighths of a cell, from none to all.
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// From so many columns on, there are three histograms side by side.
const WIDE: u16 = 110;

/// How the values of a histogram are put.
type Label = fn(u64) -> String;

/// Draws them.
pub fn draw(area: Rect, buf: &mut Buffer, app: &App) {
    let title = match &app.filter {
        Some(on) => format!("Statistics of {}", paint::cell(&on.filter.to_string())),
        None => "Statistics".to_owned(),
    };
    let inner = paint::frame(area, buf, &app.theme, &title, true);
    let Some(statistics) = &app.statistics else {
        Pen::new(buf, inner).put("counting …", app.theme.dim);
        return;
    };
    let [figures, chart, histograms] =
        Layout::vertical([Constraint::Length(6), Constraint::Percentage(35), Constraint::Min(6)])
            .areas(inner);
    self::figures(figures, buf, app, statistics);
    over_time(chart, buf, app, &statistics.time);
    let sizes = both(&statistics.message_sizes);
    let panels: [(&str, &Histogram, Label); 4] = [
        ("Message sizes", &sizes, |n| format!("{n} B")),
        ("Event → acknowledgement", &statistics.acknowledgements, time),
        ("Request → response", &statistics.responses, time),
        ("Ping → pong", &statistics.heartbeats, time),
    ];
    let wide = histograms.width >= WIDE;
    let shown = if wide { 4 } else { 2 };
    let [panels_area, events] = match wide {
        true => Layout::horizontal([Constraint::Percentage(76), Constraint::Min(20)]).areas(histograms),
        false => Layout::horizontal([Constraint::Percentage(70), Constraint::Min(20)]).areas(histograms),
    };
    let places = Layout::horizontal(vec![Constraint::Ratio(1, shown as u32); shown]).split(panels_area);
    for ((name, histogram, label), place) in panels.iter().zip(places.iter()) {
        self::histogram(*place, buf, app, name, histogram, *label);
    }
    self::events(events, buf, app, statistics);
}

fn both(sizes: &[Histogram; 2]) -> Histogram {
    let mut sum = sizes[0].clone();
    sum.buckets.iter_mut().zip(sizes[1].buckets).for_each(|(a, b)| *a += b);
    sum.count += sizes[1].count;
    sum.range = match (sizes[0].range, sizes[1].range) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    };
    sum
}

fn time(nanos: u64) -> String {
    words::duration(Duration::from_nanos(nanos))
}

fn figures(area: Rect, buf: &mut Buffer, app: &App, statistics: &Statistics) {
    let theme = &app.theme;
    let mut line = |row: usize, label: &str, parts: &[(String, ratatui::style::Style)]| {
        let mut pen = Pen::new(buf, paint::row(area, row));
        pen.skip(1).column(label, 14, false, theme.dim);
        for (text, style) in parts {
            pen.put(text, *style).skip(3);
        }
    };
    let each = |dir: usize, sign: &str| {
        let [units, bytes] = [statistics.units[dir], statistics.bytes[dir]];
        let text = format!("{sign} {}, {}", words::count(units, "unit"), words::count(bytes, "byte"));
        (text, theme.peers[dir])
    };
    line(0, "passed", &[each(0, "▶"), each(1, "◀")]);
    line(1, "findings", &[(words::count(statistics.with_findings, "unit"), theme.text)]);
    let [count, wire, inflated] = statistics.compressed;
    let ratio = match wire {
        0 => "no compressed messages".to_owned(),
        _ => format!(
            "{}: {} on the wire, {} inflated, {:.0} %",
            words::count(count, "message"),
            words::count(wire, "byte"),
            words::thousands(inflated),
            wire as f64 * 100.0 / inflated.max(1) as f64
        ),
    };
    line(2, "compressed", &[(ratio, theme.text)]);
    line(3, "acknowledged", &[(quantiles(&statistics.acknowledgements), theme.text)]);
    line(4, "heartbeats", &[(quantiles(&statistics.heartbeats), theme.text)]);
}

/// How long something took: half of the times, and nearly all of them.
fn quantiles(histogram: &Histogram) -> String {
    match (histogram.quantile(0.5), histogram.quantile(0.95)) {
        (Some(median), Some(high)) => format!("half within {}, 95 % within {}", time(median), time(high)),
        _ => "none".to_owned(),
    }
}

/// Units over time, as columns of blocks.
fn over_time(area: Rect, buf: &mut Buffer, app: &App, time: &OverTime) {
    let end = time.width.saturating_mul(time.columns.len() as u64);
    let peak = time.columns.iter().map(|c| c.0).max().unwrap_or(0);
    let head = format!(
        "Units over time, to {}; a column is {}, the highest {}",
        self::time(end),
        self::time(time.width),
        words::count(peak, "unit")
    );
    Pen::new(buf, paint::row(area, 0)).skip(1).put(&head, app.theme.title[0]);
    if area.height < 3 || time.columns.is_empty() {
        return;
    }
    let plot =
        Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height - 2 };
    let width = usize::from(plot.width);
    // Each column of the screen shows what falls into it: a part of one of the chart, or several together.
    let count = time.columns.len();
    let value = |x: usize| {
        let (first, end) = (x * count / width, ((x + 1) * count).div_ceil(width));
        let here = time.columns.get(first..end.min(count)).unwrap_or_default();
        here.iter().map(|column| column.0).max().unwrap_or(0)
    };
    let style = app.theme.protocol("websocket");
    for x in 0..width {
        bar(buf, (plot.x + columns(x), plot.bottom()), plot.height, value(x), peak, style);
    }
}

/// A bar of blocks that stands on the row above `(x, bottom)`.
fn bar(
    buf: &mut Buffer,
    (x, bottom): (u16, u16),
    height: u16,
    value: u64,
    peak: u64,
    style: ratatui::style::Style,
) {
    let eighths = (u128::from(value) * u128::from(height) * 8).div_ceil(u128::from(peak.max(1))) as u64;
    for row in 0..height {
        let here = eighths.saturating_sub(u64::from(row) * 8).min(8);
        if here > 0 {
            buf.set_string(x, bottom - 1 - row, EIGHTHS[here as usize], style);
        }
    }
}

/// A histogram lying on its side: a row for each bucket, labelled by where it ends.
fn histogram(area: Rect, buf: &mut Buffer, app: &App, name: &str, histogram: &Histogram, label: Label) {
    let theme = &app.theme;
    Pen::new(buf, paint::row(area, 0))
        .skip(1)
        .put(name, theme.title[0])
        .skip(1)
        .put(&format!("({})", histogram.count), theme.dim);
    let filled = histogram.filled();
    let rows = usize::from(area.height).saturating_sub(1);
    // Where there are more buckets than rows, neighbours share one.
    let share = filled.len().div_ceil(rows.max(1)).max(1);
    let buckets: Vec<usize> = filled.step_by(share).collect();
    let sum = |first: usize| histogram.buckets.iter().skip(first).take(share).sum::<u64>();
    let peak = buckets.iter().map(|b| sum(*b)).max().unwrap_or(1).max(1);
    for (row, first) in buckets.into_iter().enumerate().take(rows) {
        let (_, end) = Histogram::values(first + share - 1);
        let mut pen = Pen::new(buf, paint::row(area, row + 1));
        pen.column(&format!("< {}", label(end)), 10, true, theme.dim).skip(1);
        let count = sum(first);
        let room = pen.room().saturating_sub(6) as u64;
        let length = (u128::from(count) * u128::from(room) / u128::from(peak)) as usize;
        let length = if count > 0 { length.max(1) } else { 0 };
        pen.put(&"█".repeat(length), theme.protocol("socketio"));
        if count > 0 {
            pen.skip(1).put(&words::thousands(count), theme.text);
        }
    }
}

fn events(area: Rect, buf: &mut Buffer, app: &App, statistics: &Statistics) {
    let theme = &app.theme;
    Pen::new(buf, paint::row(area, 0)).skip(1).put("Events by name", theme.title[0]);
    let mut names: Vec<(&String, &u64)> = statistics.events.iter().collect();
    names.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let rows = usize::from(area.height).saturating_sub(2);
    for (row, (name, count)) in names.iter().take(rows).enumerate() {
        let mut pen = Pen::new(buf, paint::row(area, row + 1));
        pen.skip(1).column(&words::thousands(**count), 7, true, theme.strong).skip(1).peer(name, theme.text);
    }
    let others = names.iter().skip(rows).map(|(_, count)| **count).sum::<u64>() + statistics.other_events;
    if others > 0 {
        let mut pen = Pen::new(buf, paint::row(area, usize::from(area.height) - 1));
        pen.skip(1).column(&words::thousands(others), 7, true, theme.dim).skip(1).put("others", theme.dim);
    }
}
