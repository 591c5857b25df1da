//! What was measured last of a benchmark: a file of docs/benchmarks/, of which the page is made.
//!
//! The main type is [`Section`].

use std::fs;
use std::path::{Path, PathBuf};

use super::{Benchmark, Figure};

/// The figures of one run of a benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Of which.
    pub benchmark: Benchmark,
    /// What was measured; a `+` says that files differed from the commit.
    pub commit: String,
    /// When.
    pub day: String,
    /// On what.
    pub machine: String,
    /// The figures.
    pub figures: Vec<Figure>,
}

impl Section {
    /// The file of a benchmark.
    fn path(root: &Path, benchmark: Benchmark) -> PathBuf {
        root.join("docs/benchmarks").join(format!("{}.tsv", benchmark.name()))
    }

    /// What was measured last; `None` where nothing was.
    ///
    /// # Errors
    /// When the file is not one that was written here.
    pub fn load(root: &Path, benchmark: Benchmark) -> Result<Option<Self>, String> {
        let path = Self::path(root, benchmark);
        match fs::read_to_string(&path) {
            Ok(text) => Self::read(benchmark, &text)
                .map(Some)
                .map_err(|why| format!("{}: {why}", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// Writes its file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, root: &Path) -> Result<(), String> {
        let path = Self::path(root, self.benchmark);
        let told = |error| format!("{}: {error}", path.display());
        fs::create_dir_all(root.join("docs/benchmarks")).map_err(told)?;
        fs::write(&path, self.text()).map_err(told)
    }

    fn text(&self) -> String {
        let Self { commit, day, machine, .. } = self;
        let mut text = format!("commit\t{commit}\nday\t{day}\nmachine\t{machine}\n");
        for figure in &self.figures {
            text.push_str(&format!("{figure}\n"));
        }
        text
    }

    fn read(benchmark: Benchmark, text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let mut head = |name: &str| {
            let cell = lines.next().and_then(|line| line.strip_prefix(name)?.strip_prefix('\t'));
            cell.map(str::to_owned).ok_or_else(|| format!("it does not say its {name}"))
        };
        let (commit, day, machine) = (head("commit")?, head("day")?, head("machine")?);
        let figures = lines.map(Figure::read).collect::<Result<_, _>>()?;
        Ok(Self { benchmark, commit, day, machine, figures })
    }
}

#[cfg(test)]
mod tests {
    use super::{Benchmark, Figure, Section};

    #[test]
    fn a_section_is_read_as_it_is_written() {
        let section = Section {
            benchmark: Benchmark::Store,
            commit: "0a1b2c3+".to_owned(),
            day: "2026-11-22".to_owned(),
            machine: "2 processors, 23 GiB, Linux 6.1".to_owned(),
            figures: vec![Figure::read("store\t16\toperations\t812.5\tper second").unwrap()],
        };
        let text = section.text();
        assert_eq!(Section::read(Benchmark::Store, &text), Ok(section));
        let cut = text.split_once('\n').unwrap().1;
        assert!(Section::read(Benchmark::Store, cut).is_err());
    }
}
