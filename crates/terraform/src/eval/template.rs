//! Texts with `${…}` and `%{…}`, in quotes and as heredocs.

use hcl_edit::template::{Directive, Element, ForDirective, HeredocTemplate, IfDirective, StringTemplate, Strip};

use crate::print;
use crate::rope::{Rope, Seg};
use crate::source::Spot;
use crate::value::{Kind, Sym, Val};

use super::{Ctx, Eval, Frame};

/// A part of a text while it is put together; whitespace beside `~` goes.
#[derive(Debug, Default)]
struct Parts {
    segs: Vec<Seg>,
    /// That whitespace at the beginning of what comes next goes.
    strip: bool,
    /// What makes the whole text a fault.
    fault: Option<Sym>,
}

impl Parts {
    /// Takes whitespace away at the end of literal text.
    fn strip_end(&mut self) {
        while let Some(Seg::Known { text, at, exact }) = self.segs.last() {
            let kept = text.trim_end().len();
            let shorter =
                Rope::of(vec![Seg::Known { text: text.clone(), at: *at, exact: *exact }]).shorten(text.len() - kept);
            self.segs.pop();
            if kept > 0 {
                self.segs.extend(shorter.segs().iter().cloned());
                return;
            }
        }
    }

    fn literal(&mut self, rope: &Rope) {
        for seg in rope.segs() {
            match seg {
                Seg::Known { text, .. } if self.strip => {
                    let gone = text.len() - text.trim_start().len();
                    self.strip = gone == text.len();
                    self.segs.extend(Rope::of(vec![seg.clone()]).skip(gone).segs().iter().cloned());
                }
                _ => self.segs.push(seg.clone()),
            }
        }
    }

    fn before(&mut self, strip: Strip) {
        if matches!(strip, Strip::Start | Strip::Both) {
            self.strip_end();
        }
        self.strip = false;
    }

    fn after(&mut self, strip: Strip) {
        self.strip = matches!(strip, Strip::End | Strip::Both);
    }

    /// A value's text; what has none makes the whole a fault.
    fn value(&mut self, value: &Val) {
        if let Kind::Fault(sym) = &value.kind {
            self.fault.get_or_insert(sym.clone());
        }
        match value.as_rope() {
            Some(rope) => self.segs.extend(rope.segs().iter().cloned()),
            None => drop(self.fault.get_or_insert(Sym::any(print::name(&print::print(value))))),
        }
    }
}

impl Eval<'_> {
    pub(super) fn string_template(&mut self, ctx: &Ctx<'_>, template: &StringTemplate, at: Spot) -> Val {
        let elements: Vec<&Element> = template.iter().collect();
        if let [Element::Interpolation(only)] = elements.as_slice() {
            return self.eval(ctx, &only.expr);
        }
        let mut parts = Parts::default();
        self.elements_of(ctx, &elements, &mut parts, &|eval, text, at| eval.quoted(ctx, text, at));
        self.finish(ctx, parts, at)
    }

    pub(super) fn heredoc(&mut self, ctx: &Ctx<'_>, heredoc: &HeredocTemplate, at: Spot) -> Val {
        let elements: Vec<&Element> = heredoc.template.iter().collect();
        self.template(ctx, &elements, at)
    }

    /// A template that stands by itself: a heredoc, or the file of `templatefile`.
    pub(crate) fn template(&mut self, ctx: &Ctx<'_>, elements: &[&Element], at: Spot) -> Val {
        let mut parts = Parts::default();
        self.elements_of(ctx, elements, &mut parts, &|eval, text, at| eval.lines(ctx, text, at));
        self.finish(ctx, parts, at)
    }

    fn finish(&mut self, ctx: &Ctx<'_>, parts: Parts, at: Spot) -> Val {
        // What a described module makes of a text stands where the text is written.
        let ours = self.units.get(ctx.unit).is_none_or(|unit| unit.ours);
        let written = parts.segs.iter().find_map(|seg| match seg {
            Seg::Known { at, exact: true, .. } if ours => Some(*at),
            _ => None,
        });
        let at = written.unwrap_or(at);
        if let Some(sym) = parts.fault {
            Val::new(Kind::Fault(sym), at)
        } else {
            let value = self.bounded(Rope::of(parts.segs), at);
            if let Kind::Unknown(_) = value.kind { value } else { value.moved(at) }
        }
    }

    fn elements_of(
        &mut self,
        ctx: &Ctx<'_>,
        elements: &[&Element],
        parts: &mut Parts,
        literal: &dyn Fn(&Self, &str, Spot) -> Rope,
    ) {
        for element in elements {
            match element {
                Element::Literal(text) => {
                    let at = self.spot(ctx, text);
                    parts.literal(&literal(self, text.as_str(), at));
                }
                Element::Interpolation(found) => {
                    parts.before(found.strip);
                    let value = self.eval(ctx, &found.expr);
                    parts.value(&value);
                    parts.after(found.strip);
                }
                Element::Directive(directive) => match &**directive {
                    Directive::If(directive) => self.if_directive(ctx, directive, parts, literal),
                    Directive::For(directive) => self.for_directive(ctx, directive, parts, literal),
                },
            }
            if parts.segs.len() > crate::bounds::MAX_PARTS {
                self.met(super::Limit::Text, self.spot(ctx, *element));
                return;
            }
        }
    }

    fn if_directive(
        &mut self,
        ctx: &Ctx<'_>,
        directive: &IfDirective,
        parts: &mut Parts,
        literal: &dyn Fn(&Self, &str, Spot) -> Rope,
    ) {
        let condition = self.eval(ctx, &directive.if_expr.cond_expr);
        let yes: Vec<&Element> = directive.if_expr.template.iter().collect();
        let no: Vec<&Element> = directive.else_expr.iter().flat_map(|found| found.template.iter()).collect();
        parts.before(directive.if_expr.strip);
        let else_strip = directive.else_expr.as_ref().map_or(directive.endif_expr.strip, |found| found.strip);
        match condition.as_bool() {
            Some(true) => {
                parts.after(directive.if_expr.strip);
                self.elements_of(ctx, &yes, parts, literal);
                parts.before(else_strip);
            }
            Some(false) => {
                parts.after(else_strip);
                self.elements_of(ctx, &no, parts, literal);
                parts.before(directive.endif_expr.strip);
            }
            None => {
                let (mut with, mut without) = (Parts::default(), Parts::default());
                with.after(directive.if_expr.strip);
                self.elements_of(ctx, &yes, &mut with, literal);
                self.elements_of(ctx, &no, &mut without, literal);
                let (with, without) = (Rope::of(with.segs), Rope::of(without.segs));
                if with.same(&without) {
                    parts.literal(&with);
                } else {
                    let at = self.spot(ctx, &directive.if_expr.cond_expr);
                    let shown = |rope: Rope| print::print(&Val::new(Kind::Text(rope), at));
                    let name = format!("{} ? {} : {}", print::print(&condition), shown(with), shown(without));
                    parts.segs.push(Seg::Unknown(Sym::any(print::name(&name)), at));
                }
            }
        }
        parts.after(directive.endif_expr.strip);
    }

    fn for_directive(
        &mut self,
        ctx: &Ctx<'_>,
        directive: &ForDirective,
        parts: &mut Parts,
        literal: &dyn Fn(&Self, &str, Spot) -> Rope,
    ) {
        let head = &directive.for_expr;
        let collection = self.eval(ctx, &head.collection_expr);
        parts.before(head.strip);
        match self.elements(&collection) {
            None => {
                let at = self.spot(ctx, &head.collection_expr);
                let name = self.unlike(&format!("for each of {}", print::print(&collection)));
                parts.segs.push(Seg::Unknown(Sym::any(print::name(&name)), at));
            }
            Some(items) => {
                let body: Vec<&Element> = head.template.iter().collect();
                for (key, item) in items {
                    let mut names = vec![(head.value_var.value().as_str(), item)];
                    names.extend(head.key_var.as_ref().map(|name| (name.value().as_str(), key)));
                    let frame = Frame { names, outer: ctx.frame };
                    parts.after(head.strip);
                    self.elements_of(&ctx.with(&frame), &body, parts, literal);
                    parts.before(directive.endfor_expr.strip);
                }
            }
        }
        parts.after(directive.endfor_expr.strip);
    }

    /// Literal text in quotes.
    fn quoted(&self, ctx: &Ctx<'_>, text: &str, at: Spot) -> Rope {
        if self.stands(ctx, text, at) { Rope::exact(text, at) } else { Rope::made(text, at) }
    }

    fn stands(&self, ctx: &Ctx<'_>, text: &str, at: Spot) -> bool {
        self.units.get(ctx.unit).is_some_and(|unit| !unit.ours) && self.sources.text(at) == text
    }

    /// Literal text of a heredoc, line by line: its lines stand in the file, perhaps further to the right.
    fn lines(&self, ctx: &Ctx<'_>, text: &str, at: Spot) -> Rope {
        if self.stands(ctx, text, at) {
            return Rope::exact(text, at);
        }
        let source = self.sources.text(at);
        if self.units.get(ctx.unit).is_none_or(|unit| unit.ours) || source.is_empty() {
            return Rope::made(text, at);
        }
        let mut segs = Vec::new();
        let mut from = 0;
        let mut lines = text.split_inclusive('\n');
        for written in source.split_inclusive('\n') {
            let line = lines.next().unwrap_or_default();
            // The parser makes one letter of the two that end a line on Windows; those before it stand as they are.
            let (own, shown) = match (written.strip_suffix("\r\n"), line.strip_suffix('\n')) {
                (Some(own), Some(shown)) if !line.ends_with("\r\n") => (own, shown),
                _ => (written, line),
            };
            let indent = own.len().saturating_sub(shown.len());
            let exact = own.ends_with(shown);
            let spot = Self::sub_spot(at, from + if exact { indent } else { 0 }, from + own.len());
            segs.push(Seg::Known { text: shown.into(), at: spot, exact });
            if shown.len() < line.len() {
                let end = Self::sub_spot(at, from + own.len(), from + written.len());
                segs.push(Seg::Known { text: "\n".into(), at: end, exact: false });
            }
            from += written.len();
        }
        let rest: String = lines.collect();
        segs.push(Seg::Known { text: rest.into(), at, exact: false });
        Rope::of(segs)
    }
}
