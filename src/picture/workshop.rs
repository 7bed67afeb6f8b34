//! How many pictures are worked on at once, and how many bytes of finished ones wait for slow readers.

use super::{Error, Plan, Result};
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Pictures in work at once. One of [`super::DECODED_PIXELS_MAX`] takes some 500 MiB at its worst (measured).
const TURNS: usize = 2;

/// Mebibytes of finished pictures that are not yet sent. One of [`super::DECODED_PIXELS_MAX`] has at most 160.
const SHELF_MIB: u32 = 256;

const MIB: usize = 1024 * 1024;

/// Where pictures are made. Nothing is kept between them.
#[derive(Debug)]
pub struct Workshop {
    turns: Arc<Semaphore>,
    shelf: Arc<Semaphore>,
}

impl Default for Workshop {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(TURNS)),
            shelf: Arc::new(Semaphore::new(SHELF_MIB as usize)),
        }
    }
}

/// The right to hold a source in memory and to work on it.
#[derive(Debug)]
pub struct Turn {
    permit: OwnedSemaphorePermit,
    shelf: Arc<Semaphore>,
}

/// What comes of a plan, with its place on the shelf, which is free again when this is dropped.
#[derive(Debug)]
pub struct Finished {
    /// The picture, or the JSON text that was asked for.
    pub bytes: Bytes,
    /// Its type.
    pub content_type: &'static str,
    place: Option<OwnedSemaphorePermit>,
}

impl Workshop {
    /// Waits for a turn, in order of asking.
    pub async fn turn(&self) -> Result<Turn> {
        Ok(Turn {
            permit: acquire(&self.turns, 1).await?,
            shelf: Arc::clone(&self.shelf),
        })
    }
}

async fn acquire(semaphore: &Arc<Semaphore>, count: u32) -> Result<OwnedSemaphorePermit> {
    let permit = Arc::clone(semaphore).acquire_many_owned(count).await;
    permit.map_err(|error| Error::Broken(error.to_string()))
}

impl Turn {
    /// Runs the plan on a thread of its own. The turn lasts until the work is done, also where nobody waits for it any
    /// more, and until the result has its place.
    pub async fn work(self, plan: Plan, source: Vec<u8>) -> Result<Finished> {
        let Self { permit, shelf } = self;
        let work = move || (plan.run(&source), permit);
        let (outcome, permit) = tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Error::Broken(error.to_string()))?;
        let outcome = outcome?;
        // Small results are like any other answer.
        let size = u32::try_from(outcome.bytes.len() / MIB).unwrap_or(SHELF_MIB);
        let place = match size.min(SHELF_MIB) {
            0 => None,
            size => Some(acquire(&shelf, size).await?),
        };
        drop(permit);
        Ok(Finished {
            bytes: outcome.bytes.into(),
            content_type: outcome.content_type,
            place,
        })
    }
}

impl Finished {
    /// Pieces in order. The place is held until the last one is taken.
    pub fn pieces(self) -> impl Iterator<Item = Bytes> + Send {
        const PIECE: usize = 64 * 1024;
        let Self {
            mut bytes, place, ..
        } = self;
        std::iter::from_fn(move || {
            let _held = &place;
            (!bytes.is_empty()).then(|| bytes.split_to(PIECE.min(bytes.len())))
        })
    }
}
