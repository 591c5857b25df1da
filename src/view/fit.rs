//! What goes into a document that may not be longer than so many bytes.
//!
//! Start reading at [`fit`].

/// Something to tell.
pub(crate) struct Entry {
    /// What it is about; one line.
    pub(crate) headline: String,
    /// The rest, which can be left out.
    pub(crate) body: String,
}

/// How much of an entry is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Everything.
    Whole,
    /// Only its first line.
    Headline,
    /// Nothing.
    Nothing,
}

/// How much of each entry fits into `budget` bytes, the most important first: all first lines, then
/// what follows them. Entries stand in groups, and the first that is told of one pays for its `frame`;
/// `cost` is what a piece of text needs. Returns what is left of the budget, too.
pub(crate) fn fit<G: PartialEq + Copy>(
    entries: &[(G, &Entry)],
    mut budget: usize,
    frame: usize,
    cost: impl Fn(&str) -> usize,
) -> (Vec<Told>, usize) {
    let mut take = |needed: usize| {
        let fits = needed <= budget;
        if fits {
            budget -= needed;
        }
        fits
    };
    let mut paid = None;
    let mut told: Vec<_> = entries
        .iter()
        .map(|(group, entry)| {
            let frame = if paid == Some(*group) { 0 } else { frame };
            if take(cost(&entry.headline) + frame) {
                paid = Some(*group);
                Told::Headline
            } else {
                Told::Nothing
            }
        })
        .collect();
    for (told, (_, entry)) in told.iter_mut().zip(entries) {
        if *told == Told::Headline && (entry.body.is_empty() || take(cost(&entry.body))) {
            *told = Told::Whole;
        }
    }
    (told, budget)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_important_is_left_out_first() {
        let entry = |headline: &str, body: &str| Entry {
            headline: headline.to_owned(),
            body: body.to_owned(),
        };
        let entries = [entry("a", "1234"), entry("b", "12"), entry("c", "1")];
        let grouped: Vec<_> = [1, 1, 2].into_iter().zip(&entries).collect();
        let told = |budget, frame| fit(&grouped, budget, frame, str::len).0;
        assert_eq!(told(10, 0), [Told::Whole; 3]);
        assert_eq!(told(9, 0), [Told::Whole, Told::Whole, Told::Headline]);
        assert_eq!(told(4, 0), [Told::Headline, Told::Headline, Told::Whole]);
        assert_eq!(told(2, 0), [Told::Headline, Told::Headline, Told::Nothing]);
        // Two groups, two frames.
        assert_eq!(told(12, 1), [Told::Whole; 3]);
        assert_eq!(told(6, 3), [Told::Headline, Told::Headline, Told::Nothing]);
    }
}
