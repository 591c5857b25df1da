//! A small tree of XML, enough to read and rewrite the answers of the query protocols.
//!
//! The main type is [`Element`]. Text stays escaped as it came, so that what the gate does not touch
//! leaves it as it was.

use quick_xml::Reader;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::Event;

/// An element with its attributes and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    /// The attributes as written, with a leading space where there are any.
    attributes: String,
    children: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Element(Element),
    /// Escaped text.
    Text(String),
}

/// An answer that is not XML.
#[derive(Debug, thiserror::Error)]
#[error("not well-formed XML: {0}")]
pub(crate) struct XmlError(String);

impl Element {
    /// An element without content.
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), attributes: String::new(), children: Vec::new() }
    }

    /// An element with text, which is escaped.
    pub(crate) fn with_text(name: &str, text: &str) -> Self {
        let mut element = Self::new(name);
        element.set_text(text);
        element
    }

    /// Adds a child at the end.
    pub(crate) fn with(mut self, child: Self) -> Self {
        self.push(child);
        self
    }

    /// Adds a child at the end.
    pub(crate) fn push(&mut self, child: Self) {
        self.children.push(Node::Element(child));
    }

    /// Replaces the content by text, which is escaped.
    pub(crate) fn set_text(&mut self, text: &str) {
        self.children = vec![Node::Text(escape(text).into_owned())];
    }

    /// The text directly inside, unescaped.
    pub(crate) fn text(&self) -> String {
        let raw: String = self
            .children
            .iter()
            .filter_map(|node| match node {
                Node::Text(text) => Some(text.as_str()),
                Node::Element(_) => None,
            })
            .collect();
        // Text that the parser accepted and that names an entity of its own is shown as it is.
        unescape(&raw).map(std::borrow::Cow::into_owned).unwrap_or(raw)
    }

    /// The child elements.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The child elements, to change.
    pub(crate) fn elements_mut(&mut self) -> impl Iterator<Item = &mut Self> {
        self.children.iter_mut().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.elements().find(|element| element.name == name)
    }

    /// The first child of that name, to change.
    pub(crate) fn child_mut(&mut self, name: &str) -> Option<&mut Self> {
        self.elements_mut().find(|element| element.name == name)
    }

    /// The first child of that name, to change; it is made where there is none.
    pub(crate) fn child_or_new(&mut self, name: &str) -> &mut Self {
        let at = self
            .children
            .iter()
            .position(|node| matches!(node, Node::Element(element) if element.name == name))
            .unwrap_or_else(|| {
                self.push(Self::new(name));
                self.children.len() - 1
            });
        match &mut self.children[at] {
            Node::Element(element) => element,
            Node::Text(_) => unreachable!("the position is that of an element"),
        }
    }

    /// The text of the first child of that name; empty where there is none.
    pub(crate) fn child_text(&self, name: &str) -> String {
        self.child(name).map(Self::text).unwrap_or_default()
    }

    /// The items of the list child of that name.
    pub(crate) fn items(&self, list: &str) -> Vec<&Self> {
        self.child(list).map(|list| list.elements().collect()).unwrap_or_default()
    }

    /// The first element of that name at any depth, itself included.
    pub(crate) fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name {
            return Some(self);
        }
        self.elements().find_map(|element| element.find(name))
    }

    /// Calls `change` on every element, itself included, parents first.
    pub(crate) fn visit_mut(&mut self, change: &mut impl FnMut(&mut Self)) {
        change(self);
        for element in self.elements_mut() {
            element.visit_mut(change);
        }
    }

    /// Keeps only the child elements that `keep` says yes to.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&Self) -> bool) {
        self.children.retain(|node| match node {
            Node::Element(element) => keep(element),
            Node::Text(_) => true,
        });
    }

    /// Takes all child elements out.
    pub(crate) fn take_elements(&mut self) -> Vec<Self> {
        std::mem::take(&mut self.children)
            .into_iter()
            .filter_map(|node| match node {
                Node::Element(element) => Some(element),
                Node::Text(_) => None,
            })
            .collect()
    }

    /// Reads a document.
    ///
    /// # Errors
    ///
    /// Text that is not well-formed XML.
    pub(crate) fn parse(text: &str) -> Result<Self, XmlError> {
        let fail = |reason: &dyn std::fmt::Display| XmlError(reason.to_string());
        let mut reader = Reader::from_str(text);
        let mut open: Vec<Self> = Vec::new();
        loop {
            let event = reader.read_event().map_err(|error| fail(&error))?;
            let closed = match event {
                Event::Start(start) => {
                    open.push(Self::opened(&start));
                    None
                }
                Event::Empty(start) => Some(Self::opened(&start)),
                Event::End(_) => open.pop(),
                Event::Text(text) => {
                    push_text(&mut open, &text);
                    None
                }
                Event::CData(text) => {
                    push_text(&mut open, &escape(&*text));
                    None
                }
                Event::GeneralRef(name) => {
                    push_text(&mut open, &format!("&{};", &*name));
                    None
                }
                Event::Eof => return Err(fail(&"the document ends too early")),
                Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => None,
            };
            if let Some(element) = closed {
                match open.last_mut() {
                    Some(parent) => parent.push(element),
                    None => return Ok(element),
                }
            }
        }
    }

    fn opened(start: &quick_xml::events::BytesStart<'_>) -> Self {
        let content: &str = start;
        let (name, attributes) =
            content.find(char::is_whitespace).map_or((content, ""), |at| content.split_at(at));
        Self {
            name: name.to_owned(),
            attributes: attributes.trim_end().to_owned(),
            children: Vec::new(),
        }
    }

    /// Writes the document with its declaration.
    pub(crate) fn to_document(&self) -> String {
        let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        text.push('<');
        text.push_str(&self.name);
        text.push_str(&self.attributes);
        if self.children.is_empty() {
            text.push_str("/>");
            return;
        }
        text.push('>');
        for node in &self.children {
            match node {
                Node::Element(element) => element.write(text),
                Node::Text(raw) => text.push_str(raw),
            }
        }
        text.push_str("</");
        text.push_str(&self.name);
        text.push('>');
    }
}

fn push_text(open: &mut [Element], text: &str) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(Node::Text(text.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::Element;

    #[test]
    fn untouched_text_leaves_as_it_came() {
        let text = "<A xmlns=\"x\"><b>1 &lt; 2 &amp;&#65;</b><c/></A>";
        let element = Element::parse(text).unwrap();
        assert!(element.to_document().ends_with(text));
        assert_eq!(element.child_text("b"), "1 < 2 &A");
    }

    #[test]
    fn text_that_is_set_is_escaped() {
        let mut element = Element::parse("<a><b>x</b></a>").unwrap();
        element.child_mut("b").unwrap().set_text("<&>");
        assert!(element.to_document().contains("<b>&lt;&amp;&gt;</b>"));
    }

    #[test]
    fn a_cut_document_is_an_error() {
        Element::parse("<a><b>x</b>").unwrap_err();
        Element::parse("").unwrap_err();
    }
}
