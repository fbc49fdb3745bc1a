//! Combines filters by `and`, `or` and `not`.

pub(crate) mod formula;

use std::ops::Not;
use std::sync::Arc;

use super::{CompileOptions, Contents, Filter, List, compile, has_kernel_extensions};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::program::insn::{Insn, code};
use crate::linktype::Dlt;
use formula::Step;

const OPERATION: &str = "combine filters";

/// The maximum number of instructions of a combined filter, which take a few hundred megabytes.
const MAX_INSTRUCTIONS: usize = 1 << 23;

/// The filters that another one combines, and the operators.
pub(crate) type Formula = Vec<Step<Filter>>;

/// # Combining
impl Filter {
    /// Combines this filter with `other` into one that accepts the packets that both accept.
    ///
    /// Like `and` in an expression, the combined filter evaluates this filter first, and `other` only if this one
    /// accepts the packet. It rejects a packet that ends before a byte that either of them reads, whatever the other
    /// one would return. So the result for each packet is that of libpcap's unoptimized program for
    /// `(this) and (other)`, unless the first expression changes the meaning of the second, as `vlan` does. In a
    /// combined filter, both filters always see the packet from its beginning.
    ///
    /// The combined filter remembers its parts. A live capture compiles their expressions again, as it does for a
    /// single filter. The combined filter itself has no [`expression`](Self::expression), so the link type of a capture
    /// cannot be changed while the filter is set. For an accepted packet, the combined filter returns the largest
    /// number of bytes that any of its parts returns.
    ///
    /// # Errors
    ///
    /// - [`LinktypeMismatch`] if the filters are for different link types.
    /// - [`FilterTooLong`] if both filters together have more than 8 388 608 instructions. The Linux kernel accepts
    ///   4096, and fewer if `net.core.optmem_max` is small; longer filters run in this process.
    ///
    /// # Examples
    ///
    /// Web traffic, except from a thousand hosts:
    ///
    /// ```
    /// use pcap_core::{Dlt, Filter};
    /// use std::net::Ipv4Addr;
    ///
    /// # fn main() -> pcap_core::Result<()> {
    /// let ignored = (0..1000).map(|n| Ipv4Addr::from(0x0a00_0000 + 7 * n));
    /// let ignored = Filter::any_of(Dlt::RAW, ignored)?;
    /// let web = Filter::compile(Dlt::RAW, "tcp port 443")?;
    /// let filter = web.and(&!ignored)?;
    ///
    /// let mut packet = [0; 40];
    /// packet[0] = 0x45; // IPv4
    /// packet[9] = 6; // TCP
    /// packet[12..16].copy_from_slice(&[192, 0, 2, 1]);
    /// packet[22..24].copy_from_slice(&443_u16.to_be_bytes());
    /// assert!(filter.matches(&packet));
    /// packet[12..16].copy_from_slice(&[10, 0, 0, 7]);
    /// assert!(!filter.matches(&packet));
    /// # Ok(()) }
    /// ```
    ///
    /// [`LinktypeMismatch`]: crate::ErrorKind::LinktypeMismatch
    /// [`FilterTooLong`]: crate::ErrorKind::FilterTooLong
    #[inline]
    pub fn and(&self, other: &Filter) -> Result<Filter> {
        self.joined(other, Step::And)
    }

    /// Combines this filter with `other` into one that accepts the packets that either accepts.
    ///
    /// Like `or` in an expression, the combined filter evaluates this filter first, and `other` only if this one
    /// rejects the packet. It rejects a packet that ends before a byte that this filter reads, without evaluating
    /// `other`. In all other respects it behaves as described for [`and`](Self::and).
    ///
    /// # Errors
    ///
    /// The errors of [`and`](Self::and).
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Dlt, Filter};
    ///
    /// # fn main() -> pcap_core::Result<()> {
    /// let list = Filter::any_of(Dlt::RAW, ["192.0.2.1:443".parse::<pcap_core::FilterTerm>()?])?;
    /// let icmp = Filter::compile(Dlt::RAW, "icmp")?;
    /// let filter = list.or(&icmp)?;
    /// # let _ = filter;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn or(&self, other: &Filter) -> Result<Filter> {
        self.joined(other, Step::Or)
    }

    /// Returns a filter that accepts the packets that this one rejects. `!filter` does the same.
    ///
    /// Like `not` in an expression, the negated filter rejects a packet that ends before a byte that it reads. So both
    /// the filter and its negation reject such a packet. In all other respects, the negated filter behaves as described
    /// for [`and`](Self::and).
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Dlt, Filter};
    ///
    /// # fn main() -> pcap_core::Result<()> {
    /// let filter = Filter::compile(Dlt::RAW, "ip")?;
    /// let other = filter.negate();
    /// assert!(other.matches(&[0x60]));
    /// assert!(!filter.matches(&[]) && !other.matches(&[])); // ends before the IP version
    /// # Ok(()) }
    /// ```
    #[must_use]
    #[inline]
    pub fn negate(&self) -> Filter {
        let mut steps = self.steps();
        match steps.last() {
            Some(Step::Not) => drop(steps.pop()),
            _ => steps.push(Step::Not),
        }
        Filter::of_steps(self.0.dlt, steps)
    }

    #[inline]
    fn joined(&self, other: &Filter, step: Step<Filter>) -> Result<Filter> {
        if self.0.dlt != other.0.dlt {
            let text = format!(
                "expected two filters for the same link type, found {} and {}",
                self.0.dlt, other.0.dlt
            );
            let kind = ErrorKind::LinktypeMismatch;
            return Err(Error::cannot(kind, OPERATION, None, text));
        }
        let length = self.0.program.len().max(self.0.plain.len())
            + other.0.program.len().max(other.0.plain.len());
        check_length(length)?;
        let mut steps = self.steps();
        steps.extend(other.steps());
        steps.push(step);
        Ok(Filter::of_steps(self.0.dlt, steps))
    }

    /// Returns the filter as a formula of filters that are not combined.
    #[inline]
    fn steps(&self) -> Vec<Step<Filter>> {
        match &self.0.formula {
            Some(formula) => formula.to_vec(),
            None => vec![Step::Part(self.clone())],
        }
    }

    /// Creates a filter from a formula. Its filters have the same link type and are not combined ones.
    fn of_steps(dlt: Dlt, steps: Vec<Step<Filter>>) -> Filter {
        let mut accept = 0;
        for step in &steps {
            if let Step::Part(filter) = step {
                for insn in &*filter.0.program {
                    if insn.code == code::RETURN {
                        accept = accept.max(insn.k);
                    }
                }
            }
        }
        if accept == 0 {
            accept = compile::MAX_SNAPLEN;
        }
        let join = |of: fn(&Filter) -> &[Insn]| {
            let mut programs = Vec::with_capacity(steps.len());
            for step in &steps {
                programs.push(step.map(of));
            }
            formula::join(&programs, accept)
        };
        let program = join(|filter| &filter.0.program);
        // Without kernel extensions, the same program runs on plain bytes.
        let plain = has_kernel_extensions(&program).then(|| join(|filter| &filter.0.plain));
        let options = CompileOptions::new();
        Filter::new(Contents {
            formula: Some(steps),
            ..Contents::of_programs(dlt, program, plain, None, options)
        })
    }

    /// Recompiles, with `compile`, all parts of the filter that libpcap compiled.
    pub(crate) fn recompiled(
        &self,
        mut compile: impl FnMut(CompiledFrom<'_>) -> Result<Filter>,
    ) -> Result<Filter> {
        let Some(formula) = &self.0.formula else {
            return self.source().map_or_else(|| Ok(self.clone()), compile);
        };
        let mut steps = formula.to_vec();
        for step in &mut steps {
            if let Step::Part(filter) = step {
                if let Some(source) = filter.source() {
                    *filter = compile(source)?;
                }
            }
        }
        Ok(Filter::of_steps(self.0.dlt, steps))
    }

    /// Returns the source of the filter, unless it was created from instructions or from other filters.
    #[inline]
    fn source(&self) -> Option<CompiledFrom<'_>> {
        let expression = self.expression();
        let expression = expression.map(|text| CompiledFrom::Expression(text, self.0.options));
        expression.or_else(|| self.0.lists.as_ref().map(CompiledFrom::Lists))
    }

    /// Returns whether the filter combines compiled ones.
    #[cfg(feature = "serde")]
    #[inline]
    pub(crate) fn combines_expressions(&self) -> bool {
        let mut steps = self.0.formula.iter().flat_map(|formula| formula.iter());
        steps.any(|step| matches!(step, Step::Part(filter) if filter.0.expression.is_some()))
    }
}

fn check_length(length: usize) -> Result<()> {
    if length <= MAX_INSTRUCTIONS {
        return Ok(());
    }
    let text = format!(
        "they have {length} instructions together, more than the limit of {MAX_INSTRUCTIONS}"
    );
    let kind = ErrorKind::FilterTooLong;
    Err(Error::cannot(kind, OPERATION, None, text))
}

/// The source from which libpcap compiled a filter.
#[derive(Debug)]
pub(crate) enum CompiledFrom<'a> {
    Expression(&'a str, CompileOptions),
    /// A list, on a link type for which the program depends on the system.
    Lists(&'a Arc<dyn List>),
}

/// Negates the filter, like [`negate`](Filter::negate).
impl Not for &Filter {
    type Output = Filter;

    #[inline]
    fn not(self) -> Filter {
        self.negate()
    }
}

/// Negates the filter, like [`negate`](Filter::negate).
impl Not for Filter {
    type Output = Filter;

    #[inline]
    fn not(self) -> Filter {
        self.negate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_have_a_limit_together() {
        assert!(check_length(1 << 23).is_ok());
        let error = check_length((1 << 23) + 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FilterTooLong);
        assert!(error.text().contains("8388609 instructions"), "{error}");
    }
}
