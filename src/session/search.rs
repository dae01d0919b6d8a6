//! stub
use super::{Session, StoreError, UnitRef};
/// q
#[derive(Clone, Debug)]
pub struct Query;
impl Query {
    /// p
    pub fn parse(_: &str) -> Result<Query, String> {
        Ok(Query)
    }
    /// m
    pub fn matches(&self, _: &Session, _: &UnitRef) -> Result<Option<()>, StoreError> {
        Ok(None)
    }
}
