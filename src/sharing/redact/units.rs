//! What the bytes of each unit become.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use super::Redaction;
use super::streams::Change;
use crate::decode::http1::head::{Head, Parsed, Role};
use crate::decode::http1::recode::with_content;
use crate::decode::sink::Detail;
use crate::decode::unit::{SourceKind, Tree, UnitId, UnitKind};
use crate::decode::websocket::frame::{FrameHeader, unmask};
use crate::decode::websocket::recode::with_payload;
use crate::session::secrets::Secrets;
use crate::session::{Session, StoreError, UnitRef};
use crate::wire::{ConnId, Direction, What};

/// Goes through all units.
pub(super) struct Units<'a> {
    session: &'a Session,
    redaction: &'a mut Redaction,
    /// Directions in which a compressed message became another. What comes behind it could refer to it, so it is compressed anew too.
    anew: HashSet<(ConnId, Direction)>,
    /// Frames of messages that did not end yet.
    fragments: HashMap<(ConnId, Direction), Vec<UnitId>>,
}

impl<'a> Units<'a> {
    pub fn new(session: &'a Session, redaction: &'a mut Redaction) -> Units<'a> {
        Units { session, redaction, anew: HashSet::new(), fragments: HashMap::new() }
    }

    /// Says of each what it becomes.
    pub fn all(mut self) -> Result<(), StoreError> {
        for unit in self.session.ids().filter_map(|id| self.session.unit(id)) {
            self.redaction.streams.ends(unit.conn, unit.dir, unit.begin.saturating_add(unit.length));
            match self.unit(&unit) {
                // What is not there cannot be told.
                Err(StoreError::NotCaptured) | Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
        // Messages that never ended.
        std::mem::take(&mut self.fragments).into_values().try_for_each(|ids| self.apart(&ids))
    }

    fn unit(&mut self, unit: &UnitRef) -> Result<(), StoreError> {
        match unit.kind {
            UnitKind::HttpRequest => self.http(unit, Role::Request),
            UnitKind::HttpResponse => self.http(unit, Role::Response),
            UnitKind::Frame => self.frame(unit),
            UnitKind::Message => self.told(unit),
            UnitKind::Opaque => self.raw(unit),
            UnitKind::Opened | UnitKind::Tls | UnitKind::Closed | UnitKind::Lost => Ok(()),
        }
    }

    /// A unit, and what its sources become.
    fn redacted(&self, unit: &UnitRef) -> Result<(Tree, Vec<Bytes>), StoreError> {
        let tree = self.session.look(unit, Detail::Tree)?;
        let known = &self.redaction.known;
        let secrets = Secrets::of(&tree, &self.redaction.names).with_known(&tree, known);
        let sources = secrets.replaced(&tree, &|secret| known.stand_in(secret));
        Ok((tree, sources))
    }

    fn http(&mut self, unit: &UnitRef, role: Role) -> Result<(), StoreError> {
        let (tree, sources) = self.redacted(unit)?;
        let (Some(before), Some(wire)) = (tree.sources.first(), sources.first()) else { return Ok(()) };
        self.sent(unit, &tree, &sources);
        if unit.length > before.bytes.len() as u64 {
            // In what was not dissected only what is known is found.
            let all = self.session.wire(unit, u64::MAX)?;
            let rest = self.redaction.text(&all[before.bytes.len()..]);
            self.replace(unit, 0, &all, [&wire[..], &rest].concat().into());
            return Ok(());
        }
        // What a body says stands in the last source that is derived from it.
        let of_body = |kind| matches!(kind, SourceKind::Dechunked | SourceKind::Decoded);
        let derived = tree.sources.iter().zip(&sources).rfind(|(source, _)| of_body(source.kind));
        let changed = derived.filter(|(source, bytes)| source.bytes != **bytes);
        let recoded = match is_out_of_reach(&tree, &sources) {
            true => Some(None),
            false => changed.map(|(_, content)| with_content(wire, role, content)),
        };
        match recoded {
            None => self.replace(unit, 0, &before.bytes, wire.clone()),
            Some(Some((head, body))) => {
                let length = head_length(&before.bytes, role);
                let (old_head, old_body) = before.bytes.split_at(length);
                self.replace(unit, 0, old_head, head.into());
                self.replace(unit, length as u64, old_body, body.into());
            }
            // Its coding cannot be done, or hides the secret: what is in it is left out.
            Some(None) => {
                let length = head_length(&before.bytes, role);
                let stars = [&wire[..length], &vec![b'*'; wire.len() - length]].concat();
                self.replace(unit, 0, &before.bytes, stars.into());
            }
        }
        Ok(())
    }

    /// What was sent instead of some of a unit's bytes.
    fn sent(&mut self, unit: &UnitRef, tree: &Tree, sources: &[Bytes]) {
        let mut changed =
            tree.sources.iter().zip(sources).filter(|(source, _)| source.kind == SourceKind::Sent);
        for record in self.session.sent(unit.id) {
            if let What::Sent { dir, replaces, .. } = &record.what
                && !replaces.is_empty()
                && let Some((_, bytes)) = changed.next()
            {
                self.redaction.streams.change_sent(unit.conn, *dir, replaces.start, bytes.clone());
            }
        }
    }

    fn frame(&mut self, unit: &UnitRef) -> Result<(), StoreError> {
        let Some(header) = FrameHeader::parse(&self.session.wire(unit, 14)?) else { return self.raw(unit) };
        let way = (unit.conn, unit.dir);
        if header.is_control() {
            return self.alone(unit, false);
        }
        let mut ids = self.fragments.remove(&way).unwrap_or_default();
        ids.push(unit.id);
        if !header.fin {
            self.fragments.insert(way, ids);
            return Ok(());
        }
        let (tree, sources) = self.redacted(unit)?;
        if is_out_of_reach(&tree, &sources) {
            let length =
                ids.iter().filter_map(|id| self.session.unit(*id)).map(|unit| unit.length).sum::<u64>();
            self.anew.insert(way);
            return self.message(&ids, &vec![b'*'; usize::try_from(length).unwrap_or_default()]);
        }
        let message = tree
            .sources
            .iter()
            .zip(&sources)
            .find(|(source, _)| matches!(source.kind, SourceKind::Inflated | SourceKind::Reassembled));
        match message {
            Some((before, after)) => {
                let is_inflated = before.kind == SourceKind::Inflated;
                let is_changed = before.bytes != *after;
                if is_changed {
                    self.redaction.changed(&before.bytes, after);
                }
                if is_changed || is_inflated && self.anew.contains(&way) {
                    self.message(&ids, after)?;
                    self.anew.extend(is_inflated.then_some(way));
                }
                Ok(())
            }
            None => {
                self.apart(&ids)?;
                let payload =
                    tree.sources.iter().zip(&sources).find(|(source, _)| source.kind == SourceKind::Unmasked);
                if let Some((before, after)) = payload.filter(|(before, after)| before.bytes != **after) {
                    self.redaction.changed(&before.bytes, after);
                } else if header.mask.is_none()
                    && let (Some(before), Some(after)) = (tree.sources.first(), sources.first())
                    && before.bytes != *after
                {
                    let begin = header.len();
                    self.redaction.changed(
                        before.bytes.get(begin..).unwrap_or_default(),
                        after.get(begin..).unwrap_or_default(),
                    );
                }
                Ok(())
            }
        }
    }

    /// A message that another program told of.
    fn told(&mut self, unit: &UnitRef) -> Result<(), StoreError> {
        let (tree, sources) = self.redacted(unit)?;
        if let (Some(before), Some(after)) = (tree.sources.first(), sources.first()) {
            self.replace(unit, 0, &before.bytes, after.clone());
        }
        Ok(())
    }

    /// The frames of a message get another payload.
    fn message(&mut self, ids: &[UnitId], payload: &[u8]) -> Result<(), StoreError> {
        let units: Vec<UnitRef> = ids.iter().filter_map(|id| self.session.unit(*id)).collect();
        let frames: Result<Vec<Bytes>, StoreError> =
            units.iter().map(|unit| self.session.wire(unit, u64::MAX)).collect();
        let frames = frames?;
        let slices: Vec<&[u8]> = frames.iter().map(|frame| &frame[..]).collect();
        for ((unit, before), after) in units.iter().zip(&frames).zip(with_payload(&slices, payload)) {
            self.replace(unit, 0, before, after.into());
        }
        Ok(())
    }

    /// The frames of a message that is not put together: each for itself.
    fn apart(&mut self, ids: &[UnitId]) -> Result<(), StoreError> {
        let units: Vec<UnitRef> = ids.iter().filter_map(|id| self.session.unit(*id)).collect();
        let Some(first) = units.first() else { return Ok(()) };
        let is_compressed =
            FrameHeader::parse(&self.session.wire(first, 14)?).is_some_and(|header| header.rsv1());
        units.iter().try_for_each(|unit| self.alone(unit, is_compressed))
    }

    /// A frame by itself.
    fn alone(&mut self, unit: &UnitRef, is_compressed: bool) -> Result<(), StoreError> {
        let wire = self.session.wire(unit, u64::MAX)?;
        let Some(header) = FrameHeader::parse(&wire) else { return self.raw(unit) };
        if is_compressed {
            // What is in it cannot be known, as it could not be inflated.
            let stars = vec![b'*'; wire.len().saturating_sub(header.len())];
            let changed = with_payload(&[&wire], &stars);
            self.anew.insert((unit.conn, unit.dir));
            changed.into_iter().for_each(|frame| self.replace(unit, 0, &wire, frame.into()));
            return Ok(());
        }
        let (tree, sources) = self.redacted(unit)?;
        if let (Some(before), Some(after)) = (tree.sources.first(), sources.first()) {
            let mut after = after.to_vec();
            // What was not dissected.
            after.extend_from_slice(&wire[before.bytes.len().min(wire.len())..]);
            self.known(&header, &mut after);
            self.replace(unit, 0, &wire, after.into());
        }
        Ok(())
    }

    /// Replaces what is known to be secret in the payload of a frame.
    fn known(&self, header: &FrameHeader, frame: &mut [u8]) {
        let begin = header.len().min(frame.len());
        let payload = &mut frame[begin..];
        header.mask.iter().for_each(|key| unmask(payload, *key, 0));
        let replaced = self.redaction.text(payload);
        payload.copy_from_slice(&replaced);
        header.mask.iter().for_each(|key| unmask(payload, *key, 0));
    }

    /// Bytes of which nothing else is known.
    fn raw(&mut self, unit: &UnitRef) -> Result<(), StoreError> {
        let before = self.session.wire(unit, u64::MAX)?;
        let after = self.redaction.text(&before);
        self.replace(unit, 0, &before, after.into());
        Ok(())
    }

    /// The bytes `before`, which begin so far inside a unit, become others.
    fn replace(&mut self, unit: &UnitRef, inside: u64, before: &[u8], after: Bytes) {
        if before != after {
            let begin = unit.begin + inside;
            let range = begin..begin + before.len() as u64;
            self.redaction.change(Change { conn: unit.conn, dir: unit.dir, range }, after);
        }
    }
}

/// Whether there is a secret only in what was written as base64 or escaped inside a text, so that its bytes stand nowhere else.
fn is_out_of_reach(tree: &Tree, sources: &[Bytes]) -> bool {
    let changed = tree.sources.iter().zip(sources).filter(|(source, bytes)| source.bytes != **bytes);
    let kinds: Vec<SourceKind> = changed.map(|(source, _)| source.kind).collect();
    let is_beside =
        |kind| matches!(kind, SourceKind::Unescaped | SourceKind::Request | SourceKind::Attachment);
    kinds.contains(&SourceKind::Unescaped) && kinds.iter().all(|kind| is_beside(*kind))
}

fn head_length(message: &[u8], role: Role) -> usize {
    match Head::parse(message, role) {
        Parsed::Complete(head) => head.len.min(message.len()),
        _ => message.len(),
    }
}
