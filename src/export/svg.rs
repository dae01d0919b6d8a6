//! The ladder of some units as a drawing, for slides: client on the left, server on the right, an arrow for each unit.

use std::io::{self, Write};

use crate::decode;
use crate::decode::field::Severity;
use crate::decode::sink::Detail;
use crate::decode::unit::UnitKind;
use crate::escape;
use crate::session::{Session, StoreError, UnitRef, headline};
use crate::wire::Direction;
use crate::words;

/// All lengths are in pixels. The drawing is so wide.
const WIDTH: usize = 1280;

/// Where the lines of client and server are.
const CLIENT: usize = 130;
const SERVER: usize = 1200;

/// Where the first arrow is, and how far they are apart.
const TOP: usize = 96;
const ROW: usize = 46;

/// So many characters fit above an arrow.
const CHARACTERS: usize = 98;

/// More rows are no drawing any more.
pub const MAX_ROWS: usize = 500;

/// The colour of a protocol's arrows; each has enough contrast on white to be read from afar.
fn colour(protocol: &str) -> &'static str {
    match protocol {
        "tcp" | "tls" => "#5b6470",
        "http" => "#1f5fbf",
        "websocket" => "#9a4a00",
        "engineio" => "#7a3fb0",
        "socketio" => "#11703a",
        _ => "#333333",
    }
}

/// Draws units, at most [`MAX_ROWS`]. Fails where bytes cannot be read back, or `out` fails.
pub fn write(
    session: &Session,
    units: &[UnitRef],
    title: &str,
    out: &mut dyn Write,
) -> Result<(), StoreError> {
    let units = units.get(..MAX_ROWS.min(units.len())).unwrap_or_default();
    let height = TOP + ROW * units.len().max(1) + 30;
    begin(title, height, out)?;
    for (row, unit) in units.iter().enumerate() {
        arrow(session, unit, TOP + ROW * row, out)?;
    }
    writeln!(out, "</svg>")?;
    Ok(())
}

fn begin(title: &str, height: usize, out: &mut dyn Write) -> io::Result<()> {
    let title = text(title, CHARACTERS);
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"18\">"
    )?;
    writeln!(out, "<title>{title}</title>\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>")?;
    writeln!(
        out,
        "<text x=\"24\" y=\"30\" font-size=\"20\" font-weight=\"700\" fill=\"#111111\">{title}</text>"
    )?;
    for (x, name) in [(CLIENT, "client"), (SERVER, "server")] {
        writeln!(
            out,
            "<text x=\"{x}\" y=\"62\" text-anchor=\"middle\" font-weight=\"700\" fill=\"#111111\">{name}</text>"
        )?;
        writeln!(out, "<path d=\"M{x} 70V{}\" stroke=\"#8a929c\" stroke-width=\"2\"/>", height - 16)?;
    }
    Ok(())
}

/// A unit: an arrow with what it says above it, when it was, and a mark where something is wrong with it.
fn arrow(session: &Session, unit: &UnitRef, y: usize, out: &mut dyn Write) -> Result<(), StoreError> {
    let tree = session.look(unit, Detail::Summary)?;
    let headline = headline::of(&tree);
    let colour = colour(headline.protocol);
    let protocol =
        decode::protocols().find(|known| known.key == headline.protocol).map_or("", |known| known.name);
    writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" font-size=\"14\" fill=\"#5b6470\">{:.3} s</text>",
        CLIENT - 12,
        y + 5,
        unit.at.0 as f64 / 1e9
    )?;
    let (from, to, tip) = match unit.dir {
        Direction::ToServer => (CLIENT, SERVER - 2, -12_i64),
        Direction::ToClient => (SERVER, CLIENT + 2, 12),
    };
    let dashes = match unit.kind {
        UnitKind::Opened | UnitKind::Closed | UnitKind::Tls => " stroke-dasharray=\"6 6\"",
        _ => "",
    };
    let back = i64::try_from(to).unwrap_or_default() + tip;
    writeln!(out, "<path d=\"M{from} {y}H{to}\" stroke=\"{colour}\" stroke-width=\"2.5\"{dashes}/>")?;
    writeln!(out, "<path d=\"M{to} {y}L{back} {}L{back} {}Z\" fill=\"{colour}\"/>", y - 6, y + 6)?;
    let mark = match unit.severity {
        Some(Severity::Error) => "✗ ",
        Some(Severity::Warning) => "! ",
        Some(Severity::Note) | None => "",
    };
    writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" fill=\"#111111\"><tspan fill=\"{colour}\" font-weight=\"700\">{mark}{}</tspan> {}</text>",
        CLIENT + 16,
        y - 8,
        text(protocol, 20),
        text(&headline.text, CHARACTERS - protocol.len())
    )?;
    Ok(())
}

/// A peer's text in a drawing.
fn text(text: &str, limit: usize) -> String {
    let text = words::cut(&escape::line(text), limit);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
