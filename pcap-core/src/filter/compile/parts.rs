//! Splits a long expression into short ones that together have the same meaning.
//!
//! The parts are compiled one by one and then joined, because libpcap's compile time grows faster than the length of
//! the expression. A part has a few terms of the expression, each with the words that it inherits from an earlier term:
//! `host a or b` means `host a or host b`.
//!
//! Some terms shift the headers for the terms after them: after `vlan`, addresses are looked up behind the tag. A part
//! after such terms begins with them: `vlan and (…)`. This is only correct if the part is evaluated only when they
//! match, as in `vlan and (host a or host b)`, but not in `vlan or host a`. Such an expression is not split.

use super::keywords::{self, is_keyword};
use super::limits;
use super::scan::{Kind, Scanner, Token, is_number};
use crate::filter::combine::formula::Step;

/// The maximum number of terms of a part. With more, libpcap takes longer; with fewer, the program is larger.
const PART_TERMS: usize = 16;

/// The maximum number of header-shifting terms at the beginning of a part.
const MAX_SHIFTS: usize = 8;

/// The maximum nesting depth of groups, which is more than libpcap's parser accepts.
const MAX_DEPTH: usize = 10_000;

/// The structure of an expression.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// The number of terms joined by `and` and `or`.
    pub(crate) terms: usize,
    /// Whether a word may be a name, which can resolve to any number of addresses.
    pub(crate) names: bool,
    /// The parts and the operators; `None` if this crate's parser rejects the expression, which is then most likely
    /// invalid.
    pub(crate) steps: Option<Vec<Step<Part>>>,
    /// The terms that shift headers.
    shifts: Vec<String>,
    /// Whether the parts together have the same meaning as the whole.
    pub(crate) splittable: bool,
}

/// Some terms of an expression.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The terms as an expression, for packets whose headers no term has shifted.
    pub(crate) text: String,
    terms: usize,
    /// The operator between the terms; `None` if there is only one.
    joined: Option<Join>,
    /// The number of terms before the part that shift headers.
    pub(crate) shifted: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Join {
    And,
    Or,
}

impl Parts {
    /// Splits an expression.
    ///
    /// # Errors
    ///
    /// The reason, if the expression is longer than any that libpcap compiles in a second.
    pub(crate) fn of(expression: &str) -> Result<Parts, String> {
        Parts::of_at_most(expression, PART_TERMS)
    }

    /// Returns whether libpcap surely compiles the whole in about a second: it has few terms, and no names.
    pub(crate) fn are_few(&self) -> bool {
        limits::are_few(self.terms) && !self.names
    }

    /// Splits an expression into parts of at most `terms` terms.
    pub(crate) fn of_at_most(expression: &str, terms: usize) -> Result<Parts, String> {
        limits::check_bytes(expression)?;
        Parser::new(expression, terms).parse()
    }

    /// Returns the expression of a part: its terms after those that shift headers.
    pub(crate) fn text(&self, part: &Part) -> String {
        let shifts = &self.shifts[..part.shifted];
        if shifts.is_empty() {
            return part.text.clone();
        }
        let mut text = String::new();
        for shift in shifts {
            text.push_str(shift);
            text.push_str(" and ");
        }
        text.push('(');
        text.push_str(&part.text);
        text.push(')');
        text
    }
}

/// An open list of terms: the whole expression, or a group in parentheses.
#[derive(Debug, Default)]
struct Group {
    /// The operator between the next term and the previous ones.
    join: Option<Join>,
    /// Whether an odd number of `not` precedes the next term.
    negated: bool,
    /// The words that a term without words of its own inherits, such as `host`. A term after the group inherits them,
    /// too.
    head: Option<String>,
    /// Whether those words are a field's, which a term after the group does not inherit.
    field: bool,
}

/// The properties of an operand of a later step.
#[derive(Clone, Copy, Debug)]
struct Operand {
    /// Whether it contains a term that shifts headers.
    moves: bool,
    /// Whether a match of the operand implies that all of its header-shifting terms match.
    implies: bool,
}

struct Parser<'a> {
    text: &'a str,
    /// The maximum number of terms of a part.
    max_terms: usize,
    tokens: Scanner<'a>,
    groups: Vec<Group>,
    /// The head for the next term.
    head: Option<String>,
    operands: Vec<Operand>,
    steps: Vec<Step<Part>>,
    /// For each byte of the text, whether it opens parentheses that belong to a number.
    arithmetic: Vec<bool>,
    parts: Parts,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, max_terms: usize) -> Parser<'a> {
        Parser {
            text,
            max_terms,
            tokens: Scanner::new(text),
            groups: vec![Group::default()],
            head: None,
            operands: Vec::new(),
            steps: Vec::new(),
            arithmetic: vec![false; text.len()],
            parts: Parts {
                splittable: true,
                ..Parts::default()
            },
        }
    }

    fn parse(mut self) -> Result<Parts, String> {
        self.count()?;
        if self.expression().is_some() {
            self.parts.steps = Some(self.steps);
        }
        self.parts.splittable &= self.parts.shifts.len() <= MAX_SHIFTS;
        Ok(self.parts)
    }

    /// Counts terms and operators, which bound the time of libpcap's compiler. Also finds the parentheses that belong
    /// to numbers, in which case an operator follows the closing one.
    fn count(&mut self) -> Result<(), String> {
        let mut operators = limits::Operators::default();
        let mut open = Vec::new();
        let mut before = "";
        self.parts.terms = 1;
        let mut tokens = Scanner::new(self.text);
        while let Some(token) = tokens.next() {
            if token.kind == Kind::Unknown {
                break;
            }
            let word = self.word(token);
            match token.kind {
                Kind::And | Kind::Or => {
                    self.parts.terms += 1;
                    limits::check_terms(self.parts.terms)?;
                    operators.end_of_term();
                }
                Kind::Operator => operators.add(word, before)?,
                Kind::Word => {
                    let range = before == "portrange" && word.split('-').all(is_number);
                    self.parts.names |= !range && !is_number(word) && !is_keyword(word);
                }
                Kind::Open => open.push(token.start),
                Kind::Close => {
                    let next = tokens.peek().map(|token| token.kind);
                    if let (Some(open), Some(Kind::Operator | Kind::Compare)) = (open.pop(), next) {
                        self.arithmetic[open] = true;
                    }
                }
                _ => {}
            }
            before = word;
        }
        Ok(())
    }

    /// Parses terms and operators up to the end; `None` if something is invalid.
    fn expression(&mut self) -> Option<()> {
        // The empty expression.
        self.tokens.peek()?;
        loop {
            self.term()?;
            loop {
                match self.tokens.next().map(|token| token.kind) {
                    Some(Kind::And) => break self.join(Join::And),
                    Some(Kind::Or) => break self.join(Join::Or),
                    Some(Kind::Close) => {
                        let group = self.groups.pop()?;
                        self.head = group.head.filter(|_| !group.field);
                        self.complete()?;
                    }
                    None if self.groups.len() == 1 => return Some(()),
                    _ => return None,
                }
            }
        }
    }

    fn join(&mut self, join: Join) {
        if let Some(group) = self.groups.last_mut() {
            group.join = Some(join);
        }
    }

    /// Parses up to the end of the first term: `not`, opening parentheses, and the term itself.
    fn term(&mut self) -> Option<()> {
        loop {
            let token = self.tokens.peek()?;
            match token.kind {
                Kind::Not => {
                    self.tokens.next();
                    let group = self.groups.last_mut()?;
                    group.negated = !group.negated;
                }
                Kind::Open if !self.arithmetic[token.start] => {
                    self.tokens.next();
                    self.open(self.head.clone(), false)?;
                }
                Kind::Word | Kind::Operator | Kind::Open => match self.primitive(token)? {
                    Primitive::Term(text, shift) => {
                        self.leaf(text, shift);
                        return self.complete();
                    }
                    Primitive::List(head, field) => {
                        self.tokens.next();
                        self.open(Some(head), field)?;
                    }
                },
                _ => return None,
            }
        }
    }

    fn open(&mut self, head: Option<String>, field: bool) -> Option<()> {
        self.head.clone_from(&head);
        self.groups.push(Group {
            head,
            field,
            ..Group::default()
        });
        (self.groups.len() <= MAX_DEPTH).then_some(())
    }

    /// Parses a term without its operator; `None` if it is invalid.
    fn primitive(&mut self, first: Token) -> Option<Primitive> {
        // The leading words, if they can precede an address, a port or a protocol.
        let mut end_of_head = first.start;
        while let Some(token) = self.tokens.peek() {
            if token.kind != Kind::Word || !keywords::is_qualifier(self.word(token)) {
                break;
            }
            self.tokens.next();
            end_of_head = token.end;
            let mut ahead = self.tokens.clone();
            let pair = [Some(token), ahead.next(), ahead.next()];
            if let Some(end) = self.both_directions(pair) {
                self.tokens = ahead;
                end_of_head = end;
            }
        }
        let mut head = &self.text[first.start..end_of_head];
        let mut next = self.tokens.peek();
        let field = keywords::is_field(self.word(first));
        if field {
            self.tokens.next();
            head = self.word(first);
            next = self.tokens.peek();
        }
        if !head.is_empty() && next.is_some_and(|token| token.kind == Kind::Open) {
            return Some(Primitive::List(head.to_owned(), field));
        }

        let mut depth = 0_usize;
        let mut end = first.start + head.len();
        let mut compares = false;
        let mut more = 0;
        while let Some(token) = self.tokens.peek() {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close if depth == 0 => break,
                Kind::Close => depth -= 1,
                Kind::And | Kind::Or if depth == 0 => break,
                Kind::And | Kind::Or | Kind::Not | Kind::Unknown => return None,
                Kind::Compare => compares = true,
                Kind::Word | Kind::Operator => {}
            }
            self.tokens.next();
            end = token.end;
            more += 1;
        }
        let text = &self.text[first.start..end];
        let word = self.word(first);
        let keyword = first.kind == Kind::Word && is_keyword(word);
        if !compares && first.kind == Kind::Word && !keyword {
            // An address, a port or a name alone.
            let head = self.head.as_ref()?;
            return Some(Primitive::Term(format!("{head} {text}"), false));
        }
        let is_id = |token: Token| !is_keyword(self.word(token));
        let id = !head.is_empty() && !field && !compares && more > 0 && next.is_some_and(is_id);
        self.head = id.then(|| head.to_owned());
        let shift = keyword && keywords::shifts_headers(word);
        Some(Primitive::Term(text.to_owned(), shift))
    }

    /// Returns the end of `src or dst` and the like.
    fn both_directions(&self, tokens: [Option<Token>; 3]) -> Option<usize> {
        let [Some(one), Some(join), Some(other)] = tokens else {
            return None;
        };
        let pair = matches!(
            (self.word(one), self.word(other)),
            ("src", "dst") | ("dst", "src")
        );
        (pair && matches!(join.kind, Kind::And | Kind::Or)).then_some(other.end)
    }

    fn word(&self, token: Token) -> &'a str {
        &self.text[token.start..token.end]
    }

    fn leaf(&mut self, text: String, shift: bool) {
        let part = Part {
            text: text.clone(),
            terms: 1,
            joined: None,
            shifted: self.parts.shifts.len(),
        };
        self.steps.push(Step::Part(part));
        self.operands.push(Operand {
            moves: shift,
            implies: true,
        });
        if shift {
            self.parts.shifts.push(text);
        }
    }

    /// Completes a term or group: negates it and joins it to the previous ones, as the words before it require.
    fn complete(&mut self) -> Option<()> {
        let group = self.groups.last_mut()?;
        let (negated, join) = (std::mem::take(&mut group.negated), group.join.take());
        if negated {
            self.negate()?;
        }
        match join {
            Some(join) => self.combine(join),
            None => Some(()),
        }
    }

    fn negate(&mut self) -> Option<()> {
        let operand = self.operands.last_mut()?;
        operand.implies = !operand.moves;
        match self.steps.last_mut() {
            Some(Step::Part(part)) => {
                part.text = format!("not {}", part.in_parentheses());
                part.joined = None;
            }
            _ => self.steps.push(Step::Not),
        }
        Some(())
    }

    fn combine(&mut self, join: Join) -> Option<()> {
        let (right, left) = (self.operands.pop()?, self.operands.pop()?);
        let (splittable, implies) = match join {
            Join::And => (left.implies, left.implies && right.implies),
            Join::Or => (!left.moves, !left.moves && !right.moves),
        };
        self.parts.splittable &= splittable;
        self.operands.push(Operand {
            moves: left.moves || right.moves,
            implies,
        });
        // Merge a few terms into one part: with the part before, or with the last part of a longer
        // list of the same kind.
        let max_terms = self.max_terms;
        match &mut self.steps[..] {
            [.., Step::Part(before), Step::Part(part)] if before.takes(part, max_terms) => {
                before.append(join, part);
                self.steps.pop();
            }
            [.., Step::Part(before), step, Step::Part(part)]
                if *step == join.step() && before.takes(part, max_terms) =>
            {
                before.append(join, part);
                self.steps.pop();
            }
            _ => self.steps.push(join.step()),
        }
        Some(())
    }
}

enum Primitive {
    /// A term, and whether it shifts headers.
    Term(String, bool),
    /// The words before a list in parentheses, `host (a or b)`, and whether they are a field.
    List(String, bool),
}

impl Join {
    fn step<P>(self) -> Step<P> {
        match self {
            Join::And => Step::And,
            Join::Or => Step::Or,
        }
    }
}

impl Part {
    /// Returns whether this part and another have at most `max_terms` terms together.
    fn takes(&self, other: &Part, max_terms: usize) -> bool {
        self.shifted == other.shifted && self.terms + other.terms <= max_terms
    }

    fn append(&mut self, join: Join, other: &Part) {
        let operand = |part: &Part| {
            if part.joined.is_none_or(|joined| joined == join) {
                part.text.clone()
            } else {
                part.in_parentheses()
            }
        };
        let word = match join {
            Join::And => "and",
            Join::Or => "or",
        };
        self.text = format!("{} {word} {}", operand(self), operand(other));
        self.terms += other.terms;
        self.joined = Some(join);
    }

    fn in_parentheses(&self) -> String {
        match self.joined {
            None => self.text.clone(),
            Some(_) => format!("({})", self.text),
        }
    }
}

#[cfg(test)]
mod tests;
