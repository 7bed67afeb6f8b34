//! Inventories of a bucket: several, each under its id. Lists are never written.

use super::document::{Collection, is_id};
use crate::domain::object::StorageClass;
use crate::error::{Code, Error, Result};
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::xml::inventory::{
    BucketDestination, InventoryConfiguration, InventoryEncryption, InventoryFilter,
    InventorySchedule, ListInventoryConfigurationsResult, OptionalFields,
};

const INVENTORIES: Collection = Collection {
    prefix: "inventory/",
    missing: Code::NoSuchInventory,
    max: 1000,
    full: Code::InventoryExceedLimit,
};

/// Inventories of a page (errors.md §7).
const PAGE: usize = 100;

/// Most bytes of an id.
const ID_MAX: usize = 255;

/// What lists can tell of an object.
const FIELDS: [&str; 10] = [
    "Size",
    "LastModifiedDate",
    "ETag",
    "StorageClass",
    "IsMultipartUploaded",
    "EncryptionStatus",
    "ObjectAcl",
    "TaggingCount",
    "ObjectType",
    "Crc64",
];

/// What lists of changes can tell besides.
const CHANGE_FIELDS: [&str; 6] = [
    "SequenceNumber",
    "RecordType",
    "RecordTimestamp",
    "Requester",
    "SourceIp",
    "RequestId",
];

/// The id in the query. Node sends capitals and underscores.
fn id(call: &Call) -> Result<&str> {
    let id = call.query().get("inventoryId").unwrap_or_default();
    if is_id(id, ID_MAX, "-_.") {
        Ok(id)
    } else {
        refuse("inventoryId", id, "The inventory id is not valid.")
    }
}

fn refuse<T>(name: &'static str, value: &str, message: &'static str) -> Result<T> {
    Err(Error::invalid_argument(name, value, message))
}

/// PutBucketInventory: adds one. An id that is taken is a conflict, so inventories are never replaced.
pub async fn put(mut call: Call) -> Result<Reply> {
    let document = checked(call.xml().await?)?;
    let id = id(&call)?;
    if document.id != id {
        let message = "The inventory id of the query and of the document differ.";
        return refuse("Id", &document.id, message);
    }

    INVENTORIES
        .update(&call, id, |before| match before {
            None => Ok(Some(document)),
            Some::<InventoryConfiguration>(_) => {
                Err(Code::InventoryConfigurationAlreadyExists.into())
            }
        })
        .await?;

    Ok(reply::empty())
}

/// GetBucketInventory.
pub async fn get(call: Call) -> Result<Reply> {
    let document: InventoryConfiguration = INVENTORIES.get(&call, id(&call)?)?;

    reply::xml(&document)
}

/// ListBucketInventory: pages of 100. Python v1 asserts the code where there is none.
pub async fn list(call: Call) -> Result<Reply> {
    let token = call.query().text("continuation-token", ID_MAX)?;
    let token = token.filter(|token| !token.is_empty());

    let (found, more) = INVENTORIES.page(&call, "", token.unwrap_or_default(), PAGE)?;
    if found.is_empty() && token.is_none() {
        return Err(Code::NoSuchInventory.into());
    }

    let next = found.last().filter(|_| more).map(|(id, _)| id.clone());
    reply::xml(&ListInventoryConfigurationsResult {
        inventory_configuration: found.into_iter().map(|(_, document)| document).collect(),
        is_truncated: more,
        continuation_token: token.map(str::to_owned),
        next_continuation_token: next,
    })
}

/// DeleteBucketInventory.
pub async fn delete(call: Call) -> Result<Reply> {
    INVENTORIES.delete(&call, id(&call)?).await
}

fn checked(mut document: InventoryConfiguration) -> Result<InventoryConfiguration> {
    check_destination(&mut document.destination.oss_bucket_destination)?;
    check_schedule(&document.schedule)?;
    if !matches!(
        document.included_object_versions.as_str(),
        "All" | "Current"
    ) {
        return Err(Code::MalformedXML.into());
    }
    if let Some(filter) = &mut document.filter {
        check_filter(filter)?;
    }
    if let Some(fields) = &document.optional_fields {
        check_fields(fields, &[&FIELDS])?;
    }
    if let Some(changes) = &document.incremental_inventory {
        if changes
            .schedule
            .as_ref()
            .is_some_and(|schedule| schedule.frequency < 1)
        {
            return Err(Code::MalformedXML.into());
        }
        if let Some(fields) = &changes.optional_fields {
            check_fields(fields, &[&FIELDS, &CHANGE_FIELDS])?;
        }
    }
    Ok(document)
}

fn check_destination(destination: &mut BucketDestination) -> Result<()> {
    if !matches!(destination.format.as_str(), "CSV" | "Parquet" | "ORC") {
        return Err(Code::MalformedXML.into());
    }
    let name = destination.bucket.strip_prefix("acs:oss:::");
    if name.is_none_or(str::is_empty) {
        let message = "The destination bucket is not valid.";
        return refuse("Bucket", &destination.bucket, message);
    }
    // Node sends an empty element for none.
    destination.encryption = destination
        .encryption
        .take()
        .filter(|encryption| *encryption != InventoryEncryption::default());
    match &destination.encryption {
        Some(encryption) if encryption.sse_oss.is_some() && encryption.sse_kms.is_some() => {
            Err(Code::MalformedXML.into())
        }
        _ => Ok(()),
    }
}

fn check_schedule(schedule: &InventorySchedule) -> Result<()> {
    let day = match schedule.frequency.as_str() {
        "Daily" | "Weekly" => schedule.day_of_month.is_none(),
        "Monthly" => schedule
            .day_of_month
            .is_none_or(|day| (1..=31).contains(&day)),
        _ => false,
    };
    day.then_some(()).ok_or(Code::MalformedXML.into())
}

/// Storage classes are kept in order and once: Python v1 asserts it.
fn check_filter(filter: &mut InventoryFilter) -> Result<()> {
    let numbers = [
        filter.last_modify_begin_time_stamp,
        filter.last_modify_end_time_stamp,
        filter.lower_size_bound,
        filter.upper_size_bound,
    ];
    if numbers.into_iter().flatten().any(|number| number < 0) {
        return refuse("Filter", "", "The inventory filter is not valid.");
    }
    let Some(text) = &filter.storage_class else {
        return Ok(());
    };
    let mut classes: Vec<&str> = text.split(',').map(str::trim).collect();
    let known = |class: &&str| *class == "All" || StorageClass::parse(class).is_some();
    if !classes.iter().all(known) {
        let message = "The storage class of the inventory filter is not valid.";
        return refuse("StorageClass", text, message);
    }
    classes.sort_unstable();
    classes.dedup();
    filter.storage_class = Some(classes.join(","));
    Ok(())
}

fn check_fields(fields: &OptionalFields, known: &[&[&str]]) -> Result<()> {
    let known = |field: &String| known.iter().any(|names| names.contains(&field.as_str()));
    let all = fields.field.iter().all(known);
    all.then_some(()).ok_or(Code::MalformedXML.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::from_xml;

    const GOOD: &str = "<InventoryConfiguration><Id>i</Id><IsEnabled>True</IsEnabled><Destination><OSSBucketDestination>\
        <Format>CSV</Format><AccountId>1</AccountId><RoleArn>r</RoleArn><Bucket>acs:oss:::b</Bucket><Encryption/>\
        </OSSBucketDestination></Destination><Schedule><Frequency>Daily</Frequency></Schedule>\
        <Filter><StorageClass>Standard,IA</StorageClass><LowerSizeBound>1</LowerSizeBound></Filter>\
        <IncludedObjectVersions>All</IncludedObjectVersions><OptionalFields><Field>Size</Field></OptionalFields>\
        </InventoryConfiguration>";

    #[test]
    fn documents_are_checked() {
        let check = |text: &str| checked(from_xml(text.as_bytes()).expect(text));
        let kept = check(GOOD).unwrap();
        let filter = kept.filter.unwrap();
        assert_eq!(filter.storage_class.as_deref(), Some("IA,Standard"));
        let destination = kept.destination.oss_bucket_destination;
        assert_eq!(destination.encryption, None);
        let both = "<Encryption><SSE-OSS/><SSE-KMS><KeyId>k</KeyId></SSE-KMS></Encryption>";
        let bad = [
            ("CSV", "PDF", Code::MalformedXML),
            ("acs:oss:::b", "b", Code::InvalidArgument),
            ("<Encryption/>", both, Code::MalformedXML),
            ("Daily", "Hourly", Code::MalformedXML),
            ("Standard,IA", "Standard,Odd", Code::InvalidArgument),
            (
                ">1</LowerSizeBound>",
                ">-1</LowerSizeBound>",
                Code::InvalidArgument,
            ),
            (">All<", ">Some<", Code::MalformedXML),
            (
                "<Field>Size</Field>",
                "<Field>Odd</Field>",
                Code::MalformedXML,
            ),
        ];
        for (old, new, code) in bad {
            assert!(GOOD.contains(old), "{old}");
            let refused = check(&GOOD.replace(old, new)).unwrap_err();
            assert_eq!(refused.code(), code, "{new}");
        }
    }
}
