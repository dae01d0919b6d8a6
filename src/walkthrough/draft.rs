//! A first text for a walkthrough, made from a session: a step for each thing that happened. Its author throws most of it away.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::FORMAT;
use crate::decode::sink::Detail;
use crate::decode::unit::{Layer, Tree, UnitKind};
use crate::session::calls::tree::Branch;
use crate::session::headline;
use crate::session::{Session, StoreError, UnitRef};
use crate::wire::Direction;

/// So many steps are made.
const MAX_STEPS: usize = 60;

/// So many of a unit's calls are named.
const MAX_CALLS: usize = 4;

/// A heading has so many characters.
const MAX_HEADING: usize = 60;

/// The text. `transcript` is the name of the transcript's file. Fails where the session's bytes cannot be read back.
pub fn text(session: &Session, title: &str, transcript: &str) -> Result<String, StoreError> {
    let mut text = head(session, title, transcript);
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    let mut steps = 0;
    if let Some(call) = own_start(session) {
        let when = format!("when  = 'call.symbol == \"{call}\"'\n");
        step(&mut text, &mut used, "The app starts", "start", &when);
        steps += 1;
    }
    for unit in session.ids().filter_map(|id| session.unit(id)) {
        if steps == MAX_STEPS {
            break;
        }
        if matches!(unit.kind, UnitKind::Opened | UnitKind::Closed | UnitKind::Lost | UnitKind::Tls) {
            continue;
        }
        let tree = session.look(&unit, Detail::Tree)?;
        let headline = headline::of(&tree);
        let heading: String = one_line(&headline.text).chars().take(MAX_HEADING).collect();
        let mut block = format!("when  = '{}'\n", when(&unit, &tree));
        if unit.dir == Direction::ToServer || unit.kind != UnitKind::HttpResponse {
            block.push_str("next  = true\n");
        }
        let _ = writeln!(block, "focus = \"{}\"", headline.protocol);
        let calls = calls(session, &unit)?;
        if !calls.is_empty() {
            let names: Vec<String> = calls.iter().map(|symbol| format!("[{symbol:?}]")).collect();
            let _ = writeln!(block, "calls = [{}]", names.join(", "));
        }
        let who = match unit.dir {
            Direction::ToServer => "The client",
            Direction::ToClient => "The server",
        };
        step(&mut text, &mut used, &format!("{who}: {heading}"), headline.protocol, &block);
        steps += 1;
    }
    Ok(text)
}

fn head(session: &Session, title: &str, transcript: &str) -> String {
    let mut text = format!(
        "```toml walkthrough\nformat     = {FORMAT}\ntitle      = {title:?}\nsummary    = \"What one learns from it, in a sentence.\"\n\
         audience   = \"For whom it is.\"\nminutes    = 30\ntranscript = {transcript:?}\n"
    );
    let packages: Vec<_> =
        session.calls().packages().iter().filter(|package| !package.name.is_empty()).collect();
    if !packages.is_empty() {
        text.push_str("\n[packages]\n");
    }
    for package in packages {
        let versions = package.version.as_ref().map_or("*".to_owned(), |version| {
            let major = version.split('.').next().unwrap_or_default();
            format!("{major}.*")
        });
        let _ = writeln!(text, "{:?} = {versions:?}", package.name);
    }
    text.push_str("```\n\nWhat will be seen, and why it is worth a quarter of an hour.\n");
    text
}

/// Puts down a step with an id of its own.
fn step(text: &mut String, used: &mut BTreeMap<String, usize>, heading: &str, id: &str, block: &str) {
    let count = used.entry(id.to_owned()).or_default();
    *count += 1;
    let heading = heading.replace(['#', '`', '<', '*', '_', '[', '\\'], " ");
    let _ = write!(
        text,
        "\n## {}\n\n```toml step\nid    = \"{id}-{count}\"\n{block}time  = \"30s\"\n```\n\nWhat is to be seen, why it is so, what comes next.\n\n<!-- notes: What to say. -->\n",
        heading.trim()
    );
}

/// The function of the person's own that is called first.
fn own_start(session: &Session) -> Option<String> {
    let calls = session.calls();
    let is_own =
        |package: usize| calls.packages().get(package).is_some_and(|package| package.name.is_empty());
    let own = calls.all().iter().filter_map(|call| calls.called(call));
    own.into_iter()
        .find(|function| function.package.is_some_and(is_own))
        .map(|function| function.symbol.to_string())
}

/// What tells a unit from most others.
fn when(unit: &UnitRef, tree: &Tree) -> String {
    let dir = match unit.dir {
        Direction::ToServer => "c2s",
        Direction::ToClient => "s2c",
    };
    let fields: &[&str] = match unit.kind {
        UnitKind::HttpRequest => &["http.request.method", "engineio.transport"],
        UnitKind::HttpResponse => &["http.response.code"],
        _ => &["socketio.event", "socketio.type", "engineio.type", "websocket.opcode"],
    };
    let mut terms = vec![format!("dir == {dir}")];
    for field in fields {
        if let Some(condition) = of_layers(&tree.layers, field, tree) {
            terms.push(condition);
            if matches!(unit.kind, UnitKind::Frame | UnitKind::Message) {
                break;
            }
        }
    }
    terms.join(" && ").replace('\'', "")
}

fn of_layers(layers: &[Layer], key: &str, tree: &Tree) -> Option<String> {
    layers.iter().find_map(|layer| {
        let own = layer.nodes.iter().find(|node| node.def.key == key);
        own.and_then(|node| crate::session::filter::for_value(node, tree))
            .or_else(|| of_layers(&layer.inside, key, tree))
    })
}

/// The functions of a unit that say most: those of the person's own, and before them the outermost of each package.
fn calls(session: &Session, unit: &UnitRef) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    let tree = session.calls().tree(&session.calls_of(unit)?);
    collect(session, &tree.roots, None, &mut found);
    let own = found.iter().filter(|(_, is_own)| *is_own).count();
    let mut others = MAX_CALLS.saturating_sub(own);
    let mut is_kept = |is_own: bool| {
        let has_place = others > 0;
        others = others.saturating_sub(usize::from(!is_own));
        is_own || has_place
    };
    Ok(found
        .into_iter()
        .filter(|(_, is_own)| is_kept(*is_own))
        .map(|(symbol, _)| symbol)
        .take(MAX_CALLS)
        .collect())
}

/// Collects each call of another package than the one around it, and whether it is the person's own.
fn collect(session: &Session, branches: &[Branch], above: Option<usize>, found: &mut Vec<(String, bool)>) {
    let calls = session.calls();
    for branch in branches {
        let function = calls.get(branch.call).and_then(|call| calls.called(call));
        let package = function.and_then(|function| function.package);
        if let Some(function) = function.filter(|_| package != above) {
            let is_own = calls.package(function).is_some_and(|package| package.name.is_empty());
            found.push((function.symbol.to_string(), is_own));
        }
        collect(session, &branch.children, package, found);
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
