//! Units as text for people: a line, or a line and the tree below it.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::hex;
use crate::decode::field::Severity;
use crate::decode::sink::Detail;
use crate::decode::unit::{Finding, Layer, Node, SourceKind, Tree};
use crate::escape;
use crate::session::{Note, Session, UnitRef, headline, value};
use crate::wire::Direction;
use crate::words;

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// So many characters of a value are printed.
const MAX_VALUE: usize = 500;

/// Where the text of a line begins.
const INDENT: usize = 38;

/// However narrow the terminal is, so many columns of a line's text are printed.
const MIN_TEXT: usize = 20;

/// The columns of the tree before the bytes.
const TREE_WIDTH: usize = 72;

/// What the columns of a line are.
pub fn heading(out: &mut dyn Write) -> io::Result<()> {
    let style = DIM.underline();
    writeln!(
        out,
        "{DIM}──▶ to the server   ◀── to the client   each line is a unit: a request, a frame …{DIM:#}"
    )?;
    writeln!(
        out,
        "{style}{:>6} {:>9}  {:<4} {:<3}  {:<9}  what{style:#}",
        "unit", "seconds", "conn", "way", "protocol"
    )
}

/// One line for a unit, one for each of its findings, and one for what someone left with it.
pub fn summary(
    session: &Session,
    unit: &UnitRef,
    columns: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    match session.look(unit, Detail::Summary) {
        Ok(tree) => line(session, unit, &tree, columns, out),
        Err(error) => writeln!(out, "{:>6}  {error}", unit.id.0),
    }
}

/// The line, and the tree of layers and fields below it; with `bytes`, each field's bytes beside it and every source
/// as a whole at the end.
pub fn layers(
    session: &Session,
    unit: &UnitRef,
    columns: Option<usize>,
    bytes: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let tree = match session.look(unit, Detail::Tree) {
        Ok(tree) => tree,
        Err(error) => return writeln!(out, "{:>6}  {error}", unit.id.0),
    };
    line(session, unit, &tree, columns, out)?;
    for inner in &tree.layers {
        layer(inner, &tree, bytes, 1, out)?;
    }
    if bytes {
        for source in tree.sources.iter().filter(|s| !s.bytes.is_empty()) {
            let size = words::count(source.bytes.len() as u64, "byte");
            writeln!(out, "  {BOLD}{size}, {}{BOLD:#}", source.kind.as_str())?;
            hex::dump(&source.bytes, "    ", out)?;
        }
    }
    writeln!(out)
}

fn line(
    session: &Session,
    unit: &UnitRef,
    tree: &Tree,
    columns: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let headline = headline::of(tree);
    let protocol = headline.protocol;
    let style = protocol_style(protocol);
    let arrow = match unit.dir {
        Direction::ToServer => "──▶",
        Direction::ToClient => "◀──",
    };
    let seconds = unit.at.0 as f64 / 1e9;
    let conn = unit.conn.to_string();
    let ties = match headline::ties(session, unit) {
        ties if ties.is_empty() => String::new(),
        ties => format!("  ({})", ties.join(", ")),
    };
    let text = escape::line(&headline.text);
    let (text, ties) = match columns.map(|columns| columns.saturating_sub(INDENT)) {
        Some(room) => match room.checked_sub(ties.chars().count()) {
            Some(rest) if rest >= MIN_TEXT => (words::cut(&text, rest), ties),
            // The text matters more.
            _ => (words::cut(&text, room.max(MIN_TEXT)), String::new()),
        },
        None => (text.into_owned(), ties),
    };
    let id = unit.id.0;
    write!(out, "{DIM}{id:>6} {seconds:>9.3}{DIM:#}  {conn:<4} {style}{arrow}  {protocol:<9}{style:#}  ")?;
    writeln!(out, "{text}{DIM}{ties}{DIM:#}")?;
    session
        .findings(unit.id)
        .iter()
        .try_for_each(|(id, found)| finding(found, session.is_first(found.rule, *id), columns, out))?;
    session.note(unit.id).map_or(Ok(()), |note| self::note(note, columns, out))
}

/// What someone left with a unit.
fn note(note: &Note, columns: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let said = match (note.marked, note.text.as_str()) {
        (true, "") => "★ marked".to_owned(),
        (true, text) => format!("★ {}", escape::line(text)),
        (false, text) => format!("✎ {}", escape::line(text)),
    };
    let indent = indent(columns);
    let room = columns.map_or(usize::MAX, |columns| columns - indent);
    words::fold(&said, room).iter().try_for_each(|line| writeln!(out, "{:indent$}{BOLD}{line}{BOLD:#}", ""))
}

/// Below the text, and where the terminal is narrow, nearer to the left.
fn indent(columns: Option<usize>) -> usize {
    columns.map_or(INDENT, |columns| INDENT.min(columns / 8))
}

/// What is wrong; what that means too, the first time.
fn finding(finding: &Finding, first: bool, columns: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let (mark, colour) = match finding.rule.severity {
        Severity::Error => ("✗ error", AnsiColor::Red),
        Severity::Warning => ("! warning", AnsiColor::Yellow),
        Severity::Note => ("· note", AnsiColor::Cyan),
    };
    let style = colour.on_default();
    let indent = indent(columns);
    let detail = match finding.detail.as_str() {
        "" => String::new(),
        detail => format!(" ({})", escape::line(detail)),
    };
    let title = format!("{mark}: {}{detail}", finding.rule.title);
    let room = columns.map_or(usize::MAX, |columns| columns - indent);
    for line in words::fold(&title, room) {
        writeln!(out, "{:indent$}{style}{line}{style:#}", "")?;
    }
    if !first {
        return Ok(());
    }
    let meaning = format!("{}  {}", finding.rule.meaning, finding.rule.spec);
    for line in words::fold(&meaning, room.saturating_sub(2)) {
        writeln!(out, "{:indent$}  {DIM}{line}{DIM:#}", "")?;
    }
    Ok(())
}

fn layer(layer: &Layer, tree: &Tree, bytes: bool, depth: usize, out: &mut dyn Write) -> io::Result<()> {
    let indent = "  ".repeat(depth);
    let style = protocol_style(layer.protocol.key).bold();
    let summary = escape::line(&layer.summary);
    writeln!(out, "{indent}{style}{}{style:#}  {summary}", layer.protocol.name)?;
    layer.nodes.iter().try_for_each(|n| node(n, tree, bytes, depth + 1, out))?;
    layer.inside.iter().try_for_each(|inside| self::layer(inside, tree, bytes, depth + 1, out))
}

fn node(node: &Node, tree: &Tree, bytes: bool, depth: usize, out: &mut dyn Write) -> io::Result<()> {
    let indent = "  ".repeat(depth);
    let value = escape::line(&value::text(node, tree, MAX_VALUE)).into_owned();
    let label = node.def.label;
    let separator = if value.is_empty() { "" } else { ": " };
    write!(out, "{indent}{DIM}{label}{separator}{DIM:#}{value}")?;
    if bytes && node.span.bits.end > node.span.bits.start {
        let plain = indent.len() + label.chars().count() + separator.len() + value.chars().count();
        let room = TREE_WIDTH.saturating_sub(plain).max(2);
        write!(out, "{:room$}{DIM}{}{DIM:#}", "", beside(node, tree))?;
    }
    writeln!(out)?;
    node.children.iter().try_for_each(|child| self::node(child, tree, bytes, depth + 1, out))
}

/// Where a field was read from, and its bytes: `wire 0..2  81 05`, or bits where it is not whole bytes.
fn beside(node: &Node, tree: &Tree) -> String {
    let kind =
        tree.sources.get(usize::from(node.span.source.0)).map_or(SourceKind::Wire, |s| s.kind).as_str();
    let bits = &node.span.bits;
    if bits.start.is_multiple_of(8) && bits.end.is_multiple_of(8) {
        return format!(
            "{kind} {}..{}  {}",
            bits.start / 8,
            bits.end / 8,
            words::hex(tree.bytes(&node.span), 8)
        );
    }
    let byte = bits.start / 8;
    let value = tree.bytes(&node.span).first().copied().unwrap_or_default();
    let pattern: String = (0..8u64)
        .map(|bit| match bits.contains(&(byte * 8 + bit)) {
            true => char::from(b'0' + (value >> (7 - bit) & 1)),
            false => '.',
        })
        .collect();
    format!("{kind} {byte}  {pattern}")
}

fn protocol_style(protocol: &str) -> Style {
    match protocol {
        "tcp" => Style::new().dimmed(),
        "http" => AnsiColor::Blue.on_default(),
        "websocket" => AnsiColor::Green.on_default(),
        "engineio" => AnsiColor::Yellow.on_default(),
        "socketio" => AnsiColor::Magenta.on_default(),
        _ => AnsiColor::Cyan.on_default(),
    }
}
