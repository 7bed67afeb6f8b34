//! Reads an XML answer into a small tree, strictly: what does not parse to the end is a failed test.

use quick_xml::Reader;
use quick_xml::events::Event;

/// An element: its name, the text directly inside it and its child elements in document order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    pub name: String,
    pub text: String,
    pub children: Vec<Node>,
}

impl Node {
    /// Parses a whole document and returns its root.
    pub fn parse(document: &str) -> Result<Node, String> {
        let mut reader = Reader::from_str(document);
        // The first entry stands for the document itself.
        let mut open = vec![Node::default()];
        loop {
            match reader
                .read_event()
                .map_err(|error| format!("{error} in {document:?}"))?
            {
                Event::Start(start) => open.push(Node {
                    name: start.name().as_ref().to_owned(),
                    ..Node::default()
                }),
                Event::Empty(start) => {
                    let node = Node {
                        name: start.name().as_ref().to_owned(),
                        ..Node::default()
                    };
                    top(&mut open)?.children.push(node);
                }
                Event::End(_) => {
                    let done = open.pop().ok_or("an end without a start")?;
                    top(&mut open)?.children.push(done);
                }
                Event::Text(text) => top(&mut open)?.text.push_str(&text.xml10_content()),
                Event::CData(text) => top(&mut open)?.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let name = reference.xml10_content();
                    let character = if matches!(&*name, "#x0" | "#0") {
                        // No XML, but the only way to list such a key without encoding-type.
                        '\0'
                    } else if let Some(found) = reference
                        .resolve_char_ref()
                        .map_err(|error| error.to_string())?
                    {
                        found
                    } else {
                        named(&name)?
                    };
                    top(&mut open)?.text.push(character);
                }
                Event::Eof => break,
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        let [document_node] = open.as_mut_slice() else {
            return Err(format!("unclosed elements in {document:?}"));
        };
        match document_node.children.as_slice() {
            [root] => Ok(root.clone()),
            other => Err(format!("{} root elements in {document:?}", other.len())),
        }
    }

    /// The first child with this name.
    pub fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|node| node.name == name)
    }

    /// The element reached by child names separated by `/`.
    pub fn at(&self, path: &str) -> Option<&Node> {
        path.split('/')
            .try_fold(self, |node, name| node.child(name))
    }

    /// The text of the element at `path`; `None` when there is no such element.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.at(path).map(|node| node.text.as_str())
    }

    /// The text of the element at `path`, which must exist.
    pub fn text_at(&self, path: &str) -> &str {
        self.get(path)
            .unwrap_or_else(|| panic!("no element {path} in {self:?}"))
    }

    /// Every child with this name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.children.iter().filter(move |node| node.name == name)
    }
}

fn top(open: &mut [Node]) -> Result<&mut Node, String> {
    open.last_mut()
        .ok_or_else(|| String::from("an end without a start"))
}

fn named(entity: &str) -> Result<char, String> {
    match entity {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        other => Err(format!("undefined entity &{other};")),
    }
}

#[test]
fn reads_text_lists_and_escapes() {
    let root = Node::parse("<?xml version=\"1.0\"?>\n<A><B>x&amp;&#33;</B><C/><B><D>2</D></B></A>")
        .unwrap();
    assert_eq!(root.text_at("B"), "x&!");
    assert_eq!(root.all("B").count(), 2);
    assert_eq!(root.get("C"), Some(""));
    assert_eq!(root.get("E"), None);
    for broken in ["", "<A>", "<A></B>", "<A/><B/>", "<A>&nope;</A>"] {
        assert!(Node::parse(broken).is_err(), "{broken}");
    }
}
