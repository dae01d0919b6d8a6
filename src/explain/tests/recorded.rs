//! What is explained of a recorded session, in full. Read the snapshots whole when they change: students read these.

use std::path::Path;

use super::Explained;
use crate::capture::Recorder;
use crate::decode::limits::MAX_MESSAGE;

#[test]
fn a_recorded_demo_is_explained() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/v1.wirewalk");
    let (session, _, _) = Recorder::open(&path, MAX_MESSAGE).unwrap();
    let mut explained = Explained::default();
    explained.session(&session);
    insta::assert_snapshot!("units", explained.units);
    insta::assert_snapshot!("fields", explained.fields);
}
