//! Reading AWS answers: the few elements agents need, from XML or JSON.

use quick_xml::{Reader, events::Event};
use serde_json::Value;
use trustwalk_lab_cluster::json as j;

use super::failure::Refused;
use crate::credentials::Credentials;

/// Text of the first element called `name`, entities resolved.
pub(crate) fn element(xml: &str, name: &str) -> Option<String> {
    let mut reader = Reader::from_str(xml);
    let mut text: Option<String> = None;
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) if text.is_none() && tag.local_name().as_ref() == name => {
                text = Some(String::new());
            }
            Event::Text(part) => {
                if let Some(text) = &mut text {
                    text.push_str(&part);
                }
            }
            Event::GeneralRef(entity) => {
                if let Some(text) = &mut text {
                    match entity.resolve_char_ref().ok()? {
                        Some(letter) => text.push(letter),
                        None => {
                            text.push_str(quick_xml::escape::resolve_predefined_entity(&entity)?);
                        }
                    }
                }
            }
            Event::End(tag) if text.is_some() && tag.local_name().as_ref() == name => {
                return text;
            }
            Event::Eof => return None,
            Event::Start(_)
            | Event::End(_)
            | Event::Empty(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_) => {}
        }
    }
}

/// The session in an answer of STS.
pub(crate) fn session(xml: &str) -> Option<Credentials> {
    Some(Credentials {
        access_key_id: element(xml, "AccessKeyId")?,
        secret_access_key: element(xml, "SecretAccessKey")?,
        session_token: element(xml, "SessionToken"),
        expires: element(xml, "Expiration").and_then(|text| text.parse().ok()),
    })
}

/// The error in an answer, of either protocol.
pub(crate) fn refused(status: u16, header_id: Option<&str>, body: &str) -> Refused {
    if let Ok(json) = serde_json::from_str::<Value>(body) {
        let first = |names: [&str; 2]| {
            let found = names.iter().map(|name| j::text(&json, name));
            found.into_iter().find(|text| !text.is_empty()).unwrap_or("").to_owned()
        };
        return Refused {
            status,
            code: first(["/__type", "/code"]),
            message: first(["/message", "/Message"]),
            request_id: header_id.unwrap_or_default().to_owned(),
        };
    }
    // EC2 writes `RequestID`, the others `RequestId`.
    let request_id = element(body, "RequestId").or_else(|| element(body, "RequestID"));
    Refused {
        status,
        code: element(body, "Code").unwrap_or_else(|| "UnknownError".into()),
        message: element(body, "Message").unwrap_or_default(),
        request_id: request_id.or_else(|| header_id.map(Into::into)).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_error_with_entities() {
        let xml = "<ErrorResponse><Error><Code>InvalidIdentityToken</Code>\
                   <Message>doesn&apos;t &#38; can&#x27;t</Message></Error>\
                   <RequestId>r-1</RequestId></ErrorResponse>";
        let refused = refused(400, None, xml);
        assert_eq!(refused.code, "InvalidIdentityToken");
        assert_eq!(refused.message, "doesn't & can't");
        assert_eq!(refused.request_id, "r-1");
    }

    #[test]
    fn an_answer_of_another_kind_is_an_unknown_error() {
        assert_eq!(refused(502, Some("h"), "<html>bad").code, "UnknownError");
    }
}
