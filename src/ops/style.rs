//! Named styles of a bucket: texts for [`super::process`], kept under a name.

use super::document::{Collection, is_id};
use crate::error::{Code, Error, Result};
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::xml::stored::{Style, StyleContent, StyleList};

/// The most that the service takes.
const STYLES_MAX: usize = 50;

const STYLES: Collection = Collection {
    prefix: "style/",
    missing: Code::NoSuchStyle,
    max: STYLES_MAX,
    full: Code::InvalidArgument,
};

/// Most bytes of a style's content.
const CONTENT_MAX: usize = 4096;

/// A name's length and what it may hold besides letters and digits (errors.md §6).
const NAME_MAX: usize = 63;
const NAME_EXTRA: &str = "_-.";

fn refuse<T>(name: &'static str, value: &str, message: &'static str) -> Result<T> {
    Err(Error::invalid_argument(name, value, message))
}

/// The name in the query.
fn name(call: &Call) -> Result<&str> {
    let name = call.query().get("styleName").unwrap_or_default();
    if is_id(name, NAME_MAX, NAME_EXTRA) {
        Ok(name)
    } else {
        refuse("styleName", name, "The style name is not valid.")
    }
}

/// PutStyle: what it does is for image processing to understand, so any content will do (Python v1).
pub async fn put(mut call: Call) -> Result<Reply> {
    let StyleContent { content } = call.xml().await?;
    let name = name(&call)?;
    if content.is_empty() || content.len() > CONTENT_MAX {
        return refuse("Content", "", "Style content is invalid.");
    }
    let category = call.query().non_empty("category").unwrap_or("image");
    if !matches!(category, "image" | "document" | "video") {
        return refuse("category", category, "The style category is not valid.");
    }

    let now = call.now().rfc1123();
    STYLES
        .update(&call, name, |before: Option<Style>| {
            Ok(Some(Style {
                name: name.to_owned(),
                content,
                category: category.to_owned(),
                create_time: before.map_or_else(|| now.clone(), |style| style.create_time),
                last_modify_time: now,
            }))
        })
        .await?;

    Ok(reply::empty())
}

/// GetStyle.
pub async fn get(call: Call) -> Result<Reply> {
    let style: Style = STYLES.get(&call, name(&call)?)?;

    reply::xml(&style)
}

/// The content of the style of a name, of the bucket that a call addresses.
pub(super) fn content(call: &Call, name: &str) -> Result<String> {
    if !is_id(name, NAME_MAX, NAME_EXTRA) {
        return Err(Error::new(STYLES.missing));
    }
    let style: Style = STYLES.get(call, name)?;
    Ok(style.content)
}

/// ListStyle: all of them, by name.
pub async fn list(call: Call) -> Result<Reply> {
    let (found, _) = STYLES.page(&call, "", "", STYLES_MAX)?;

    reply::xml(&StyleList {
        style: found.into_iter().map(|(_, style)| style).collect(),
    })
}

/// DeleteStyle.
pub async fn delete(call: Call) -> Result<Reply> {
    STYLES.delete(&call, name(&call)?).await
}
