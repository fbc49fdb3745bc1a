//! Lending from an owner that is needed again if it has nothing to lend.

/// A type that borrows from its owner.
pub(crate) trait Lent {
    /// The type with another lifetime.
    type For<'a>;
}

/// Lends what a closure takes from its owner, or returns the owner if that is nothing.
///
/// The borrow checker does not accept this without `unsafe`: where a function returns a loan in one case, it extends
/// the loan to the other cases. rustc 1.85 inlines a closure that calls a function, but not a function that is passed
/// itself.
#[inline(always)] // else the packet would be passed in memory
pub(crate) fn lend<'a, L: Lent, O: ?Sized>(
    owner: &'a mut O,
    take: impl for<'b> FnOnce(&'b mut O) -> Option<L::For<'b>>,
) -> Result<L::For<'a>, &'a mut O> {
    let pointer: *mut O = owner;
    // SAFETY: the pointer is a unique reference for `'a`. Only one of the two references exists at a time.
    match take(unsafe { &mut *pointer }) {
        Some(lent) => Ok(lent),
        // SAFETY: the closure returned nothing that keeps its reference. It cannot have kept it elsewhere, because it
        // accepts a reference of any lifetime.
        None => Err(unsafe { &mut *pointer }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Lent for &'static [u8] {
        type For<'a> = &'a [u8];
    }

    fn first_or_push(owner: &mut Vec<Vec<u8>>) -> &[u8] {
        match lend::<&[u8], _>(owner, |owner| owner.first().map(Vec::as_slice)) {
            Ok(lent) => lent,
            Err(owner) => {
                owner.push(vec![7]);
                &owner[0]
            }
        }
    }

    #[test]
    fn the_owner_returns_only_if_it_lends_nothing() {
        let mut owner = Vec::new();
        assert_eq!(first_or_push(&mut owner), [7]);
        owner[0][0] = 8;
        assert_eq!(first_or_push(&mut owner), [8]);
    }
}
