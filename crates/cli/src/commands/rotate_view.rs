//! A rotation for people.

use trustwalk_core::plan::{Registered, Rotation, ShownChain};
use trustwalk_render::{Ink, Pen, Shown, time};

/// Under an item.
const UNDER: &str = "       ";

/// Where it stands.
pub(super) fn standing(rotation: &Rotation, pen: Pen) -> Shown {
    let mut out = pen.page();
    let provider = rotation.provider.as_deref().unwrap_or("a provider that was not read");
    out.labelled(pen.ink(Ink::Strong, "Rotation of"), provider, "  ");
    out.line(format_args!("  {}", pen.ink(Ink::Faint, "registered:")));
    if rotation.registered.is_empty() {
        out.line("     nothing");
    }
    for one in &rotation.registered {
        out.prose(&registered(one), "     ", UNDER);
    }
    out.line(format_args!("  {}", pen.ink(Ink::Faint, "presented:")));
    if rotation.presented.is_empty() {
        out.line("     nothing was read");
    }
    for one in &rotation.presented {
        out.prose(&presented(one), "     ", UNDER);
    }
    if let Some(one) = &rotation.incoming {
        out.line(format_args!("  {}", pen.ink(Ink::Faint, "incoming:")));
        out.prose(&presented(one), "     ", UNDER);
    }
    let stage = rotation.stage;
    out.labelled(pen.ink(Ink::Strong, "  stands:"), &format!("{}: {}", stage.name(), stage.meaning()), UNDER);
    out.shown()
}

fn registered(one: &Registered) -> String {
    let mut parts = vec![one.thumbprint.clone()];
    parts.extend(one.subject.clone());
    parts.push(if one.presented_by.is_empty() {
        "nobody presents it".to_owned()
    } else {
        format!("presented by {}", one.presented_by.join(", "))
    });
    if one.incoming {
        parts.push("of the incoming chain".to_owned());
    }
    parts.join("; ")
}

fn presented(one: &ShownChain) -> String {
    let Some(thumbprint) = &one.thumbprint else { return format!("not read: {}", one.place) };
    let mut parts = vec![format!("{}: {thumbprint}", one.place)];
    parts.extend(one.subject.clone());
    parts.push(if one.registered { "registered" } else { "nothing of it is registered" }.to_owned());
    if !one.consulted {
        parts.push("AWS compares no thumbprint here: its library knows the chain".to_owned());
    }
    parts.extend(one.doubt.as_ref().map(|why| format!("not verified: {why}")));
    parts.extend(one.expires.map(|at| format!("its certificate expires on {}", time::date(at))));
    parts.join("; ")
}

/// What keeps what was asked for from being done.
pub(super) fn waits(rotation: &Rotation, pen: Pen) -> Shown {
    let mut out = pen.page();
    out.gap();
    for why in &rotation.waits {
        out.labelled(pen.ink(Ink::Bad, "  not now:"), why, UNDER);
    }
    out.shown()
}
