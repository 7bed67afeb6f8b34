//! Bandwidth, request rates and capacity: limits that are stored and returned, and resource pools, of which there are
//! none.

use super::bucket::location;
use super::document::{Collection, Document, Kind, is_id};
use crate::error::{Code, Error, Result};
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::xml::qos::{
    BucketUserQos, ListBucketRequesterQosInfosResult, ListResourcePoolsResult, QosConfiguration,
    RequesterQosInfo, UserQosInfo,
};

/// What an account has by default, up and down, in Gbit/s.
const ACCOUNT_BANDWIDTH: i64 = 10;
/// No limit.
const UNLIMITED: i64 = -1;

/// GetUserQoSInfo: the limits of an account that never asked for others.
pub async fn get_user(call: Call) -> Result<Reply> {
    reply::xml(&UserQosInfo {
        region: location(&call.app().config().region),
        total_upload_bandwidth: ACCOUNT_BANDWIDTH,
        intranet_upload_bandwidth: UNLIMITED,
        extranet_upload_bandwidth: UNLIMITED,
        total_download_bandwidth: ACCOUNT_BANDWIDTH,
        intranet_download_bandwidth: UNLIMITED,
        extranet_download_bandwidth: UNLIMITED,
        total_qps: UNLIMITED,
        intranet_qps: UNLIMITED,
        extranet_qps: UNLIMITED,
    })
}

impl Document for QosConfiguration {
    const KIND: Kind = Kind::new("qos", Code::NoSuchBucketQosInfo);

    /// A bucket's bandwidth is part of its account's.
    fn checked(self) -> Result<Self> {
        check_limits(&self, ACCOUNT_BANDWIDTH)?;
        Ok(self)
    }
}

/// Every limit is -1 or more, the parts fit into their total, and the totals of bandwidth into `bandwidth_max`.
fn check_limits(limits: &QosConfiguration, bandwidth_max: i64) -> Result<()> {
    let groups = [
        (
            "UploadBandwidth",
            bandwidth_max,
            limits.total_upload_bandwidth,
            [
                limits.intranet_upload_bandwidth,
                limits.extranet_upload_bandwidth,
            ],
        ),
        (
            "DownloadBandwidth",
            bandwidth_max,
            limits.total_download_bandwidth,
            [
                limits.intranet_download_bandwidth,
                limits.extranet_download_bandwidth,
            ],
        ),
        (
            "Qps",
            i64::MAX,
            limits.total_qps,
            [limits.intranet_qps, limits.extranet_qps],
        ),
    ];
    for (name, max, total, parts) in groups {
        let bound = if total == UNLIMITED { max } else { total };
        let wrong = |value: i64, bound: i64| !(UNLIMITED..=bound).contains(&value);
        let bad = parts.into_iter().find(|part| wrong(*part, bound));
        if let Some(value) = bad.or_else(|| wrong(total, max).then_some(total)) {
            let message = "The qos limit is out of range.";
            return Err(Error::invalid_argument(name, value.to_string(), message));
        }
    }
    Ok(())
}

impl Document for BucketUserQos {
    const KIND: Kind = Kind::new("capacity", Code::InternalError);

    fn checked(self) -> Result<Self> {
        if self.storage_capacity < UNLIMITED {
            let value = self.storage_capacity.to_string();
            let message = "The storage capacity is not valid.";
            return Err(Error::invalid_argument("StorageCapacity", value, message));
        }
        Ok(self)
    }

    /// Python v1 asserts it.
    fn unset() -> Option<Self> {
        Some(Self {
            storage_capacity: UNLIMITED,
        })
    }
}

const REQUESTERS: Collection = Collection {
    prefix: "requester-qos/",
    missing: Code::NoSuchBucketQosInfo,
    max: 1000,
    full: Code::InvalidArgument,
};

/// Requesters of one page unless asked otherwise.
const PAGE_DEFAULT: usize = 100;
/// Most requesters of one page.
const PAGE_MAX: usize = 1000;

/// The requester's uid.
fn requester(call: &Call) -> Result<String> {
    let uid = call.query().get("qosRequester").unwrap_or_default();
    if is_id(uid, 64, "") {
        Ok(uid.to_owned())
    } else {
        let message = "The requester is not valid.";
        Err(Error::invalid_argument("qosRequester", uid, message))
    }
}

/// PutBucketRequesterQoSInfo.
pub async fn put_requester(mut call: Call) -> Result<Reply> {
    let requester = requester(&call)?;
    let limits: QosConfiguration = call.xml().await?;
    check_limits(&limits, i64::MAX)?;

    let id = requester.clone();
    REQUESTERS
        .update(&call, &id, move |_: Option<RequesterQosInfo>| {
            Ok(Some(RequesterQosInfo {
                requester,
                qos_configuration: limits,
            }))
        })
        .await?;

    Ok(reply::empty())
}

/// GetBucketRequesterQoSInfo.
pub async fn get_requester(call: Call) -> Result<Reply> {
    let info: RequesterQosInfo = REQUESTERS.get(&call, &requester(&call)?)?;

    reply::xml(&info)
}

/// ListBucketRequesterQoSInfos.
pub async fn list_requesters(call: Call) -> Result<Reply> {
    let query = call.query();
    let token = query.text("continuation-token", 64)?.unwrap_or_default();
    let max = query.number("max-keys", 1..=PAGE_MAX)?;

    let (found, more) = REQUESTERS.page(&call, "", token, max.unwrap_or(PAGE_DEFAULT))?;

    let next = found.last().filter(|_| more).map(|(uid, _)| uid.clone());
    reply::xml(&ListBucketRequesterQosInfosResult {
        bucket: call.bucket_name()?.as_str().to_owned(),
        continuation_token: token.to_owned(),
        next_continuation_token: next.unwrap_or_default(),
        is_truncated: more,
        requester_qos_info: found.into_iter().map(|(_, info)| info).collect(),
    })
}

/// DeleteBucketRequesterQoSInfo.
pub async fn delete_requester(call: Call) -> Result<Reply> {
    REQUESTERS.delete(&call, &requester(&call)?).await
}

/// ListResourcePools: an account has none unless the service sets one up for it.
pub async fn list_pools(call: Call) -> Result<Reply> {
    let token = call.query().text("continuation-token", 1023)?;

    reply::xml(&ListResourcePoolsResult {
        region: call.app().config().region.clone(),
        owner: call.identity().uid().unwrap_or_default().to_owned(),
        continuation_token: token.unwrap_or_default().to_owned(),
        ..ListResourcePoolsResult::default()
    })
}

/// Every operation on one resource pool: there are none.
pub async fn no_pool(_call: Call) -> Result<Reply> {
    Err(Code::NoSuchResourcePool.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_fit_into_each_other() {
        let all = QosConfiguration::UNLIMITED;
        let good = [
            all,
            QosConfiguration {
                total_upload_bandwidth: 10,
                intranet_upload_bandwidth: 2,
                extranet_qps: 9_000,
                ..all
            },
        ];
        for limits in good {
            assert!(limits.checked().is_ok(), "{limits:?}");
        }
        let bad = [
            QosConfiguration {
                total_upload_bandwidth: 11,
                ..all
            },
            QosConfiguration {
                extranet_upload_bandwidth: 11,
                ..all
            },
            QosConfiguration {
                total_download_bandwidth: 10,
                intranet_download_bandwidth: 11,
                ..all
            },
            QosConfiguration {
                total_qps: 5,
                extranet_qps: 6,
                ..all
            },
            QosConfiguration {
                total_qps: -2,
                ..all
            },
            QosConfiguration {
                intranet_qps: -2,
                ..all
            },
        ];
        for limits in bad {
            let code = limits.checked().unwrap_err().code();
            assert_eq!(code, Code::InvalidArgument, "{limits:?}");
        }
    }
}
