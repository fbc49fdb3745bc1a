//! What a capture takes for a filter: an expression or a compiled one.
//!
//! May import: `filter`.

use std::borrow::Cow;

use super::Filter;

/// What a capture takes for a filter: an expression, which it compiles for its own link type, or a
/// [`Filter`] that is compiled already. Made from `&str`, `String`, `&Filter` and `Filter`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FilterSource<'a> {
    /// An expression in the language of pcap-filter(7).
    Expression(Cow<'a, str>),
    /// A compiled filter.
    Compiled(Cow<'a, Filter>),
}

impl FilterSource<'_> {
    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> FilterSource<'static> {
        match self {
            FilterSource::Expression(expression) => {
                FilterSource::Expression(Cow::Owned(expression.into_owned()))
            }
            FilterSource::Compiled(filter) => {
                FilterSource::Compiled(Cow::Owned(filter.into_owned()))
            }
        }
    }
}

impl<'a> From<&'a str> for FilterSource<'a> {
    fn from(expression: &'a str) -> FilterSource<'a> {
        FilterSource::Expression(Cow::Borrowed(expression))
    }
}

impl<'a> From<&'a String> for FilterSource<'a> {
    fn from(expression: &'a String) -> FilterSource<'a> {
        FilterSource::Expression(Cow::Borrowed(expression))
    }
}

impl From<String> for FilterSource<'_> {
    fn from(expression: String) -> Self {
        FilterSource::Expression(Cow::Owned(expression))
    }
}

impl<'a> From<&'a Filter> for FilterSource<'a> {
    fn from(filter: &'a Filter) -> FilterSource<'a> {
        FilterSource::Compiled(Cow::Borrowed(filter))
    }
}

impl From<Filter> for FilterSource<'_> {
    fn from(filter: Filter) -> Self {
        FilterSource::Compiled(Cow::Owned(filter))
    }
}
