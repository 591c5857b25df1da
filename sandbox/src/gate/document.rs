//! Answers as objects with fields, whichever of XML and JSON a service writes.
//!
//! The main types are [`Document`], a whole answer, and [`Fields`], an object in one. Overlays that
//! work on every service are written against these two and know no protocol. A path is made of field
//! names with `/` between them: `State/Code`.

use serde_json::{Map, Value};

use super::answer::Answer;
use super::call::{Call, Protocol};
use super::xml::Element;

/// An answer that was read.
#[derive(Debug, Clone)]
pub(crate) enum Document {
    /// Of the query protocols, and of REST with XML.
    Xml(Element),
    /// Of the others.
    Json(Value),
}

/// An object outside of its answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Object {
    Xml(Element),
    Json(Map<String, Value>),
}

/// An object in an answer.
pub(crate) trait Fields {
    /// The text of a field: of texts, numbers and truth values.
    fn text(&self, path: &str) -> Option<String>;
    /// Whether the field is there, with whatever content.
    fn has(&self, path: &str) -> bool;
    /// Whether the field is there and is neither an empty text nor an empty list or structure.
    fn has_content(&self, path: &str) -> bool;
    /// Sets a field; lists are written with items of that name where the protocol names them.
    fn put(&mut self, path: &str, value: &Value, item: &str);
    /// Takes a field away.
    fn remove(&mut self, path: &str);
    /// The object as JSON, where it is.
    fn json(&mut self) -> Option<&mut Map<String, Value>>;
    /// A copy of the object.
    fn to_object(&self) -> Object;
}

impl Document {
    /// Reads the answer of a success; nothing where it has no body that can be read.
    pub(crate) fn of(call: &Call, answer: &Answer) -> Option<Self> {
        if !answer.status.is_success() {
            return None;
        }
        Self::read(call.protocol, answer)
    }

    fn read(protocol: Protocol, answer: &Answer) -> Option<Self> {
        match protocol {
            Protocol::Json | Protocol::RestJson | Protocol::Cbor => {
                serde_json::from_slice(&answer.body).ok().map(Self::Json)
            }
            Protocol::Ec2 | Protocol::Query | Protocol::RestXml => answer.document().map(Self::Xml),
            Protocol::S3 => None,
        }
    }

    /// Makes this the body of the answer.
    pub(crate) fn store(&self, answer: &mut Answer) {
        // DynamoDB's checksum of what the body was before.
        answer.headers.remove("x-amz-crc32");
        match self {
            Self::Xml(document) => answer.set_document(document),
            Self::Json(value) => answer.body = value.to_string().into(),
        }
    }

    /// Calls `change` on every object at any depth, those outside first.
    pub(crate) fn visit(&mut self, change: &mut dyn FnMut(&mut dyn Fields)) {
        match self {
            Self::Xml(document) => document.visit_mut(&mut |element| change(element)),
            Self::Json(value) => visit_json(value, change),
        }
    }

    /// The objects and texts of a list: its path from the root, without the name of the root element
    /// in XML.
    pub(crate) fn list(&self, path: &str) -> Vec<Self> {
        match self {
            Self::Xml(document) => descend(document, path)
                .map(|list| list.elements().cloned().map(Self::Xml).collect())
                .unwrap_or_default(),
            Self::Json(value) => match pointer(value, path) {
                Some(Value::Array(items)) => items.iter().cloned().map(Self::Json).collect(),
                Some(Value::Object(map)) => vec![Self::Json(Value::Object(map.clone()))],
                _ => Vec::new(),
            },
        }
    }

    /// The text of a field.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        match self {
            Self::Xml(element) => element.text_at(path),
            Self::Json(Value::Object(map)) => map.text(path),
            Self::Json(value) if path.is_empty() => plain(value),
            Self::Json(_) => None,
        }
    }

    /// Whether any text in it is such a one.
    pub(crate) fn mentions(&self, is_it: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Xml(element) => xml_mentions(element, is_it),
            Self::Json(value) => json_mentions(value, is_it),
        }
    }

    /// Adds an object to a list. Where the list is not there it is made.
    pub(crate) fn push(&mut self, path: &str, item: &str, object: Object) {
        match (self, object) {
            (Self::Xml(document), Object::Xml(mut element)) => {
                item.clone_into(&mut element.name);
                document.make(path).push(element);
            }
            (Self::Json(value), Object::Json(map)) => {
                if let Some(Value::Array(items)) =
                    make_json(value, path, || Value::Array(Vec::new()))
                {
                    items.push(Value::Object(map));
                }
            }
            // A service writes either XML or JSON, and objects stay with their service.
            (Self::Xml(_), Object::Json(_)) | (Self::Json(_), Object::Xml(_)) => {}
        }
    }

    /// Adds a text to a list of texts, in JSON.
    pub(crate) fn push_text(&mut self, path: &str, text: &str) {
        if let Self::Json(value) = self
            && let Some(Value::Array(items)) = make_json(value, path, || Value::Array(Vec::new()))
            && !items.iter().any(|item| item.as_str() == Some(text))
        {
            items.push(text.into());
        }
    }
}

impl Object {
    /// To read and change its fields.
    pub(crate) fn fields_mut(&mut self) -> &mut dyn Fields {
        match self {
            Self::Xml(element) => element,
            Self::Json(map) => map,
        }
    }
}

impl Fields for Element {
    fn text(&self, path: &str) -> Option<String> {
        self.text_at(path)
    }

    fn has(&self, path: &str) -> bool {
        descend(self, path).is_some()
    }

    fn has_content(&self, path: &str) -> bool {
        descend(self, path).is_some_and(|found| {
            found.elements().next().is_some() || !found.text().trim().is_empty()
        })
    }

    fn put(&mut self, path: &str, value: &Value, item: &str) {
        write_xml(self.make(path), value, item);
    }

    fn remove(&mut self, path: &str) {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        if descend(self, parent).is_some() {
            self.make(parent).retain(|child| child.name != name);
        }
    }

    fn json(&mut self) -> Option<&mut Map<String, Value>> {
        None
    }

    fn to_object(&self) -> Object {
        Object::Xml(self.clone())
    }
}

impl Fields for Map<String, Value> {
    fn text(&self, path: &str) -> Option<String> {
        field(self, path).and_then(plain)
    }

    fn has(&self, path: &str) -> bool {
        field(self, path).is_some()
    }

    fn has_content(&self, path: &str) -> bool {
        field(self, path).is_some_and(|found| match found {
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(map) => !map.is_empty(),
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
        })
    }

    fn put(&mut self, path: &str, value: &Value, _item: &str) {
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        if rest.is_empty() {
            self.insert(name.to_owned(), value.clone());
            return;
        }
        let inner = self.entry(name).or_insert_with(|| Value::Object(Self::new()));
        if !inner.is_object() {
            *inner = Value::Object(Self::new());
        }
        if let Value::Object(inner) = inner {
            inner.put(rest, value, "");
        }
    }

    fn remove(&mut self, path: &str) {
        match path.split_once('/') {
            None => {
                Self::remove(self, path);
            }
            Some((name, rest)) => {
                if let Some(Value::Object(inner)) = self.get_mut(name) {
                    Fields::remove(inner, rest);
                }
            }
        }
    }

    fn json(&mut self) -> Option<&mut Map<String, Value>> {
        Some(self)
    }

    fn to_object(&self) -> Object {
        Object::Json(self.clone())
    }
}

impl Element {
    /// The text at a path.
    pub(crate) fn text_at(&self, path: &str) -> Option<String> {
        descend(self, path).map(Self::text)
    }

    /// The element at that path; it is made where it is not there.
    fn make(&mut self, path: &str) -> &mut Self {
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        if name.is_empty() {
            return self;
        }
        self.child_or_new(name).make(rest)
    }
}

fn descend<'a>(element: &'a Element, path: &str) -> Option<&'a Element> {
    path.split('/').filter(|name| !name.is_empty()).try_fold(element, Element::child)
}

fn field<'a>(map: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    let value = map.get(name).filter(|value| !value.is_null())?;
    if rest.is_empty() { Some(value) } else { field(value.as_object()?, rest) }
}

/// The value at a path of a JSON document.
pub(crate) fn pointer<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() { Some(value) } else { field(value.as_object()?, path) }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn visit_json(value: &mut Value, change: &mut dyn FnMut(&mut dyn Fields)) {
    match value {
        Value::Object(map) => {
            change(map);
            map.values_mut().for_each(|inner| visit_json(inner, change));
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| visit_json(inner, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn xml_mentions(element: &Element, is_it: &dyn Fn(&str) -> bool) -> bool {
    is_it(element.text().trim()) || element.elements().any(|child| xml_mentions(child, is_it))
}

fn json_mentions(value: &Value, is_it: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(found) => is_it(found),
        Value::Array(items) => items.iter().any(|item| json_mentions(item, is_it)),
        Value::Object(map) => map.values().any(|item| json_mentions(item, is_it)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn make_json<'a>(
    value: &'a mut Value,
    path: &str,
    empty: impl Fn() -> Value,
) -> Option<&'a mut Value> {
    if path.is_empty() {
        return Some(value);
    }
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    let make = || if rest.is_empty() { empty() } else { Value::Object(Map::new()) };
    let inner = value.as_object_mut()?.entry(name).or_insert_with(make);
    make_json(inner, rest, empty)
}

fn write_xml(element: &mut Element, value: &Value, item: &str) {
    match value {
        Value::Array(items) => {
            element.take_elements();
            for value in items {
                let mut child = Element::new(item);
                write_xml(&mut child, value, item);
                element.push(child);
            }
        }
        Value::Object(map) => {
            for (name, value) in map {
                write_xml(element.child_or_new(name), value, item);
            }
        }
        Value::Null => element.set_text(""),
        value => element.set_text(&plain(value).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Document, Fields, Object};
    use crate::gate::xml::Element;
    use serde_json::{Map, Value, json};

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            _ => panic!("not an object"),
        }
    }

    #[test]
    fn fields_are_the_same_in_both() {
        let mut xml = Element::parse("<o><a>1</a><b><c>x</c></b></o>").unwrap();
        let mut json = map(json!({ "a": 1, "b": { "c": "x" } }));
        let both: [&mut dyn Fields; 2] = [&mut xml, &mut json];
        for object in both {
            assert_eq!(object.text("a").as_deref(), Some("1"));
            assert_eq!(object.text("b/c").as_deref(), Some("x"));
            assert!(!object.has("b/d"));
            object.put("b/d", &json!(true), "");
            object.put("new/deep", &json!("y"), "");
            assert_eq!(object.text("b/d").as_deref(), Some("true"));
            assert_eq!(object.text("new/deep").as_deref(), Some("y"));
            object.remove("b/c");
            assert!(!object.has("b/c") && object.has("b/d"));
        }
    }

    #[test]
    fn lists_have_named_items_in_xml() {
        let mut xml = Element::new("o");
        xml.put("Logs", &json!(["a", "b"]), "member");
        xml.put("Tags", &json!([{ "Key": "k" }]), "Tag");
        let text = xml.to_document();
        assert!(text.contains("<Logs><member>a</member><member>b</member></Logs>"), "{text}");
        assert!(text.contains("<Tags><Tag><Key>k</Key></Tag></Tags>"), "{text}");
        xml.put("Logs", &json!([]), "member");
        assert!(xml.to_document().contains("<Logs/>"));
    }

    #[test]
    fn objects_are_added_to_lists() {
        let mut xml = Document::Xml(Element::parse("<R><L><I><id>1</id></I></L></R>").unwrap());
        xml.push("L", "I", Object::Xml(Element::new("x").with(Element::with_text("id", "2"))));
        assert_eq!(xml.list("L").len(), 2);
        assert!(xml.mentions(&|text| text == "2") && !xml.mentions(&|text| text == "3"));
        let mut json = Document::Json(json!({ "L": [{ "id": "1" }] }));
        json.push("L", "", Object::Json(map(json!({ "id": "2" }))));
        json.push_text("names", "n");
        assert_eq!(json.list("L")[1].text("id").as_deref(), Some("2"));
        assert!(json.mentions(&|text| text == "n"));
    }
}
