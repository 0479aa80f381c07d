//! The stream of one who looks (server-sent events): the whole state first, then what changes. A
//! reader who is slow skips states; nothing is kept for them. Owns the form of the events.
//!
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use std::{convert::Infallible, fmt::Write, sync::Arc, time::Duration};

use axum::body::{Body, Bytes};
use futures::{Stream, stream};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::hub::View;

/// Something is sent at least so often, so that both sides notice when the other is gone.
const BEAT: Duration = Duration::from_secs(10);

/// The states from now on, until the last.
pub(super) fn body(views: watch::Receiver<Arc<View>>, place: OwnedSemaphorePermit) -> Body {
    Body::from_stream(events(views, place))
}

fn events(
    views: watch::Receiver<Arc<View>>,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold((views, None::<Arc<View>>, place), |(mut views, sent, place)| async move {
        let Some(sent) = sent else {
            let view = views.borrow_and_update().clone();
            let text = changed(&View::default(), &view);
            return Some((Ok(text), (views, Some(view), place)));
        };
        if sent.over {
            return None;
        }
        match tokio::time::timeout(BEAT, views.changed()).await {
            Err(_) => Some((
                Ok(Bytes::from_static(b"event: beat\ndata: 1\n\n")),
                (views, Some(sent), place),
            )),
            Ok(Err(_)) => None,
            Ok(Ok(())) => {
                let view = views.borrow_and_update().clone();
                Some((Ok(changed(&sent, &view)), (views, Some(view), place)))
            }
        }
    })
}

/// What leads from one state to another. JSON has no line breaks, which end an event's data.
fn changed(old: &View, new: &View) -> Bytes {
    let mut text = String::new();
    let mut event = |name: &str, data: &Value| {
        // Writing to a string cannot fail.
        let _ = write!(text, "event: {name}\nid: {}\ndata: {data}\n\n", new.version);
    };
    for (at, (name, html)) in new.parts.iter().enumerate() {
        let before = old.parts.get(at).map(|(_, html)| html);
        if before.is_none_or(|before| before != html) {
            event("section", &json!({ "id": name, "html": html.as_str() }));
        }
    }
    event("state", &json!({ "title": new.title, "status": new.status, "over": new.over }));
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::html::Html;

    fn view(version: u64, parts: &[(&'static str, &str)]) -> View {
        let written = |text: &str| {
            let mut html = Html::default();
            html.text(text);
            html.part()
        };
        let parts = parts.iter().map(|(name, text)| (*name, written(text))).collect();
        View { version, parts, ..View::default() }
    }

    #[test]
    fn only_what_changed_is_sent_and_no_text_breaks_out_of_its_event() {
        let old = view(1, &[("a", "<p>1</p>"), ("b", "<p>2</p>")]);
        let new = view(2, &[("a", "<p>1</p>"), ("b", "<p>3\n\nevent: state\r\ndata: {}</p>")]);
        let text = String::from_utf8(changed(&old, &new).to_vec()).expect("UTF-8");
        let events: Vec<_> = text.split_terminator("\n\n").collect();
        assert_eq!(events.len(), 2, "{text}");
        assert!(events[0].starts_with("event: section\nid: 2\ndata: {\"id\":\"b\""), "{text}");
        assert!(events[1].starts_with("event: state\n"));
        assert!(!text.contains('\r'));
    }
}
