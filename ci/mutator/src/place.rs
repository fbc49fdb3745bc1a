//! Finds where mutants are in a source file, and what of the syntax they change.

use std::collections::HashMap;
use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::Result;
use crate::list::{Genre, Mutant};

/// A part of the source that changes if one of its mutants is active.
#[derive(Debug)]
pub(crate) struct Node {
    /// The bytes of the file.
    pub(crate) range: Range<usize>,
    /// How it changes.
    pub(crate) shape: Shape,
    /// The numbers of the mutants, and what replaces the bytes.
    pub(crate) mutants: Vec<(usize, String)>,
}

/// How a part of the source changes.
#[derive(Debug, PartialEq)]
pub(crate) enum Shape {
    /// An expression is replaced.
    Expression,
    /// The same in a field without its name: `x` stands for `x: x`.
    ShortField(String),
    /// An empty range at the beginning of a function: it returns.
    Return,
    /// An empty range after the pattern of an arm without guard: the arm does not match.
    NoGuard,
    /// A guard: the arm does not match if the mutant without replacement is active.
    Guard,
    /// The word `const` before a function of this name. It is removed, because a constant function cannot choose at run
    /// time.
    Const(String),
}

/// Finds the mutants of a file. Those that it does not find are in constants.
///
/// Returns also the mutants that cannot build: arms of a match that has no arm for all other values.
pub(crate) fn nodes(text: &str, mutants: &[(usize, &Mutant)]) -> Result<(Vec<Node>, Vec<usize>)> {
    let file = syn::parse_file(text).map_err(|error| error.to_string())?;
    let mut wanted = HashMap::<_, Vec<_>>::new();
    for (number, mutant) in mutants {
        wanted
            .entry((mutant.genre, mutant.line, mutant.column))
            .or_default()
            .push((*number, mutant.replacement.as_str()));
    }
    let mut finder = Finder {
        text,
        wanted,
        found: Vec::new(),
        unviable: Vec::new(),
    };
    finder.visit_file(&file);
    Ok((finder.found, finder.unviable))
}

/// Returns where the first item of a file begins, after the attributes of the file.
pub(crate) fn first_item(text: &str) -> Result<usize> {
    let file = syn::parse_file(text).map_err(|error| error.to_string())?;
    Ok(file
        .items
        .first()
        .map_or(text.len(), |item| item.span().byte_range().start))
}

/// Numbers of mutants, and what replaces the text.
type Replacements<'a> = Vec<(usize, &'a str)>;

struct Finder<'a> {
    text: &'a str,
    /// What replaces the text at a line and column.
    wanted: HashMap<(Genre, usize, usize), Replacements<'a>>,
    found: Vec<Node>,
    unviable: Vec<usize>,
}

impl<'a> Finder<'a> {
    fn take(&mut self, genre: Genre, at: Span) -> Replacements<'a> {
        let start = at.start();
        self.wanted
            .remove(&(genre, start.line, start.column + 1))
            .unwrap_or_default()
    }

    fn text(&self, of: &impl Spanned) -> &'a str {
        &self.text[of.span().byte_range()]
    }

    fn add(&mut self, range: Range<usize>, shape: Shape, mutants: Vec<(usize, String)>) {
        if !mutants.is_empty() || matches!(shape, Shape::Const(_)) {
            self.found.push(Node {
                range,
                shape,
                mutants,
            });
        }
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        if let Some(word) = &signature.constness {
            let range = word.span.byte_range();
            self.add(range, Shape::Const(signature.ident.to_string()), Vec::new());
        }
        // Each `impl` is one type, which a value of another type does not have.
        if matches!(&signature.output, syn::ReturnType::Type(_, kind) if matches!(**kind, syn::Type::ImplTrait(_)))
        {
            return;
        }
        let Some(first) = block.stmts.first() else {
            return;
        };
        let values = self.take(Genre::FnValue, first.span());
        let start = first.span().byte_range().start;
        self.add(start..start, Shape::Return, owned(values));
    }
}

fn owned(values: Replacements<'_>) -> Vec<(usize, String)> {
    values
        .into_iter()
        .map(|(number, text)| (number, text.to_owned()))
        .collect()
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    // Constants cannot choose at run time.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}

    fn visit_expr_repeat(&mut self, expression: &'ast syn::ExprRepeat) {
        self.visit_expr(&expression.expr);
    }

    fn visit_expr_binary(&mut self, expression: &'ast syn::ExprBinary) {
        let values = self.take(Genre::BinaryOperator, expression.op.span());
        let (left, right) = (self.text(&expression.left), self.text(&expression.right));
        let mutants = values
            .into_iter()
            .map(|(number, operator)| (number, format!("({left}) {operator} ({right})")));
        self.add(
            expression.span().byte_range(),
            Shape::Expression,
            mutants.collect(),
        );
        visit::visit_expr_binary(self, expression);
    }

    fn visit_expr_unary(&mut self, expression: &'ast syn::ExprUnary) {
        let values = self.take(Genre::UnaryOperator, expression.op.span());
        let operand = self.text(&expression.expr);
        let mutants = values
            .into_iter()
            .map(|(number, operator)| (number, format!("{operator}({operand})")));
        self.add(
            expression.span().byte_range(),
            Shape::Expression,
            mutants.collect(),
        );
        visit::visit_expr_unary(self, expression);
    }

    fn visit_expr_struct(&mut self, expression: &'ast syn::ExprStruct) {
        if let Some(base) = &expression.rest {
            let base = self.text(base);
            for field in &expression.fields {
                let name = self.text(&field.member);
                let mutants: Vec<_> = self
                    .take(Genre::StructField, field.span())
                    .into_iter()
                    .map(|(number, _)| (number, format!("({base}).{name}")))
                    .collect();
                let shape = match field.colon_token {
                    Some(_) => Shape::Expression,
                    None => Shape::ShortField(name.to_owned()),
                };
                self.add(field.expr.span().byte_range(), shape, mutants);
            }
        }
        visit::visit_expr_struct(self, expression);
    }

    fn visit_expr_match(&mut self, expression: &'ast syn::ExprMatch) {
        let catches_all = |arm: &syn::Arm| {
            let is_any = match &arm.pat {
                syn::Pat::Wild(_) => true,
                // Constants and variants begin with an upper case letter.
                syn::Pat::Ident(it) => {
                    it.subpat.is_none() && it.ident.to_string().starts_with(char::is_lowercase)
                }
                _ => false,
            };
            is_any && arm.guard.is_none()
        };
        for (index, arm) in expression.arms.iter().enumerate() {
            let others = expression
                .arms
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index);
            if !others.map(|(_, arm)| arm).any(catches_all) {
                let arms = self.take(Genre::MatchArm, arm.span());
                self.unviable.extend(arms.iter().map(|(number, _)| *number));
            }
        }
        visit::visit_expr_match(self, expression);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let mut mutants = owned(self.take(Genre::MatchArm, arm.span()));
        if let Some((_, guard)) = &arm.guard {
            mutants.extend(owned(self.take(Genre::MatchArmGuard, guard.span())));
            self.add(guard.span().byte_range(), Shape::Guard, mutants);
        } else {
            let end = arm.pat.span().byte_range().end;
            self.add(end..end, Shape::NoGuard, mutants);
        }
        visit::visit_arm(self, arm);
    }
}
