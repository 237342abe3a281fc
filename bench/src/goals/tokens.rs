//! Goal B: a full check of many tokens, against what openssl needs for the signature alone and
//! against other verifiers over the same file.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use trustwalk_token::{Expect, Jwks, Reason, Verdict, verify_many};

use super::token_pool::{AUDIENCE, ISSUER, KEY_ID, Pool, Signed, Verdicts};
use crate::harness::{
    CLIENT_CORE, Cost, Held, Measured, Section, Settings, Spread, Variant, count, cpu, free_all_cores, pin, run_ok,
    take_turns, work,
};

/// Distinct tokens.
const TOKENS: usize = 2_000;
/// Times each round goes over them.
const PASSES: usize = 5;
const ROUNDS: usize = 5;
/// Scripts that verify a file of tokens: package, script and its argument.
const NODE: [(&str, &str); 3] = [("fast-jwt", "fast-jwt"), ("jsonwebtoken", "npm jsonwebtoken"), ("jose", "jose")];
const OURS: &str = "trustwalk";
const LIMIT: &str = "openssl speed";

/// Runs the goal.
pub(crate) fn run(settings: &Settings) -> Result<Section> {
    let mut section = Section::new("B. Tokens");
    for signed in [Signed::Rs256, Signed::Es256] {
        let pool = Pool::make(settings.size(150, TOKENS), signed)?;
        let bench = Bench::new(settings, pool, signed)?;
        bench.agree(&mut section)?;
        if !settings.quick {
            bench.measure(&mut section)?;
        }
    }
    Ok(section)
}

struct Bench<'a> {
    settings: &'a Settings,
    pool: Pool,
    signed: Signed,
    keys: Jwks,
    tokens_file: PathBuf,
    jwks_file: PathBuf,
}

#[derive(Deserialize)]
struct Told {
    #[serde(flatten)]
    verdicts: Verdicts,
    cpu: f64,
    wall: f64,
}

impl<'a> Bench<'a> {
    fn new(settings: &'a Settings, pool: Pool, signed: Signed) -> Result<Self> {
        let (tokens_file, jwks_file) = (settings.file("tokens"), settings.file("jwks.json"));
        std::fs::write(&tokens_file, pool.tokens.join("\n"))?;
        let jwks = pool.jwks.to_string();
        std::fs::write(&jwks_file, &jwks)?;
        let keys = Jwks::parse(jwks.as_bytes())?;
        Ok(Self { settings, pool, signed, keys, tokens_file, jwks_file })
    }

    /// Verdicts of `passes` times all tokens.
    fn ours(&self, threads: usize, passes: usize) -> Vec<Verdict> {
        let ids = [AUDIENCE.to_owned()];
        let expect = Expect { issuer: ISSUER, client_ids: &ids, now: self.pool.now };
        let all = self.pool.tokens.iter().map(String::as_str);
        let tokens: Vec<&str> = (0..passes).flat_map(|_| all.clone()).collect();
        verify_many(&tokens, &self.keys, &expect, threads)
    }

    /// Every verifier must reach the verdicts the tokens were made for.
    fn agree(&self, section: &mut Section) -> Result<()> {
        let made = self.pool.verdicts;
        let alg = self.signed.name();
        for threads in [1, 2] {
            let got = sort(&self.ours(threads, 1));
            ensure!(got == made, "{alg} on {threads} threads: {got:?} instead of {made:?}");
        }
        self.binary(made)?;
        let got = self.crate_jsonwebtoken(&self.decoding_key()?);
        ensure!(got == made, "jsonwebtoken crate, {alg}: {got:?} instead of {made:?}");
        let mut equal = vec!["crate jsonwebtoken".to_owned()];
        for (name, program, script, argument) in self.scripts(section)? {
            let told = self.told(&program, &script, argument, 1)?;
            ensure!(told.verdicts == made, "{name}, {alg}: {:?} instead of {made:?}", told.verdicts);
            equal.push(name);
        }
        section.agreed(format!(
            "{alg}: {} good, {} with a bad signature, {} expired and {} for another audience, by trustwalk \
             (library and `trustwalk token --jwks`), {}",
            made.accepted,
            made.signature,
            made.expired,
            made.audience,
            equal.join(", ")
        ));
        Ok(())
    }

    /// The command gives the same verdicts, one a line.
    fn binary(&self, made: Verdicts) -> Result<()> {
        let mut command = Command::new(&self.settings.trustwalk);
        command.arg("token").arg(&self.tokens_file).arg("--jwks").arg(&self.jwks_file).args(["--issuer", ISSUER]);
        let ran = crate::harness::run(&mut command)?;
        let accepted = ran.out.lines().filter(|l| l.starts_with("accepted ")).count();
        let refused = ran.out.lines().filter(|l| l.starts_with("refused ")).count();
        let bad = self.pool.tokens.len() - made.accepted;
        ensure!((accepted, refused) == (made.accepted, bad), "trustwalk token: {accepted} and {refused}: {}", ran.err);
        Ok(())
    }

    fn decoding_key(&self) -> Result<(DecodingKey, Validation)> {
        let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_value(self.pool.jwks.clone())?;
        let key = DecodingKey::from_jwk(keys.keys.first().context("no key")?)?;
        let algorithm = match self.signed {
            Signed::Rs256 => jsonwebtoken::Algorithm::RS256,
            Signed::Es256 => jsonwebtoken::Algorithm::ES256,
        };
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        Ok((key, validation))
    }

    fn crate_jsonwebtoken(&self, (key, validation): &(DecodingKey, Validation)) -> Verdicts {
        let mut verdicts = Verdicts::default();
        for token in &self.pool.tokens {
            // The look-up that every caller with a key set makes.
            let known = decode_header(token).is_ok_and(|h| h.kid.as_deref() == Some(KEY_ID));
            match decode::<serde_json::Value>(token, key, validation).map_err(jsonwebtoken::errors::Error::into_kind) {
                Ok(_) => verdicts.accepted += usize::from(known),
                Err(ErrorKind::InvalidSignature) => verdicts.signature += 1,
                Err(ErrorKind::ExpiredSignature) => verdicts.expired += 1,
                Err(ErrorKind::InvalidAudience) => verdicts.audience += 1,
                Err(_) => {}
            }
        }
        verdicts
    }

    /// Verifiers in other languages that are installed.
    fn scripts(&self, section: &mut Section) -> Result<Vec<(String, PathBuf, PathBuf, &'static str)>> {
        let mut found = Vec::new();
        for (package, name) in NODE {
            match self.settings.node(package) {
                Some(node) => found.push((name.to_owned(), node, self.settings.script("jwt.mjs")?, package)),
                None => section.left_out(format!("{name} is not installed")),
            }
        }
        match self.settings.python("python") {
            Some(python) => found.push(("PyJWT".to_owned(), python, self.settings.script("jwt_check.py")?, "")),
            None => section.left_out("PyJWT is not installed"),
        }
        Ok(found)
    }

    fn told(&self, program: &Path, script: &Path, argument: &str, passes: usize) -> Result<Told> {
        let mut command = Command::new(program);
        command.arg(script).arg(argument).arg(&self.tokens_file).arg(&self.jwks_file);
        let ran = run_ok(command.args([ISSUER, AUDIENCE, self.signed.name()]).arg(passes.to_string()))?;
        Ok(serde_json::from_str(&ran.out)?)
    }

    fn measure(&self, section: &mut Section) -> Result<()> {
        let alg = self.signed.name();
        let tokens = self.pool.tokens.len();
        let passes = if self.signed == Signed::Rs256 { PASSES } else { 2 };
        let key = self.decoding_key()?;
        pin(CLIENT_CORE);
        let mut variants = vec![
            Variant::new(OURS, || Ok(work(|| (0..passes).for_each(|_| drop(self.ours(1, 1)))).1.each(tokens * passes))),
            Variant::new("crate jsonwebtoken", || {
                let job = || (0..passes).for_each(|_| _ = self.crate_jsonwebtoken(&key));
                Ok(work(job).1.each(tokens * passes))
            }),
            Variant::new(LIMIT, || {
                let before = openssl_speed(self.signed)?;
                let after = openssl_speed(self.signed)?;
                let seconds = f64::midpoint(before, after);
                Ok(Cost { wall: seconds, cpu: seconds })
            }),
        ];
        for (name, program, script, argument) in self.scripts(&mut Section::default())? {
            variants.push(Variant::new(name, move || {
                let told = self.told(&program, &script, argument, 1)?;
                Ok(Cost { wall: told.wall, cpu: told.cpu }.each(tokens))
            }));
        }
        let mut measured = take_turns(ROUNDS, variants)?;
        self.two_threads(section, &mut measured);
        let heading = format!("{alg}: signature, times, issuer, audience and key look-up of one token, one core");
        section.table(&heading, ("\u{b5}s", 1e6), &measured, OURS);
        self.hold(section, &measured);
        Ok(())
    }

    fn hold(&self, section: &mut Section, measured: &Measured) {
        let alg = self.signed.name();
        let mut hold = |peer: &str, held| {
            if measured.names().any(|n| n == peer) {
                section.hold(format!("B {alg}: times as fast as {peer}"), held, measured.ratio(peer, OURS, cpu));
            }
        };
        hold(LIMIT, Held::AtLeast(0.9));
        if self.signed == Signed::Rs256 {
            hold("crate jsonwebtoken", Held::AtLeast(1.3));
            hold("fast-jwt", Held::AtLeast(1.6));
            hold("jose", Held::AtLeast(3.0));
            hold("PyJWT", Held::AtLeast(7.0));
        }
    }

    /// One thread and two in turn, by the wall: this needs both cores.
    fn two_threads(&self, section: &mut Section, measured: &mut Measured) {
        free_all_cores();
        let (mut both, mut ratios) = (Vec::new(), Vec::new());
        let tokens = self.pool.tokens.len() * PASSES;
        for _ in 0..ROUNDS {
            let one = work(|| self.ours(1, PASSES)).1.each(tokens);
            let two = work(|| self.ours(2, PASSES)).1.each(tokens);
            ratios.push(one.wall / two.wall);
            // The threads' own time is not this thread's: what counts here is the wall.
            both.push(Cost { cpu: two.wall, ..two });
        }
        measured.add("trustwalk, two threads (wall)", both);
        let name = format!("B {}: two threads, times as fast as one", self.signed.name());
        section.hold(name, Held::AtLeast(1.8), Spread::of(ratios));
    }
}

fn sort(verdicts: &[Verdict]) -> Verdicts {
    let of = |r: &Reason| verdicts.iter().filter(|v| v.as_ref().is_err_and(|e| e.reason == *r)).count();
    Verdicts {
        accepted: verdicts.iter().filter(|v| v.is_ok()).count(),
        signature: of(&Reason::BadSignature),
        expired: of(&Reason::Expired),
        audience: of(&Reason::Audience),
    }
}

/// Seconds of CPU that openssl needs to check one signature, nothing else.
fn openssl_speed(signed: Signed) -> Result<f64> {
    let (what, mark) = match signed {
        Signed::Rs256 => ("rsa2048", "rsa 2048 bits"),
        Signed::Es256 => ("ecdsap256", "256 bits ecdsa"),
    };
    let ran = run_ok(Command::new("openssl").args(["speed", "-seconds", "1", what]))?;
    let line = ran.out.lines().find(|l| l.contains(mark)).context("openssl speed printed no figure")?;
    let rate: f64 = line.split_whitespace().last().unwrap_or_default().parse()?;
    ensure!(count(1) < rate, "openssl speed printed `{line}`");
    Ok(1.0 / rate)
}
