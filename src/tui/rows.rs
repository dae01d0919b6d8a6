//! Which units are listed: all of them, or those that a filter lets through, with engine sessions folded.

use std::collections::{HashMap, HashSet};

use super::lanes::Lanes;
use crate::decode::unit::{LinkKind, UnitId, UnitKind};
use crate::session::{Session, UnitRef};
use crate::wire::ConnId;

/// What decides over the rows without looking into any unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Whether openings and orderly closings have rows of their own; the lifelines show them in any case.
    pub openings: bool,
    /// The engine sessions that are folded, by their number.
    pub folded: HashSet<u32>,
    /// The one connection whose units are listed.
    pub conn: Option<ConnId>,
    /// The one engine session whose units are listed, by its number.
    pub engine: Option<u32>,
    /// Units up to this one were cleared away.
    pub cleared: UnitId,
}

impl Default for Choice {
    fn default() -> Choice {
        Choice { openings: false, folded: HashSet::new(), conn: None, engine: None, cleared: UnitId(0) }
    }
}

/// The rows of the flow, in order. Four bytes for each.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    ids: Vec<u32>,
    choice: Choice,
    lanes: Lanes,
    /// How many units of the session were looked at.
    seen: u32,
    /// Whether each engine session, by its number, is folded and has its row already. Asked for every unit, so no set.
    headed: Vec<bool>,
    /// First polling requests, which do not name their engine session; their answers do.
    adopted: HashMap<UnitId, u32>,
    /// What a filter lets through; all where there is none.
    matched: Option<Vec<u32>>,
    /// How many of them were listed: those that are shown yet.
    listed: usize,
    /// How many openings and closings have no row.
    pub hidden: usize,
}

impl Rows {
    /// No rows yet, and what decides over those to come.
    pub fn with(choice: Choice) -> Rows {
        Rows { choice, ..Rows::default() }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The unit of a row; for a folded engine session the first of its units.
    pub fn get(&self, row: usize) -> Option<UnitId> {
        self.ids.get(row).copied().map(UnitId)
    }

    /// The row of a unit, or of the next one that has a row, or the last row.
    pub fn position(&self, unit: UnitId) -> Option<usize> {
        let at = self.ids.partition_point(|id| *id < unit.0);
        self.ids.len().checked_sub(1).map(|last| at.min(last))
    }

    /// Whether a unit has a row of its own.
    pub fn contains(&self, unit: UnitId) -> bool {
        self.ids.binary_search(&unit.0).is_ok()
    }

    /// What decides over the rows.
    pub fn choice(&self) -> &Choice {
        &self.choice
    }

    /// The lifelines.
    pub fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// The number of the engine session that a unit belongs to.
    pub fn engine(&self, unit: &UnitRef) -> Option<u32> {
        unit.engine_number().or_else(|| self.adopted.get(&unit.id).copied())
    }

    /// Whether a row stands for a whole engine session.
    pub fn is_folded(&self, unit: &UnitRef) -> bool {
        self.engine(unit).is_some_and(|engine| self.choice.folded.contains(&engine))
    }

    /// Takes what the session grew by, up to `end`. Where a filter is on, rows come with [`Rows::matched`].
    pub fn grow(&mut self, session: &Session, end: UnitId) {
        for id in self.seen + 1..=end.0 {
            let Some(unit) = session.unit(UnitId(id)) else { return };
            self.seen = id;
            self.lanes.grow(&unit);
            self.adopt(session, &unit);
            if self.matched.is_none() {
                self.list(session, &unit);
            }
        }
        self.list_matched(session);
    }

    /// Takes units that the filter let through, in order.
    pub fn matched(&mut self, session: &Session, ids: &[u32]) {
        if let Some(matched) = &mut self.matched {
            matched.extend_from_slice(ids);
        }
        self.list_matched(session);
    }

    /// Lists what the filter let through, as far as units are shown.
    fn list_matched(&mut self, session: &Session) {
        while let Some(id) = self.matched.as_ref().and_then(|matched| matched.get(self.listed)).copied()
            && id <= self.seen
        {
            self.listed += 1;
            if let Some(unit) = session.unit(UnitId(id)) {
                self.list(session, &unit);
            }
        }
    }

    /// Begins anew with another choice.
    pub fn choose(&mut self, session: &Session, choice: Choice) {
        self.choice = choice;
        self.restart();
        match self.matched {
            Some(_) => self.list_matched(session),
            None => {
                let units = (1..=self.seen).filter_map(|id| session.unit(UnitId(id)));
                units.for_each(|unit| self.list(session, &unit));
            }
        }
    }

    /// Begins anew with a filter, whose units come with [`Rows::matched`], or without one.
    pub fn filter(&mut self, session: &Session, is_on: bool) {
        self.matched = is_on.then(Vec::new);
        let choice = self.choice.clone();
        self.choose(session, choice);
    }

    fn restart(&mut self) {
        self.ids.clear();
        self.headed.clear();
        self.hidden = 0;
        self.listed = 0;
    }

    /// A first polling request belongs where its answer does.
    fn adopt(&mut self, session: &Session, unit: &UnitRef) {
        let Some(engine) = unit.engine_number().filter(|_| unit.kind == UnitKind::HttpResponse) else {
            return;
        };
        let links = session.links(unit.id).iter();
        for (_, link) in links.filter(|(_, link)| link.kind == LinkKind::Request) {
            let request = session.unit(link.to);
            if request.is_some_and(|request| request.engine_number().is_none()) {
                self.adopted.insert(link.to, engine);
                self.fold_late(link.to, engine);
            }
        }
    }

    /// A request that got its row before it was known to belong to a folded engine session.
    fn fold_late(&mut self, unit: UnitId, engine: u32) {
        if self.has_no_row(engine)
            && let Ok(at) = self.ids.binary_search(&unit.0)
        {
            self.ids.remove(at);
        }
    }

    fn list(&mut self, session: &Session, unit: &UnitRef) {
        let choice = &self.choice;
        let engine = self.engine(unit);
        let elsewhere = choice.conn.is_some_and(|conn| conn != unit.conn)
            || choice.engine.is_some_and(|chosen| Some(chosen) != engine);
        if elsewhere || unit.id <= choice.cleared {
            return;
        }
        let is_opening = matches!(unit.kind, UnitKind::Opened | UnitKind::Closed);
        if is_opening && !choice.openings && self.matched.is_none() && session.findings(unit.id).is_empty() {
            self.hidden += 1;
            return;
        }
        if engine.is_some_and(|engine| self.has_no_row(engine)) {
            return;
        }
        self.ids.push(unit.id.0);
    }

    /// Whether a unit of this engine session has no row, since the session is folded and has its row already; if it has
    /// none, this unit's is to be it.
    fn has_no_row(&mut self, engine: u32) -> bool {
        let at = engine as usize;
        if self.headed.get(at) == Some(&true) {
            return true;
        }
        if self.choice.folded.contains(&engine) {
            self.headed.resize(self.headed.len().max(at + 1), false);
            self.headed[at] = true;
        }
        false
    }
}
