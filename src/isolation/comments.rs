//! Which comments belong to which part of a spec? Those before it, and the one behind it on its line.

use super::spec::{Comment, Spec};

/// The comments that have not been told yet.
pub struct Comments<'a> {
    text: &'a str,
    left: &'a [Comment],
}

impl<'a> Comments<'a> {
    /// All comments of a spec.
    pub fn of(spec: &'a Spec) -> Self {
        Self {
            text: spec.file.text(),
            left: &spec.comments,
        }
    }

    /// What the file says of itself: the comments before its first word. The last paragraph of several is
    /// about the first word, where no empty line stands between them.
    pub fn introduction(&mut self, first_word: usize) -> Vec<String> {
        let before = self
            .left
            .iter()
            .take_while(|c| c.span.start < first_word)
            .count();
        let (intro, rest) = self.left.split_at(before);
        let breaks: Vec<usize> = (1..intro.len())
            .filter(|at| self.is_apart(intro[at - 1].span.end, intro[*at].span.start))
            .collect();
        let adjacent = intro
            .last()
            .is_some_and(|last| !self.is_apart(last.span.end, first_word));
        let kept = match breaks.last() {
            Some(last) if adjacent => *last,
            _ => intro.len(),
        };
        self.left = &self.left[kept..];
        debug_assert!(self.left.len() >= rest.len());
        self.lines(&intro[..kept])
    }

    /// The comments before an offset, a line each; an empty line stands for empty lines between them, and
    /// before what they are about.
    pub fn before(&mut self, offset: usize) -> Vec<String> {
        let count = self
            .left
            .iter()
            .take_while(|c| c.span.start < offset)
            .count();
        let (taken, left) = self.left.split_at(count);
        self.left = left;
        self.lines(taken)
    }

    /// The comment behind an offset, on its line.
    pub fn behind(&mut self, offset: usize) -> Option<String> {
        let (first, left) = self.left.split_first()?;
        let between = self.text.get(offset..first.span.start)?;
        if between.contains('\n') {
            return None;
        }
        self.left = left;
        Some(first.text.clone())
    }

    fn lines(&self, comments: &[Comment]) -> Vec<String> {
        let mut lines = Vec::new();
        for (at, comment) in comments.iter().enumerate() {
            if at > 0 && self.is_apart(comments[at - 1].span.end, comment.span.start) {
                lines.push(String::new());
            }
            lines.push(comment.text.clone());
        }
        lines
    }

    /// Whether an empty line stands between two offsets.
    fn is_apart(&self, from: usize, to: usize) -> bool {
        let between = self.text.get(from..to).unwrap_or_default();
        between.matches('\n').count() > 1
    }
}
