//! The rotation of an issuer's certificates: what is added before the switch, what is taken away after it, and what
//! keeps either from being done. Everything follows from what is registered and what each address presents.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trustwalk_core::evidence::{Evidence, HostChain, Observed, Source, TrustModel};
use trustwalk_core::plan::{
    Action, Arrival, Drift, Leave, Presented, ROTATION, Retiring, Rotated, Scene, Stage, Wish, host_for, rotate,
};
use trustwalk_testkit::{Authority, authority, story};
use trustwalk_x509::Certificate;

const HOST: &str = "issuer.corp.example";
const ARN: &str = "arn:aws:iam::111122223333:oidc-provider/issuer.corp.example";
const LONG_AGO: i64 = 1_000_000_000;

struct World {
    e: Evidence,
    old: Authority,
    new: Authority,
}

fn taken(chain: &[String]) -> String {
    let der = STANDARD.decode(chain.last().unwrap()).unwrap();
    Certificate::from_der(&der).unwrap().sha1().as_str().to_owned()
}

fn chain(one: &Authority) -> HostChain {
    HostChain { host: HOST.to_owned(), port: 443, chain: one.chain.clone(), ..HostChain::default() }
}

fn at(place: &str, one: &Authority) -> Presented {
    let source = Source { what: place.to_owned(), at: 0, by_hand: None };
    Presented { place: place.to_owned(), chain: Observed::Known { value: chain(one), source } }
}

impl World {
    /// A private issuer that presents the old authority's chain, which is registered; the user trusts both.
    fn new() -> Self {
        let (old, new) = (authority("Old", HOST).unwrap(), authority("New", HOST).unwrap());
        let mut e: Evidence = serde_json::from_value(story().unwrap()).unwrap();
        let mut roots = (*e.roots).clone();
        roots.user = vec![old.root.clone(), new.root.clone()];
        e.roots = roots.into();
        let provider = e.provider.known_mut().unwrap();
        ARN.clone_into(&mut provider.arn);
        HOST.clone_into(&mut provider.url);
        let mut world = Self { e, old, new };
        world.register(&[&taken(&world.old.chain)]);
        world.e.chains = vec![at(HOST, &world.old).chain].into();
        world
    }

    fn register(&mut self, all: &[&str]) {
        self.e.provider.known_mut().unwrap().thumbprints = all.iter().map(|t| (*t).to_owned()).collect();
    }

    fn registered(&self) -> Vec<String> {
        self.e.provider.known().unwrap().thumbprints.clone()
    }

    fn both(&mut self) {
        let all = [taken(&self.old.chain), taken(&self.new.chain)];
        self.register(&[&all[0], &all[1]]);
    }

    fn asks(&self, presented: &[Presented], incoming: Option<&HostChain>, wish: &Wish) -> Rotated {
        rotate(&Scene { evidence: &self.e, presented, incoming }, wish, Leave::default())
    }

    fn adds(&self, incoming: &HostChain) -> Rotated {
        self.asks(&[at("one", &self.old)], Some(incoming), &Wish::Add)
    }

    fn retires(&self, presented: &[Presented], retiring: Retiring) -> Rotated {
        self.asks(presented, Some(&chain(&self.new)), &Wish::Retire(retiring))
    }
}

fn set(rotated: &Rotated) -> Option<Vec<String>> {
    let plan = rotated.plan.as_ref()?;
    let Action::SetThumbprints { thumbprints, provider_arn } = &plan.steps.first()?.action else { return None };
    assert_eq!((plan.steps.len(), plan.cures.as_str(), provider_arn.as_str()), (1, ROTATION, ARN));
    Some(thumbprints.clone())
}

#[track_caller]
fn waits(rotated: &Rotated, for_what: &str) {
    assert!(rotated.plan.is_none(), "{:?}", rotated.plan);
    assert!(rotated.rotation.waits.iter().any(|w| w.contains(for_what)), "{:?}", rotated.rotation);
}

fn late() -> Retiring {
    Retiring { not_before: Some(LONG_AGO), ..Retiring::default() }
}

#[test]
fn the_authority_that_is_to_come_is_added_beside_the_present_one() {
    let mut world = World::new();
    let rotated = world.adds(&chain(&world.new));
    assert_eq!(set(&rotated), Some(vec![taken(&world.old.chain), taken(&world.new.chain)]));
    let step = rotated.plan.as_ref().unwrap().steps[0].clone();
    let back = Action::SetThumbprints { provider_arn: ARN.to_owned(), thumbprints: world.registered() };
    assert_eq!(step.inverse, Some(back));
    assert_eq!(rotated.rotation.stage, Stage::Steady);
    // Once it is there, nothing is left to do of it, whatever the case of its letters.
    let upper = taken(&world.new.chain).to_ascii_uppercase();
    world.register(&[&taken(&world.old.chain), &upper]);
    let again = world.adds(&chain(&world.new));
    assert!(again.plan.is_none() && again.rotation.waits.is_empty(), "{:?}", again.rotation);
    assert!(again.rotation.needless.as_ref().unwrap().contains("registered already"));
    assert_eq!(again.rotation.stage, Stage::Prepared);
    let nothing = world.asks(&[at("one", &world.old)], None, &Wish::Add);
    waits(&nothing, "no chain is given");
}

#[test]
fn a_step_that_is_approved_after_the_switch_says_that_it_is_done() {
    let mut world = World::new();
    world.both();
    let new = taken(&world.new.chain);
    let arrival = |presented: &[Presented]| {
        let rotation = world.asks(presented, None, &Wish::Look).rotation;
        rotation.arrival(&[new.as_str()])
    };
    let (old, fresh) = (|place| at(place, &world.old), |place| at(place, &world.new));
    assert_eq!(arrival(&[old("one"), old("two")]), Arrival::ToCome);
    assert_eq!(arrival(&[old("one"), fresh("two")]), Arrival::Partly);
    assert_eq!(arrival(&[fresh("one"), fresh("two")]), Arrival::Switched);
    assert_eq!(arrival(&[]), Arrival::Unknown);
    let unread =
        Presented { place: "two".to_owned(), chain: Observed::NotCollected { reason: "nobody answers".to_owned() } };
    assert_eq!(arrival(&[old("one"), unread.clone()]), Arrival::Unknown);
    assert_eq!(arrival(&[fresh("one"), unread]), Arrival::Switched, "the old one is presented by nobody that was read");
}

#[test]
fn of_a_chain_that_does_not_verify_nothing_is_registered() {
    let mut world = World::new();
    let stranger = authority("Stranger", HOST).unwrap();
    let elsewhere = authority("New", "elsewhere.example").unwrap();
    let mut roots = (*world.e.roots).clone();
    roots.user.push(elsewhere.root.clone());
    world.e.roots = roots.into();
    let empty = HostChain { host: HOST.to_owned(), port: 443, ..HostChain::default() };
    let shorn = HostChain { chain: world.new.chain[..1].to_vec(), ..chain(&world.new) };
    for bad in [chain(&stranger), chain(&elsewhere), empty, shorn] {
        waits(&world.adds(&bad), "nothing of the incoming chain is registered");
    }
    // A leaf whose time is over, or has not come.
    for now in [-10_000_000_000, 200_000_000_000] {
        world.e.now = now;
        // No server tells another time.
        (world.e.clock, world.e.token) = (Observed::default(), Observed::default());
        waits(&world.adds(&chain(&world.new)), "nothing of the incoming chain is registered");
    }
}

#[test]
fn there_are_never_more_than_five() {
    let mut world = World::new();
    let mut all: Vec<String> = (0..3).map(|n| format!("{n:040x}")).collect();
    all.insert(0, taken(&world.old.chain));
    world.register(&all.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(set(&world.adds(&chain(&world.new))).map(|l| l.len()), Some(5));
    all.push(format!("{:040x}", 9));
    world.register(&all.iter().map(String::as_str).collect::<Vec<_>>());
    let full = world.adds(&chain(&world.new));
    waits(&full, "IAM takes 5 at most");
    waits(&full, &format!("{:040x}", 9));
}

#[test]
fn where_the_library_knows_the_chain_no_thumbprint_is_needed() {
    let mut world = World::new();
    let mut roots = (*world.e.roots).clone();
    roots.library = roots.user.clone();
    world.e.roots = roots.into();
    let rotated = world.adds(&chain(&world.new));
    assert!(rotated.plan.is_none() && rotated.rotation.needless.as_ref().unwrap().contains("its own library"));
    assert_eq!(rotated.rotation.stage, Stage::NotConsulted);
    world.e.trust_model = TrustModel::ThumbprintOnly;
    assert!(set(&world.adds(&chain(&world.new))).is_some());
}

#[test]
fn where_it_stands_is_read_from_the_world() {
    let mut world = World::new();
    let stage = |world: &World, presented: &[Presented], incoming: bool| {
        let new = chain(&world.new);
        world.asks(presented, incoming.then_some(&new), &Wish::Look).rotation.stage
    };
    let (old, new) = (at("one", &world.old), at("two", &world.new));
    assert_eq!(stage(&world, std::slice::from_ref(&old), false), Stage::Steady);
    assert_eq!(stage(&world, std::slice::from_ref(&new), false), Stage::Unregistered);
    assert_eq!(stage(&world, &[old.clone(), new.clone()], false), Stage::Unregistered);
    assert_eq!(stage(&world, &[], false), Stage::Unknown);
    world.both();
    assert_eq!(stage(&world, std::slice::from_ref(&old), false), Stage::Spare);
    assert_eq!(stage(&world, std::slice::from_ref(&old), true), Stage::Prepared);
    assert_eq!(stage(&world, &[old.clone(), new.clone()], true), Stage::Switching);
    assert_eq!(stage(&world, std::slice::from_ref(&new), true), Stage::Switched);
    let gone = Presented { place: "three".to_owned(), chain: Observed::default() };
    assert_eq!(stage(&world, &[new, gone], true), Stage::Unknown);
    world.e.provider = Observed::default().into();
    let unread = world.asks(&[old], None, &Wish::Look);
    assert_eq!(unread.rotation.stage, Stage::Unknown);
    waits(&unread, "the provider was not read");
}

#[test]
fn what_nobody_presents_goes_once_its_time_has_come() {
    let mut world = World::new();
    world.both();
    let new = [at("one", &world.new), at("two", &world.new)];
    let done = world.retires(&new, late());
    assert_eq!(set(&done), Some(vec![taken(&world.new.chain)]));
    let back = Action::SetThumbprints { provider_arn: ARN.to_owned(), thumbprints: world.registered() };
    assert_eq!(done.plan.as_ref().unwrap().steps[0].inverse, Some(back));
    // The chain that went says what is old, and when it may go: this one's certificate is good for centuries.
    let outgoing = Retiring { outgoing: world.old.chain.clone(), ..Retiring::default() };
    waits(&world.retires(&new, outgoing.clone()), "too early: the expiry of the outgoing certificate");
    assert!(set(&world.retires(&new, Retiring { not_before: Some(LONG_AGO), ..outgoing })).is_some());
    // IAM keeps one at least: in the place of the last one comes the one that is presented.
    world.register(&[&taken(&world.old.chain)]);
    let mut roots = (*world.e.roots).clone();
    roots.library.push(world.new.root.clone());
    world.e.roots = roots.into();
    assert_eq!(set(&world.retires(&new, late())), Some(vec![taken(&world.new.chain)]));
}

#[test]
fn nothing_is_retired_too_early_or_on_a_guess() {
    let mut world = World::new();
    world.both();
    let (one, two) = (at("one", &world.new), at("two", &world.old));
    let named = Retiring { old: vec![taken(&world.old.chain)], ..late() };
    waits(&world.retires(&[one.clone(), two], named.clone()), "two still presents");
    let unread = Presented { place: "three".to_owned(), chain: Observed::NotCollected { reason: "silent".into() } };
    waits(&world.retires(&[one.clone(), unread], late()), "three: ");
    waits(&world.retires(&[], late()), "no host of the issuer was read");
    waits(&world.retires(std::slice::from_ref(&one), Retiring::default()), "--not-before");
    let at_the_end = Retiring { not_before: Some(99_999_999_999), ..Retiring::default() };
    waits(&world.retires(std::slice::from_ref(&one), at_the_end), "too early: the time of --not-before");
    let stranger = Retiring { old: vec!["0".repeat(40)], ..late() };
    waits(&world.retires(std::slice::from_ref(&one), stranger), "is not registered");
    // Before the switch nobody presents the incoming one, which is not the old one.
    let guess = Wish::Retire(late());
    waits(&world.asks(&[at("five", &world.old)], None, &guess), "which thumbprint is old is not known");
    // Which of two is old nobody can tell but the user.
    world.register(&[&taken(&world.old.chain), &taken(&world.new.chain), &"a".repeat(40)]);
    waits(&world.retires(std::slice::from_ref(&one), late()), "name what is old");
    let left = set(&world.retires(std::slice::from_ref(&one), named.clone())).unwrap();
    assert_eq!(left, [taken(&world.new.chain), "a".repeat(40)]);
    // What is presented must be registered and verified when the old one is gone.
    world.register(&[&taken(&world.old.chain), &"a".repeat(40)]);
    waits(&world.retires(std::slice::from_ref(&one), named.clone()), "which is not registered");
    world.both();
    let stranger = authority("Stranger", HOST).unwrap();
    waits(&world.retires(&[at("four", &stranger)], named.clone()), "what four presents is not verified");
    // An incoming chain that is given is the one that everybody must present.
    let other = chain(&stranger);
    let rotated = world.asks(std::slice::from_ref(&one), Some(&other), &Wish::Retire(named.clone()));
    waits(&rotated, "does not present the incoming chain");
    // Where STS refuses already, its answer would tell nothing.
    let exchange = world.e.exchange.known_mut().unwrap();
    (exchange.assumed, exchange.code) = (None, Some("AccessDenied".to_owned()));
    waits(&world.retires(&[one], named), "STS refuses already (AccessDenied)");
}

#[test]
fn a_rotation_is_over_when_everything_registered_is_presented() {
    let world = World::new();
    let rotated = world.retires(&[at("one", &world.old)], late());
    assert!(rotated.plan.is_none() && rotated.rotation.waits.is_empty());
    assert!(rotated.rotation.needless.as_ref().unwrap().contains("is presented, by one"));
}

#[test]
fn what_another_tool_keeps_is_left_to_it_unless_forced() {
    let mut world = World::new();
    world.e.provider.known_mut().unwrap().tags.insert("managed-by".to_owned(), "terraform".to_owned());
    let new = chain(&world.new);
    let rotated = world.adds(&new);
    let plan = rotated.plan.as_ref().unwrap();
    assert!(plan.steps.is_empty() && plan.withheld.len() == 1, "{plan:?}");
    assert!(plan.withheld[0].by_hand["terraform"].contains(&taken(&world.new.chain)));
    let presented = [at("one", &world.old)];
    let scene = Scene { evidence: &world.e, presented: &presented, incoming: Some(&new) };
    let forced = rotate(&scene, &Wish::Add, Leave { drift: Drift::Forced, ..Leave::default() });
    assert!(set(&forced).is_some());
}

#[test]
fn a_chain_is_for_the_host_that_it_names() {
    let mut world = World::new();
    let keys = authority("Keys", "keys.corp.example").unwrap();
    let second = HostChain { host: "keys.corp.example".to_owned(), ..chain(&keys) };
    world.e.chains.push(Observed::Known { value: second, source: Source::default() });
    assert_eq!(host_for(&world.e, &keys.chain), Some(("keys.corp.example".to_owned(), 443)));
    assert_eq!(host_for(&world.e, &world.new.chain), Some((HOST.to_owned(), 443)));
    // Where no host was read, the provider tells it.
    world.e.chains = vec![].into();
    world.e.provider.known_mut().unwrap().url = "issuer.corp.example:8443/path".to_owned();
    assert_eq!(host_for(&world.e, &world.new.chain), Some((HOST.to_owned(), 8443)));
}
