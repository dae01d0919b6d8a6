//! What is looked for in all units: the filter, the search, the statistics.

use super::app::{App, Effect, Filtering, Screen, Searching};
use super::keys::Action;
use super::look::ItemKind;
use super::motion;
use super::scan::{Asked, Findings, Found, Request};
use crate::decode::field::Severity;
use crate::decode::unit::UnitId;
use crate::session::Session;
use crate::session::filter::{self, Filter};
use crate::session::search::Query;
use crate::words;

/// The next number to ask under.
fn number(app: &mut App) -> u64 {
    app.asked += 1;
    app.asked
}

/// Shows only what a filter lets through, or everything.
pub fn filter(app: &mut App, session: &Session, filter: Option<Filter>) -> Vec<Effect> {
    let number = number(app);
    app.rows.filter(session, filter.is_some());
    motion::reselect(app, session);
    app.filter = filter.clone().map(|filter| Filtering { filter, number, upto: UnitId(0) });
    let mut effects = vec![Effect::Scan(Request::Filter(Asked { number, what: filter }))];
    if app.statistics_number > 0 {
        effects.extend(statistics(app));
    }
    effects
}

/// Searches, or ends the search.
pub fn search(app: &mut App, text: &str, query: Option<Query>) -> Vec<Effect> {
    let number = number(app);
    let text = text.to_owned();
    app.search = query.is_some().then(|| Searching { text, number, hits: Vec::new(), upto: UnitId(0) });
    vec![Effect::Scan(Request::Search(Asked { number, what: query }))]
}

/// Counts the units of the filter that is on.
pub fn statistics(app: &mut App) -> Vec<Effect> {
    app.statistics_number = number(app);
    app.statistics = None;
    let filter = app.filter.as_ref().map(|on| on.filter.clone());
    vec![Effect::Scan(Request::Statistics(Asked { number: app.statistics_number, what: Some(filter) }))]
}

/// Filters to the value of the selected field, or to the protocol of the selected layer.
pub fn filter_to_value(app: &mut App, session: &Session) -> Vec<Effect> {
    let is_secret = app.looked().zip(app.item()).is_some_and(|(look, item)| {
        matches!(item.kind, ItemKind::Field(_)) && look.secrets.touch(&item.span)
    });
    if is_secret {
        let key = app.keymap.hint(Action::Reveal);
        app.say(Severity::Note, format!("this is hidden, and the filter would show it; {key} shows secrets"));
        return Vec::new();
    }
    let text =
        app.looked().zip(app.selection.item).and_then(|(look, item)| match look.items.get(item)?.kind {
            ItemKind::Layer(protocol) => Some(protocol.key.to_owned()),
            ItemKind::Field(_) => filter::for_value(look.node(item)?, &look.tree),
        });
    let Some(text) = text else {
        app.say(Severity::Note, "this has no value to filter to: select a field in the layers");
        return Vec::new();
    };
    match Filter::parse(&text) {
        Ok(filter) => {
            app.say(Severity::Note, format!("only {text}"));
            self::filter(app, session, Some(filter))
        }
        Err(error) => {
            app.say(Severity::Warning, error.message);
            Vec::new()
        }
    }
}

/// Takes in what was found.
pub fn found(app: &mut App, session: &Session, found: Found) {
    match found.what {
        Findings::Filtered(ids) => {
            let Some(on) = app.filter.as_mut().filter(|on| on.number == found.number) else { return };
            on.upto = found.upto;
            app.rows.matched(session, &ids);
            if app.following || !app.selection.unit.is_some_and(|unit| app.rows.contains(unit)) {
                match app.following {
                    true => motion::select_row(app, session, app.rows.len().saturating_sub(1)),
                    false => motion::reselect(app, session),
                }
            }
        }
        Findings::Hits(ids) => {
            let Some(on) = app.search.as_mut().filter(|on| on.number == found.number) else { return };
            let is_first = on.hits.is_empty() && !ids.is_empty();
            on.upto = found.upto;
            on.hits.extend(ids);
            if is_first && app.screen == Screen::Flow {
                next_hit(app, session, true);
            }
        }
        Findings::Statistics(statistics) => {
            if app.statistics_number == found.number {
                app.statistics = Some(statistics);
            }
        }
    }
}

/// Goes to the next hit that has a row, or to the one before; behind the last comes the first.
pub fn next_hit(app: &mut App, session: &Session, onward: bool) {
    let Some(search) = &app.search else {
        app.say(Severity::Note, "nothing was searched for");
        return;
    };
    let selected = app.selection.unit.map_or(0, |unit| unit.0);
    let split = search.hits.partition_point(|hit| *hit < selected + u32::from(onward));
    let (before, behind) = search.hits.split_at(split);
    let has_row = |hit: &&u32| app.rows.contains(UnitId(**hit));
    let hit = match onward {
        true => behind.iter().chain(before).find(has_row),
        false => before.iter().rev().chain(behind.iter().rev()).find(has_row),
    };
    match hit.copied() {
        Some(hit) => {
            app.following = false;
            motion::select(app, session, UnitId(hit));
        }
        None => {
            let count = words::count(search.hits.len() as u64, "hit");
            app.say(Severity::Note, format!("{count}, none of them is listed"));
        }
    }
}
