//! The libraries that calls were seen in, with their licences.

use super::Library;
use crate::calls::Licence;
use crate::session::Session;

/// The libraries, in the order in which they were first called.
pub fn all(session: &Session) -> Vec<Library> {
    let calls = session.calls();
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for call in calls.all() {
        let Some(package) = calls.called(call).and_then(|function| function.package) else { continue };
        match counts.iter_mut().find(|(known, _)| *known == package) {
            Some((_, count)) => *count += 1,
            None => counts.push((package, 1)),
        }
    }
    let packages = counts.into_iter().filter_map(|(at, count)| Some((calls.packages().get(at)?, count)));
    packages
        .filter(|(package, _)| !package.name.is_empty())
        .map(|(package, calls)| {
            let known = package.licence.as_deref().and_then(Licence::of);
            let licence = match (known, &package.licence) {
                (Some(known), _) => Some((known.spdx.to_owned(), Some(known.link()))),
                (None, Some(said)) => Some((said.lines().next().unwrap_or_default().to_owned(), None)),
                (None, None) => None,
            };
            Library {
                name: match &package.version {
                    Some(version) => format!("{} {version}", package.name),
                    None => package.name.clone(),
                },
                summary: package.summary.clone().unwrap_or_default(),
                repository: package.repository.clone().filter(|link| link.starts_with("http")),
                licence,
                description: known.map(|licence| licence.description.to_vec()).unwrap_or_default(),
                restrictions: known.map(|licence| licence.restrictions.to_vec()).unwrap_or_default(),
                calls,
            }
        })
        .collect()
}
