//! The argument of the calls that set a filter: an expression or a compiled filter.

use std::borrow::Cow;

use super::{CompileOptions, Filter};

/// A filter for a capture: an expression, which the capture compiles for its own link type, or a compiled [`Filter`].
///
/// Converts from an expression (`&str` or `String`), from a pair of an expression and [`CompileOptions`], and from a
/// `&Filter` or `Filter`. The methods that set a filter accept all of these types.
///
/// # Examples
///
/// ```
/// use pcap_core::{Capture, CompileOptions};
///
/// let plain = Capture::from_device("eth0").filter("tcp port 443");
/// let options = CompileOptions::new().optimize(false);
/// let unoptimized = Capture::from_device("eth0").filter(("tcp port 443", options));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FilterSource<'a> {
    /// An expression in the language of pcap-filter(7), and the options to compile it with.
    Expression(Cow<'a, str>, CompileOptions),
    /// A compiled filter.
    Compiled(Cow<'a, Filter>),
}

impl FilterSource<'_> {
    /// Converts the filter source into one that owns its expression or filter.
    #[must_use]
    pub fn into_owned(self) -> FilterSource<'static> {
        match self {
            FilterSource::Expression(expression, options) => {
                FilterSource::Expression(Cow::Owned(expression.into_owned()), options)
            }
            FilterSource::Compiled(filter) => {
                FilterSource::Compiled(Cow::Owned(filter.into_owned()))
            }
        }
    }
}

impl<'a> From<&'a str> for FilterSource<'a> {
    fn from(expression: &'a str) -> FilterSource<'a> {
        (expression, CompileOptions::new()).into()
    }
}

impl<'a> From<&'a String> for FilterSource<'a> {
    fn from(expression: &'a String) -> FilterSource<'a> {
        expression.as_str().into()
    }
}

impl From<String> for FilterSource<'_> {
    fn from(expression: String) -> Self {
        (expression, CompileOptions::new()).into()
    }
}

impl<'a> From<(&'a str, CompileOptions)> for FilterSource<'a> {
    fn from((expression, options): (&'a str, CompileOptions)) -> FilterSource<'a> {
        FilterSource::Expression(Cow::Borrowed(expression), options)
    }
}

impl From<(String, CompileOptions)> for FilterSource<'_> {
    fn from((expression, options): (String, CompileOptions)) -> Self {
        FilterSource::Expression(Cow::Owned(expression), options)
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
