//! Lines of a pipe whose other end is not trusted.
//!
//! The main type is [`Lines`]: it never holds more than a limit, whatever is written into the pipe.

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, Take};

/// What a read of the pipe gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its end.
    Text(String),
    /// More was written than is taken.
    TooMuch,
    /// The other end is closed.
    End,
}

/// Reads lines, at most so many bytes in all.
pub(super) struct Lines<R> {
    reader: BufReader<Take<R>>,
    /// What is there of a line that has no end yet: a read may be given up half-way.
    partial: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Reads lines of a pipe, at most `limit` bytes in all.
    pub(super) fn new(pipe: R, limit: u64) -> Self {
        Self { reader: BufReader::new(pipe.take(limit)), partial: Vec::new() }
    }

    /// The next line. Nothing is lost when this is dropped half-way and called again.
    pub(super) async fn next(&mut self) -> std::io::Result<Line> {
        self.reader.read_until(b'\n', &mut self.partial).await?;
        if self.partial.last() == Some(&b'\n') {
            self.partial.pop();
            if self.partial.last() == Some(&b'\r') {
                self.partial.pop();
            }
        } else if self.reader.get_ref().limit() == 0 {
            return Ok(Line::TooMuch);
        } else if self.partial.is_empty() {
            return Ok(Line::End);
        }
        let line = String::from_utf8_lossy(&self.partial).into_owned();
        self.partial.clear();
        Ok(Line::Text(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_end_where_they_end_and_the_limit_holds() {
        let mut lines = Lines::new(&b"a\r\n\nlast"[..], 100);
        assert_eq!(lines.next().await.expect("read"), Line::Text("a".to_owned()));
        assert_eq!(lines.next().await.expect("read"), Line::Text(String::new()));
        assert_eq!(lines.next().await.expect("read"), Line::Text("last".to_owned()));
        assert_eq!(lines.next().await.expect("read"), Line::End);
        let mut lines = Lines::new(&b"ab\nabcdef"[..], 5);
        assert_eq!(lines.next().await.expect("read"), Line::Text("ab".to_owned()));
        assert_eq!(lines.next().await.expect("read"), Line::TooMuch);
    }
}
