//! What each key may hold: the states that were asked for, oldest first, and when each was acknowledged.
//!
//! Each key belongs to one client, which has one request under way at most. So after a cut a key holds the last state that
//! was acknowledged before it, or one that was asked for later; anything else is a loss or an invention.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A state that was asked for, and when it was acknowledged.
#[derive(Clone, Debug)]
pub struct Fact<S> {
    state: S,
    acknowledged: Option<Instant>,
}

/// The facts of all keys at one moment.
pub type Snapshot<S> = BTreeMap<String, Vec<Fact<S>>>;

/// The facts of all clients of a load.
pub struct Facts<S> {
    clients: Vec<Mutex<Snapshot<S>>>,
    acknowledged: AtomicU64,
}

impl<S: Clone + Sync + Send> Facts<S> {
    /// Facts of clients with these keys, each in the state `nothing`.
    pub fn new(clients: impl Iterator<Item = Vec<String>>, nothing: &S) -> Self {
        let of = |keys: Vec<String>| {
            let facts = keys.into_iter().map(|key| (key, certain(nothing.clone())));
            Mutex::new(facts.collect())
        };
        Self {
            clients: clients.map(of).collect(),
            acknowledged: AtomicU64::new(0),
        }
    }

    /// Acknowledged writes so far.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// How many clients there are.
    pub fn clients(&self) -> usize {
        self.clients.len()
    }

    /// Runs `client`, which makes the steps of a client, for each of them, until `stop` or until a step finds the server gone.
    pub fn run<C: FnMut() -> io::Result<()>>(
        &self,
        stop: &AtomicBool,
        client: impl Fn(usize) -> C + Sync,
    ) {
        std::thread::scope(|scope| {
            for number in 0..self.clients.len() {
                let client = &client;
                scope.spawn(move || {
                    let mut act = client(number);
                    // The server dies in the middle of things: that ends the client, and is what the test is about.
                    while !stop.load(Ordering::Relaxed) && act().is_ok() {}
                });
            }
        });
    }

    /// The keys of a client.
    pub fn keys(&self, client: usize) -> Vec<String> {
        lock(&self.clients[client]).keys().cloned().collect()
    }

    /// The newest state of a key.
    pub fn current(&self, client: usize, key: &str) -> S {
        let facts = lock(&self.clients[client]);
        let newest = facts.get(key).and_then(|facts| facts.last());
        newest.expect("a key of this client").state.clone()
    }

    /// Notes what is about to be asked for.
    pub fn intend(&self, client: usize, key: &str, state: S) {
        let mut facts = lock(&self.clients[client]);
        facts
            .get_mut(key)
            .expect("a key of this client")
            .push(Fact {
                state,
                acknowledged: None,
            });
    }

    /// Notes that it was acknowledged, and with `complete` what only the answer told.
    pub fn confirm(&self, client: usize, key: &str, complete: impl FnOnce(&mut S)) {
        let mut facts = lock(&self.clients[client]);
        let newest = facts.get_mut(key).and_then(|facts| facts.last_mut());
        let newest = newest.expect("an intent");
        complete(&mut newest.state);
        newest.acknowledged = Some(Instant::now());
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
    }

    /// The facts as they are now, for a cut at `cut`, which is past. What was replaced before it is forgotten, or a long load
    /// would keep every byte that it ever wrote.
    pub fn snapshot(&self, cut: Instant) -> Snapshot<S> {
        let mut all = Snapshot::new();
        for client in &self.clients {
            let mut facts = lock(client);
            for facts in facts.values_mut() {
                facts.drain(..last_certain(facts, cut));
            }
            all.extend(facts.clone());
        }
        all
    }

    /// Takes what was found for what is there.
    pub fn adopt(&self, key: &str, state: &S) {
        for client in &self.clients {
            if let Some(facts) = lock(client).get_mut(key) {
                *facts = certain(state.clone());
            }
        }
    }
}

/// The states that a key may have after a cut at `cut`.
pub fn allowed<S>(facts: &[Fact<S>], cut: Instant) -> impl Iterator<Item = &S> + Clone {
    facts[last_certain(facts, cut)..]
        .iter()
        .map(|fact| &fact.state)
}

fn last_certain<S>(facts: &[Fact<S>], cut: Instant) -> usize {
    facts
        .iter()
        .rposition(|fact| fact.acknowledged.is_some_and(|at| at < cut))
        .unwrap_or(0)
}

fn certain<S>(state: S) -> Vec<Fact<S>> {
    vec![Fact {
        state,
        acknowledged: Some(Instant::now()),
    }]
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
