//! Functions that read files of the checkout.

use hcl_edit::parser;
use hcl_edit::template::Element;

use crate::bounds::MAX_TEXT;
use crate::eval::{Ctx, Eval, Frame, resolve};
use crate::rope::Rope;
use crate::source::{Spot, to_u32};
use crate::value::Val;

use super::Outcome;

impl Eval<'_> {
    pub(super) fn file_function(&mut self, ctx: &Ctx<'_>, name: &str, args: &[Val], at: Spot) -> Outcome {
        match (name, args) {
            ("file", [path]) => {
                let (_, file) = self.handed_over(ctx, path)?;
                let text = self.sources.file(file)?.text.as_str();
                let all = Spot { file, start: 0, end: to_u32(text.len()) };
                (text.len() <= MAX_TEXT).then(|| Val::rope(Rope::exact(text, all), all))
            }
            ("templatefile", [path, variables]) => {
                let (unit, file) = self.handed_over(ctx, path)?;
                self.template_of(ctx, unit, file, variables)
            }
            ("fileexists", [path]) => self.handed_over(ctx, path).map(|_| Val::bool(true, at)),
            ("basename", [path]) => {
                let path = path.known_text()?;
                Some(Val::text(path.rsplit('/').next().unwrap_or_default(), at))
            }
            ("dirname", [path]) => {
                let path = path.known_text()?;
                Some(Val::text(path.rsplit_once('/').map_or(".", |(folder, _)| folder), at))
            }
            _ => None,
        }
    }

    /// A file that was handed over, by a path that is known: its unit and number.
    fn handed_over(&self, ctx: &Ctx<'_>, path: &Val) -> Option<(usize, u32)> {
        let scope = self.scopes.get(ctx.scope)?;
        let root = self.scopes.get(scope.root)?;
        let path = resolve(&root.path, &path.known_text()?)?;
        let number = self.sources.number(&path)?;
        Some((self.unit_of(number)?, number))
    }

    fn template_of(&mut self, ctx: &Ctx<'_>, unit: usize, file: u32, variables: &Val) -> Outcome {
        let text = self.sources.file(file)?.text.as_str();
        if text.len() > MAX_TEXT {
            return None;
        }
        let template = parser::parse_template(text).ok()?;
        let names: Option<Vec<(String, Val)>> =
            variables.as_map()?.iter().map(|(key, value)| key.name.known().map(|name| (name, value.clone()))).collect();
        let names = names?;
        self.filled.insert(file);
        let frame =
            Frame { names: names.iter().map(|(name, value)| (name.as_str(), value.clone())).collect(), outer: None };
        let inner = Ctx { unit, frame: Some(&frame), ..*ctx };
        let elements: Vec<&Element> = template.iter().collect();
        Some(self.template(&inner, &elements, Spot { file, start: 0, end: to_u32(text.len()) }))
    }
}
