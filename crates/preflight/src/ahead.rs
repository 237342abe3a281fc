//! Trust that ends on a day which its policy names: sound now, and to be known before it is applied.

use trustwalk_trust_policy::{Closing, Document, Effect, Identity, PrincipalKind, Principals};

use crate::fill::Fill;
use crate::model::{Note, Report, Spot};
use crate::policy::rendered;
use crate::world::World;

/// Tells of each statement of a role that admits nobody from a day on.
pub(crate) fn tell(world: &World, report: &mut Report) {
    for role in &world.declared.roles {
        let Ok(document) = Document::parse(&rendered(&role.trust, &Fill::default())) else { continue };
        for (at, statement) in document.statements.iter().enumerate() {
            let federated = statement.principal.iter().find_map(|p| match &p.principals {
                Principals::Listed(all) => all.iter().find(|(kind, _)| *kind == PrincipalKind::Federated),
                Principals::Everyone | Principals::Unusable(_) => None,
            });
            let (Some(Effect::Allow), Some((_, provider))) = (statement.effect, federated) else { continue };
            let Closing::At(end) = document.closing(at, &Identity::new(provider).partly_known(), world.now) else {
                continue;
            };
            let day = jiff::Timestamp::from_second(end).map(|t| t.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
            let (Ok(day), address) = (day, &role.from.address) else { continue };
            let text = format!("{address}: from {day} on statement {} of its trust policy admits nobody", at + 1);
            report.notes.push(Note { text, identity: None, at: Some(Spot::from(&role.trust.at)), when: Some(end) });
        }
    }
}
