//! Changes of a bucket's redundancy. Redundancy is a word in the bucket's record here, so a change is done at once, and
//! its task is finished when it is first seen.

use super::document::{self, Kind};
use crate::domain::bucket::Redundancy;
use crate::error::{Code, Error, Result};
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::store::{Bucket, BucketListQuery, BucketSettings};
use crate::xml::stored::{BucketDataRedundancyTransition, ListBucketDataRedundancyTransition};

/// There is at most one: the only way is from LRS to ZRS, and there is none back.
const TASK: Kind = Kind::new(
    "redundancy-transition",
    Code::NoSuchBucketDataRedundancyTransition,
);

/// Buckets of one page unless asked otherwise.
const PAGE_DEFAULT: usize = 100;
/// Most buckets of one page.
const PAGE_MAX: usize = 100;

/// CreateBucketDataRedundancyTransition.
pub async fn create(call: Call) -> Result<Reply> {
    let target = call
        .query()
        .get("x-oss-target-redundancy-type")
        .unwrap_or_default();
    if target != "ZRS" || call.bucket()?.settings.redundancy == Redundancy::Zrs {
        let message = "The target redundancy type is not valid.";
        return Err(Error::invalid_argument(
            "x-oss-target-redundancy-type",
            target,
            message,
        ));
    }

    let mut random = [0; 16];
    call.app().ids().fill(&mut random);
    let now = call.now().floor_to_second().iso8601();
    let task = BucketDataRedundancyTransition {
        bucket: call.bucket_name()?.as_str().to_owned(),
        task_id: hex::encode(random),
        status: "Finished".to_owned(),
        create_time: now.clone(),
        start_time: now.clone(),
        end_time: now,
        process_percentage: 100,
        estimated_remaining_time: 0,
    };
    // In this order a crash in between leaves a task to find and the same request to repeat.
    TASK.put(&call, &task).await?;
    let change = |settings: &mut BucketSettings| {
        settings.redundancy = Redundancy::Zrs;
        Ok::<_, Error>(())
    };
    call.store()
        .update_bucket(call.bucket_name()?, change)
        .await?;

    reply::xml(&task)
}

fn task(call: &Call, bucket: &Bucket) -> Result<Option<BucketDataRedundancyTransition>> {
    document::stored(call.store(), bucket, &TASK)
}

/// The bucket's task, if the query names it.
fn named(call: &Call) -> Result<Option<BucketDataRedundancyTransition>> {
    let id = call.query().get("x-oss-redundancy-transition-taskid");
    Ok(task(call, call.bucket()?)?.filter(|task| Some(task.task_id.as_str()) == id))
}

/// GetBucketDataRedundancyTransition.
pub async fn get(call: Call) -> Result<Reply> {
    let task = named(&call)?.ok_or(Code::NoSuchBucketDataRedundancyTransition)?;

    reply::xml(&task)
}

/// ListBucketDataRedundancyTransition.
pub async fn list(call: Call) -> Result<Reply> {
    reply::xml(&ListBucketDataRedundancyTransition {
        bucket_data_redundancy_transition: Vec::from_iter(task(&call, call.bucket()?)?),
        ..ListBucketDataRedundancyTransition::default()
    })
}

/// ListUserDataRedundancyTransition: the tasks of the caller's buckets, by bucket.
pub async fn list_user(call: Call) -> Result<Reply> {
    let query = call.query();
    let owner = call.identity().uid().ok_or(Code::AccessDenied)?;
    let mut token = query
        .text("continuation-token", 63)?
        .unwrap_or_default()
        .to_owned();
    let max = query.number("max-keys", 1..=PAGE_MAX)?;
    let max = max.unwrap_or(PAGE_DEFAULT);

    let mut tasks = Vec::new();
    loop {
        let page = call.store().list_buckets(&BucketListQuery {
            owner: owner.to_owned(),
            marker: token,
            max: 1000,
            ..BucketListQuery::default()
        })?;
        for bucket in page.buckets {
            tasks.extend(task(&call, &bucket)?);
        }
        match page.next {
            Some(next) if tasks.len() <= max => token = next,
            _ => break,
        }
    }
    let more = tasks.len() > max;
    tasks.truncate(max);
    let next = tasks
        .last()
        .filter(|_| more)
        .map(|task| task.bucket.clone());
    reply::xml(&ListBucketDataRedundancyTransition {
        is_truncated: more,
        next_continuation_token: next.unwrap_or_default(),
        bucket_data_redundancy_transition: tasks,
    })
}

/// DeleteBucketDataRedundancyTransition: forgets the task. What it did stays.
pub async fn delete(call: Call) -> Result<Reply> {
    match named(&call)? {
        Some(_) => TASK.delete(&call).await,
        None => Ok(reply::no_content()),
    }
}
