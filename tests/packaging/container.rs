//! The container file, read line by line: what can be told of it without a registry of images.

use std::fs;

use crate::root;

/// An instruction with its arguments.
type Instruction = (String, String);

/// The instructions of a container file, with lines that go on put together.
fn instructions(text: &str) -> Vec<Instruction> {
    let text = text.replace("\\\n", " ");
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            (word.to_uppercase(), rest.trim().to_owned())
        })
        .collect()
}

/// What is wrong with a container file.
fn faults(text: &str) -> Vec<String> {
    let all = instructions(text);
    let mut found = Vec::new();
    for (word, rest) in &all {
        let image = rest.split(' ').next().unwrap_or_default();
        let tag = image.rsplit('/').next().unwrap_or_default().split_once(':');
        match word.as_str() {
            "FROM" if tag.is_none_or(|(_, tag)| tag == "latest") => {
                found.push(format!("{image} is not pinned by a tag"));
            }
            "ADD" => found.push(format!("ADD may fetch what nobody looked at: {rest}")),
            _ => {}
        }
    }
    let last = all.iter().rposition(|(word, _)| word == "FROM").unwrap_or_default();
    let user = all[last..].iter().rfind(|(word, _)| word == "USER").map(|(_, user)| user.as_str());
    let id = user.and_then(|user| user.split(':').next()?.parse::<u32>().ok());
    if id.is_none_or(|id| id == 0) {
        found.push(format!("it runs as {user:?}, not as a number that is not root's"));
    }
    let shell = |(word, rest): &&Instruction| {
        matches!(word.as_str(), "ENTRYPOINT" | "CMD") && !rest.starts_with('[') || word == "RUN"
    };
    found.extend(all[last..].iter().filter(shell).map(|(word, _)| format!("{word} needs a shell")));
    found
}

#[test]
fn the_image_is_pinned_runs_as_nobody_and_needs_no_shell() {
    let path = root().join("packaging/Containerfile");
    let text = fs::read_to_string(&path).expect("the container file");
    assert_eq!(faults(&text), [""; 0]);
    assert!(text.contains("USER 65532:65532"));
    for (right, wrong) in [
        ("USER 65532:65532", "USER root"),
        ("USER 65532:65532", "USER 0:0"),
        ("USER 65532:65532", ""),
        ("cc-debian12:nonroot", "cc-debian12"),
        ("cc-debian12:nonroot", "cc-debian12:latest"),
        ("COPY . .", "ADD https://example.com/infra.tar ."),
        ("ENTRYPOINT [\"/usr/bin/infra\"]", "ENTRYPOINT /usr/bin/infra"),
    ] {
        assert!(text.contains(right), "{right}");
        assert_eq!(faults(&text.replace(right, wrong)).len(), 1, "{wrong}");
    }
}
