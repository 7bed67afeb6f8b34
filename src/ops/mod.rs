//! The operations: one row each. Routing, permission, body limit and the README matrix come from here.
//!
//! Adding one: a row, a handler in its family's file, its documents in `xml`, its store method, and a test.

pub mod acl;
pub mod append;
pub mod bucket;
pub mod bucket_config;
pub mod callback;
pub mod cname;
pub mod copy;
pub mod cors;
pub mod delete;
mod document;
pub mod inventory;
pub mod lifecycle;
pub mod list;
pub mod live_channel;
pub mod multipart;
pub mod object;
pub mod policy;
pub mod post_object;
pub mod process;
pub mod qos;
pub mod redundancy;
pub mod replication;
pub mod restore;
pub mod retention;
pub mod service;
mod stored;
pub mod sts;
pub mod style;
pub mod symlink;
pub mod tagging;
pub mod versioning;
pub mod website;
pub mod worm;

use crate::auth::Access;
use crate::error::{Code, Error, Result};
use crate::http::address::Scope;
use crate::http::reply::Reply;
use crate::operation::Selector::{ContentType, Header, Query, QueryValue};
use crate::operation::Support::{Full, No, Partial};
use crate::operation::{BodyRule, Call, Operation};
use crate::xml::qos::{BucketUserQos, QosConfiguration};
use crate::xml::stored::{
    ArchiveDirectReadConfiguration, BucketCallbackPolicy, HttpsConfiguration,
    OverwriteConfiguration, ResponseHeaderConfiguration, UserDefinedLogFieldsConfiguration,
};
use http::Method;
use std::fmt::Write as _;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

macro_rules! operations {
    ($($name:ident, $method:ident, $scope:ident, [$($selector:expr),*], $access:ident, $action:literal,
        $body:ident $(($limit:expr))?, $support:expr, $family:literal, $handler:path;)*) => {
        /// Every operation of the service (operations.md), whether offered or not.
        pub static OPERATIONS: &[Operation] = &[$(Operation {
            name: stringify!($name),
            method: Method::$method,
            scope: Scope::$scope,
            selectors: &[$($selector),*],
            access: Access::$access,
            action: $action,
            body: BodyRule::$body $(($limit))?,
            support: $support,
            family: $family,
            handler: |call| Box::pin($handler(call)),
        },)*];
    };
}

#[rustfmt::skip]
operations! {
    // name, method, scope, selectors, access, RAM action, body, support, family, handler
    // Service
    ListBuckets, GET, Service, [], ListBuckets, "oss:ListBuckets", None, Full, "Service", service::list_buckets;
    DescribeRegions, GET, Service, [Query("regions")], ListBuckets, "oss:DescribeRegions", None, Full, "Service", service::describe_regions;
    GetPublicAccessBlock, GET, Service, [Query("publicAccessBlock")], ListBuckets, "oss:GetPublicAccessBlock", None, Full, "Service", service::get_public_access_block;
    PutPublicAccessBlock, PUT, Service, [Query("publicAccessBlock")], ListBuckets, "oss:PutPublicAccessBlock", Document(64 * KIB), Full, "Service", service::put_public_access_block;
    DeletePublicAccessBlock, DELETE, Service, [Query("publicAccessBlock")], ListBuckets, "oss:DeletePublicAccessBlock", None, Full, "Service", service::delete_public_access_block;
    ListUserDataRedundancyTransition, GET, Service, [Query("redundancyTransition")], ListBuckets, "oss:ListUserDataRedundancyTransition", None, Partial("tasks are done at once"), "Service", redundancy::list_user;
    GetUserQoSInfo, GET, Service, [Query("qosInfo")], ListBuckets, "oss:GetUserQoSInfo", None, Partial("the default limits of an account; nothing is throttled"), "Service", qos::get_user;
    ListResourcePools, GET, Service, [Query("resourcePool")], ListBuckets, "oss:ListResourcePools", None, Partial("there are no resource pools"), "Service", qos::list_pools;
    GetResourcePoolInfo, GET, Service, [Query("resourcePoolInfo"), Query("resourcePool")], ListBuckets, "oss:GetResourcePoolInfo", None, Partial("there are no resource pools"), "Service", qos::no_pool;
    ListResourcePoolBuckets, GET, Service, [Query("resourcePoolBuckets"), Query("resourcePool")], ListBuckets, "oss:ListResourcePoolBuckets", None, Partial("there are no resource pools"), "Service", qos::no_pool;
    PutResourcePoolRequesterQoSInfo, PUT, Service, [Query("requesterQosInfo"), Query("qosRequester")], ListBuckets, "oss:PutResourcePoolRequesterQoSInfo", Document(64 * KIB), Partial("there are no resource pools"), "Service", qos::no_pool;
    GetResourcePoolRequesterQoSInfo, GET, Service, [Query("requesterQosInfo"), Query("qosRequester")], ListBuckets, "oss:GetResourcePoolRequesterQoSInfo", None, Partial("there are no resource pools"), "Service", qos::no_pool;
    DeleteResourcePoolRequesterQoSInfo, DELETE, Service, [Query("requesterQosInfo"), Query("qosRequester")], ListBuckets, "oss:DeleteResourcePoolRequesterQoSInfo", None, Partial("there are no resource pools"), "Service", qos::no_pool;
    ListResourcePoolRequesterQoSInfos, GET, Service, [Query("requesterQosInfo"), Query("resourcePool")], ListBuckets, "oss:ListResourcePoolRequesterQoSInfos", None, Partial("there are no resource pools"), "Service", qos::no_pool;
    CreateVpcip, POST, Service, [Query("vpcip")], ListBuckets, "oss:CreateVpcip", Document(64 * KIB), No, "Service", unsupported;
    ListVpcip, GET, Service, [Query("vpcip")], ListBuckets, "oss:ListVpcip", None, No, "Service", unsupported;
    DeleteVpcip, DELETE, Service, [Query("vpcip")], ListBuckets, "oss:DeleteVpcip", None, No, "Service", unsupported;
    ListCloudBoxes, GET, Service, [Query("cloudboxes")], ListBuckets, "oss:ListCloudBoxes", None, Partial("there are no cloud boxes"), "Service", service::list_cloud_boxes;
    AssumeRole, GET, Service, [Query("Action")], Form, "sts:AssumeRole", Document(64 * KIB), Full, "Service", sts::assume_role;
    AssumeRoleByPost, POST, Service, [Query("Action")], Form, "sts:AssumeRole", Document(64 * KIB), Full, "Service", sts::assume_role;
    AssumeRoleByForm, POST, Service, [ContentType("application/x-www-form-urlencoded")], Form, "sts:AssumeRole", Document(64 * KIB), Full, "Service", sts::assume_role;
    // Bucket
    PutBucket, PUT, Bucket, [], CreateBucket, "oss:PutBucket", Document(64 * KIB), Full, "Bucket", bucket::put;
    DeleteBucket, DELETE, Bucket, [], BucketOwner, "oss:DeleteBucket", None, Full, "Bucket", bucket::delete;
    HeadBucket, HEAD, Bucket, [], BucketOwner, "oss:GetBucketInfo", None, Full, "Bucket", bucket::head;
    GetBucketInfo, GET, Bucket, [Query("bucketInfo")], BucketOwner, "oss:GetBucketInfo", None, Full, "Bucket", bucket::info;
    GetBucketLocation, GET, Bucket, [Query("location")], BucketOwner, "oss:GetBucketLocation", None, Full, "Bucket", bucket::get_location;
    GetBucketStat, GET, Bucket, [Query("stat")], BucketOwner, "oss:GetBucketStat", None, Full, "Bucket", bucket::stat;
    PutBucketAcl, PUT, Bucket, [Query("acl")], BucketOwner, "oss:PutBucketAcl", None, Full, "Bucket", acl::put_bucket;
    GetBucketAcl, GET, Bucket, [Query("acl")], BucketOwner, "oss:GetBucketAcl", None, Full, "Bucket", acl::get_bucket;
    ListObjects, GET, Bucket, [], List, "oss:ListObjects", None, Full, "Bucket", list::objects;
    ListObjectsV2, GET, Bucket, [QueryValue("list-type", "2")], List, "oss:ListObjects", None, Full, "Bucket", list::objects_v2;
    PutBucketVersioning, PUT, Bucket, [Query("versioning")], BucketOwner, "oss:PutBucketVersioning", Document(64 * KIB), Full, "Bucket", versioning::put;
    GetBucketVersioning, GET, Bucket, [Query("versioning")], BucketOwner, "oss:GetBucketVersioning", None, Full, "Bucket", versioning::get;
    ListObjectVersions, GET, Bucket, [Query("versions")], List, "oss:ListObjectVersions", None, Full, "Bucket", list::versions;
    PutBucketRequestPayment, PUT, Bucket, [Query("requestPayment")], BucketOwner, "oss:PutBucketRequestPayment", Document(64 * KIB), Full, "Bucket", bucket_config::put_request_payment;
    GetBucketRequestPayment, GET, Bucket, [Query("requestPayment")], BucketOwner, "oss:GetBucketRequestPayment", None, Full, "Bucket", bucket_config::get_request_payment;
    // Bucket configuration
    PutBucketLifecycle, PUT, Bucket, [Query("lifecycle")], BucketOwner, "oss:PutBucketLifecycle", Document(2 * MIB), Partial("rules by last access are kept, not executed"), "Bucket configuration", lifecycle::put_lifecycle;
    GetBucketLifecycle, GET, Bucket, [Query("lifecycle")], BucketOwner, "oss:GetBucketLifecycle", None, Full, "Bucket configuration", lifecycle::get_lifecycle;
    DeleteBucketLifecycle, DELETE, Bucket, [Query("lifecycle")], BucketOwner, "oss:DeleteBucketLifecycle", None, Full, "Bucket configuration", lifecycle::delete_lifecycle;
    PutBucketCors, PUT, Bucket, [Query("cors")], BucketOwner, "oss:PutBucketCors", Document(64 * KIB), Full, "Bucket configuration", cors::put_cors;
    GetBucketCors, GET, Bucket, [Query("cors")], BucketOwner, "oss:GetBucketCors", None, Full, "Bucket configuration", cors::get_cors;
    DeleteBucketCors, DELETE, Bucket, [Query("cors")], BucketOwner, "oss:DeleteBucketCors", None, Full, "Bucket configuration", cors::delete_cors;
    OptionObject, OPTIONS, Object, [], Public, "oss:OptionObject", None, Full, "Bucket configuration", cors::preflight;
    OptionBucket, OPTIONS, Bucket, [], Public, "oss:OptionObject", None, Full, "Bucket configuration", cors::preflight;
    PutBucketWebsite, PUT, Bucket, [Query("website")], BucketOwner, "oss:PutBucketWebsite", Document(64 * KIB), Partial("index and error pages; routing rules are stored and not followed"), "Bucket configuration", website::put;
    GetBucketWebsite, GET, Bucket, [Query("website")], BucketOwner, "oss:GetBucketWebsite", None, Partial("index and error pages; routing rules are stored and not followed"), "Bucket configuration", website::get;
    DeleteBucketWebsite, DELETE, Bucket, [Query("website")], BucketOwner, "oss:DeleteBucketWebsite", None, Partial("index and error pages; routing rules are stored and not followed"), "Bucket configuration", website::delete;
    PutBucketReferer, PUT, Bucket, [Query("referer")], BucketOwner, "oss:PutBucketReferer", Document(64 * KIB), Partial("stored and returned; not enforced"), "Bucket configuration", bucket_config::put_referer;
    GetBucketReferer, GET, Bucket, [Query("referer")], BucketOwner, "oss:GetBucketReferer", None, Partial("stored and returned; not enforced"), "Bucket configuration", bucket_config::get_referer;
    PutBucketLogging, PUT, Bucket, [Query("logging")], BucketOwner, "oss:PutBucketLogging", Document(64 * KIB), Partial("stored and returned; no log objects are written"), "Bucket configuration", bucket_config::put_logging;
    GetBucketLogging, GET, Bucket, [Query("logging")], BucketOwner, "oss:GetBucketLogging", None, Partial("stored and returned; no log objects are written"), "Bucket configuration", bucket_config::get_logging;
    DeleteBucketLogging, DELETE, Bucket, [Query("logging")], BucketOwner, "oss:DeleteBucketLogging", None, Partial("stored and returned; no log objects are written"), "Bucket configuration", bucket_config::delete_logging;
    PutBucketUserDefinedLogFieldsConfig, PUT, Bucket, [Query("userDefinedLogFieldsConfig")], BucketOwner, "oss:PutBucketUserDefinedLogFieldsConfig", Document(64 * KIB), Partial("stored and returned; no log objects are written"), "Bucket configuration", document::put::<UserDefinedLogFieldsConfiguration>;
    GetBucketUserDefinedLogFieldsConfig, GET, Bucket, [Query("userDefinedLogFieldsConfig")], BucketOwner, "oss:GetBucketUserDefinedLogFieldsConfig", None, Partial("stored and returned; no log objects are written"), "Bucket configuration", document::get::<UserDefinedLogFieldsConfiguration>;
    DeleteBucketUserDefinedLogFieldsConfig, DELETE, Bucket, [Query("userDefinedLogFieldsConfig")], BucketOwner, "oss:DeleteBucketUserDefinedLogFieldsConfig", None, Partial("stored and returned; no log objects are written"), "Bucket configuration", document::delete::<UserDefinedLogFieldsConfiguration>;
    PutBucketEncryption, PUT, Bucket, [Query("encryption")], BucketOwner, "oss:PutBucketEncryption", Document(64 * KIB), Partial("marks objects; bytes at rest are not encrypted"), "Bucket configuration", bucket_config::put_encryption;
    GetBucketEncryption, GET, Bucket, [Query("encryption")], BucketOwner, "oss:GetBucketEncryption", None, Partial("marks objects; bytes at rest are not encrypted"), "Bucket configuration", bucket_config::get_encryption;
    DeleteBucketEncryption, DELETE, Bucket, [Query("encryption")], BucketOwner, "oss:DeleteBucketEncryption", None, Partial("marks objects; bytes at rest are not encrypted"), "Bucket configuration", bucket_config::delete_encryption;
    PutBucketPolicy, PUT, Bucket, [Query("policy")], BucketOwner, "oss:PutBucketPolicy", Document(64 * KIB), Full, "Bucket configuration", policy::put_policy;
    GetBucketPolicy, GET, Bucket, [Query("policy")], BucketOwner, "oss:GetBucketPolicy", None, Full, "Bucket configuration", policy::get_policy;
    DeleteBucketPolicy, DELETE, Bucket, [Query("policy")], BucketOwner, "oss:DeleteBucketPolicy", None, Full, "Bucket configuration", policy::delete_policy;
    GetBucketPolicyStatus, GET, Bucket, [Query("policyStatus")], BucketOwner, "oss:GetBucketPolicyStatus", None, Full, "Bucket configuration", policy::status;
    PutBucketTags, PUT, Bucket, [Query("tagging")], BucketOwner, "oss:PutBucketTags", Document(64 * KIB), Full, "Bucket configuration", bucket_config::put_tags;
    GetBucketTags, GET, Bucket, [Query("tagging")], BucketOwner, "oss:GetBucketTags", None, Full, "Bucket configuration", bucket_config::get_tags;
    DeleteBucketTags, DELETE, Bucket, [Query("tagging")], BucketOwner, "oss:DeleteBucketTags", None, Full, "Bucket configuration", bucket_config::delete_tags;
    PutBucketTransferAcceleration, PUT, Bucket, [Query("transferAcceleration")], BucketOwner, "oss:PutBucketTransferAcceleration", Document(64 * KIB), Partial("stored and returned; there is no accelerated endpoint"), "Bucket configuration", bucket_config::put_transfer_acceleration;
    GetBucketTransferAcceleration, GET, Bucket, [Query("transferAcceleration")], BucketOwner, "oss:GetBucketTransferAcceleration", None, Partial("stored and returned; there is no accelerated endpoint"), "Bucket configuration", bucket_config::get_transfer_acceleration;
    DeleteBucketTransferAcceleration, DELETE, Bucket, [Query("transferAcceleration")], BucketOwner, "oss:DeleteBucketTransferAcceleration", None, Partial("stored and returned; there is no accelerated endpoint"), "Bucket configuration", bucket_config::delete_transfer_acceleration;
    PutBucketAccessMonitor, PUT, Bucket, [Query("accessmonitor")], BucketOwner, "oss:PutBucketAccessMonitor", Document(64 * KIB), Partial("x-oss-last-access-time tells of writing and switching on; reads do not move it"), "Bucket configuration", bucket_config::put_access_monitor;
    GetBucketAccessMonitor, GET, Bucket, [Query("accessmonitor")], BucketOwner, "oss:GetBucketAccessMonitor", None, Partial("x-oss-last-access-time tells of writing and switching on; reads do not move it"), "Bucket configuration", bucket_config::get_access_monitor;
    PutBucketArchiveDirectRead, PUT, Bucket, [Query("bucketArchiveDirectRead")], BucketOwner, "oss:PutBucketArchiveDirectRead", Document(64 * KIB), Partial("GetObject reads objects of class Archive; other reads of them need a restore"), "Bucket configuration", document::put::<ArchiveDirectReadConfiguration>;
    GetBucketArchiveDirectRead, GET, Bucket, [Query("bucketArchiveDirectRead")], BucketOwner, "oss:GetBucketArchiveDirectRead", None, Partial("GetObject reads objects of class Archive; other reads of them need a restore"), "Bucket configuration", document::get::<ArchiveDirectReadConfiguration>;
    PutBucketHttpsConfig, PUT, Bucket, [Query("httpsConfig")], BucketOwner, "oss:PutBucketHttpsConfig", Document(64 * KIB), Partial("stored and returned; connections are not bound by it"), "Bucket configuration", document::put::<HttpsConfiguration>;
    GetBucketHttpsConfig, GET, Bucket, [Query("httpsConfig")], BucketOwner, "oss:GetBucketHttpsConfig", None, Partial("stored and returned; connections are not bound by it"), "Bucket configuration", document::get::<HttpsConfiguration>;
    PutBucketResourceGroup, PUT, Bucket, [Query("resourceGroup")], BucketOwner, "oss:PutBucketResourceGroup", Document(64 * KIB), Partial("stored and returned"), "Bucket configuration", bucket_config::put_resource_group;
    GetBucketResourceGroup, GET, Bucket, [Query("resourceGroup")], BucketOwner, "oss:GetBucketResourceGroup", None, Partial("stored and returned"), "Bucket configuration", bucket_config::get_resource_group;
    PutBucketInventory, PUT, Bucket, [Query("inventory"), Query("inventoryId")], BucketOwner, "oss:PutBucketInventory", Document(64 * KIB), Partial("stored and returned; no lists are written"), "Bucket configuration", inventory::put;
    GetBucketInventory, GET, Bucket, [Query("inventory"), Query("inventoryId")], BucketOwner, "oss:GetBucketInventory", None, Partial("stored and returned; no lists are written"), "Bucket configuration", inventory::get;
    ListBucketInventory, GET, Bucket, [Query("inventory")], BucketOwner, "oss:ListBucketInventory", None, Partial("stored and returned; no lists are written"), "Bucket configuration", inventory::list;
    DeleteBucketInventory, DELETE, Bucket, [Query("inventory"), Query("inventoryId")], BucketOwner, "oss:DeleteBucketInventory", None, Partial("stored and returned; no lists are written"), "Bucket configuration", inventory::delete;
    PutBucketReplication, POST, Bucket, [Query("replication"), QueryValue("comp", "add")], BucketOwner, "oss:PutBucketReplication", Document(64 * KIB), Partial("stored and returned; nothing is replicated"), "Bucket configuration", replication::put;
    PutBucketRtc, PUT, Bucket, [Query("rtc")], BucketOwner, "oss:PutBucketRtc", Document(64 * KIB), Partial("stored and returned; nothing is replicated"), "Bucket configuration", replication::put_rtc;
    GetBucketReplication, GET, Bucket, [Query("replication")], BucketOwner, "oss:GetBucketReplication", None, Partial("stored and returned; nothing is replicated"), "Bucket configuration", replication::get;
    GetBucketReplicationLocation, GET, Bucket, [Query("replicationLocation")], BucketOwner, "oss:GetBucketReplicationLocation", None, Partial("stored and returned; nothing is replicated"), "Bucket configuration", replication::location;
    GetBucketReplicationProgress, GET, Bucket, [Query("replicationProgress")], BucketOwner, "oss:GetBucketReplicationProgress", None, Partial("stored and returned; nothing is replicated"), "Bucket configuration", replication::progress;
    DeleteBucketReplication, POST, Bucket, [Query("replication"), QueryValue("comp", "delete")], BucketOwner, "oss:DeleteBucketReplication", Document(64 * KIB), Partial("stored and returned; nothing is replicated"), "Bucket configuration", replication::delete;
    PutStyle, PUT, Bucket, [Query("style"), Query("styleName")], BucketOwner, "oss:PutStyle", Document(64 * KIB), Full, "Bucket configuration", style::put;
    GetStyle, GET, Bucket, [Query("style"), Query("styleName")], BucketOwner, "oss:GetStyle", None, Full, "Bucket configuration", style::get;
    ListStyle, GET, Bucket, [Query("style")], BucketOwner, "oss:ListStyle", None, Full, "Bucket configuration", style::list;
    DeleteStyle, DELETE, Bucket, [Query("style"), Query("styleName")], BucketOwner, "oss:DeleteStyle", None, Full, "Bucket configuration", style::delete;
    PutCname, POST, Bucket, [Query("cname"), QueryValue("comp", "add")], BucketOwner, "oss:PutCname", Document(64 * KIB), Partial("no domain can be verified, so none is bound"), "Bucket configuration", cname::put;
    ListCname, GET, Bucket, [Query("cname")], BucketOwner, "oss:ListCname", None, Partial("no domain can be verified, so none is bound"), "Bucket configuration", cname::list;
    DeleteCname, POST, Bucket, [Query("cname"), QueryValue("comp", "delete")], BucketOwner, "oss:DeleteCname", Document(64 * KIB), Partial("no domain can be verified, so none is bound"), "Bucket configuration", cname::delete;
    CreateCnameToken, POST, Bucket, [Query("cname"), QueryValue("comp", "token")], BucketOwner, "oss:CreateCnameToken", Document(64 * KIB), Partial("no domain can be verified, so none is bound"), "Bucket configuration", cname::create_token;
    GetCnameToken, GET, Bucket, [Query("cname"), QueryValue("comp", "token")], BucketOwner, "oss:GetCnameToken", None, Partial("no domain can be verified, so none is bound"), "Bucket configuration", cname::get_token;
    PutBucketPublicAccessBlock, PUT, Bucket, [Query("publicAccessBlock")], BucketOwner, "oss:PutBucketPublicAccessBlock", Document(64 * KIB), Full, "Bucket configuration", bucket_config::put_public_access_block;
    GetBucketPublicAccessBlock, GET, Bucket, [Query("publicAccessBlock")], BucketOwner, "oss:GetBucketPublicAccessBlock", None, Full, "Bucket configuration", bucket_config::get_public_access_block;
    DeleteBucketPublicAccessBlock, DELETE, Bucket, [Query("publicAccessBlock")], BucketOwner, "oss:DeleteBucketPublicAccessBlock", None, Full, "Bucket configuration", bucket_config::delete_public_access_block;
    CreateBucketDataRedundancyTransition, POST, Bucket, [Query("redundancyTransition"), Query("x-oss-target-redundancy-type")], BucketOwner, "oss:CreateBucketDataRedundancyTransition", None, Partial("tasks are done at once"), "Bucket configuration", redundancy::create;
    GetBucketDataRedundancyTransition, GET, Bucket, [Query("redundancyTransition"), Query("x-oss-redundancy-transition-taskid")], BucketOwner, "oss:GetBucketDataRedundancyTransition", None, Partial("tasks are done at once"), "Bucket configuration", redundancy::get;
    ListBucketDataRedundancyTransition, GET, Bucket, [Query("redundancyTransition")], BucketOwner, "oss:ListBucketDataRedundancyTransition", None, Partial("tasks are done at once"), "Bucket configuration", redundancy::list;
    DeleteBucketDataRedundancyTransition, DELETE, Bucket, [Query("redundancyTransition"), Query("x-oss-redundancy-transition-taskid")], BucketOwner, "oss:DeleteBucketDataRedundancyTransition", None, Partial("tasks are done at once"), "Bucket configuration", redundancy::delete;
    PutBucketOverwriteConfig, PUT, Bucket, [Query("overwriteConfig")], BucketOwner, "oss:PutBucketOverwriteConfig", Document(64 * KIB), Partial("stored and returned; not enforced"), "Bucket configuration", document::put::<OverwriteConfiguration>;
    GetBucketOverwriteConfig, GET, Bucket, [Query("overwriteConfig")], BucketOwner, "oss:GetBucketOverwriteConfig", None, Partial("stored and returned; not enforced"), "Bucket configuration", document::get::<OverwriteConfiguration>;
    DeleteBucketOverwriteConfig, DELETE, Bucket, [Query("overwriteConfig")], BucketOwner, "oss:DeleteBucketOverwriteConfig", None, Partial("stored and returned; not enforced"), "Bucket configuration", document::delete::<OverwriteConfiguration>;
    SetBucketQoSInfo, PUT, Bucket, [Query("qosInfo")], BucketOwner, "oss:SetBucketQoSInfo", Document(64 * KIB), Partial("stored and returned; nothing is throttled"), "Bucket configuration", document::put::<QosConfiguration>;
    GetBucketQosInfo, GET, Bucket, [Query("qosInfo")], BucketOwner, "oss:GetBucketQosInfo", None, Partial("stored and returned; nothing is throttled"), "Bucket configuration", document::get::<QosConfiguration>;
    DeleteBucketQosInfo, DELETE, Bucket, [Query("qosInfo")], BucketOwner, "oss:DeleteBucketQosInfo", None, Partial("stored and returned; nothing is throttled"), "Bucket configuration", document::delete::<QosConfiguration>;
    SetBucketStorageCapacity, PUT, Bucket, [Query("qos")], BucketOwner, "oss:SetBucketStorageCapacity", Document(64 * KIB), Partial("stored and returned; not enforced"), "Bucket configuration", document::put::<BucketUserQos>;
    GetBucketStorageCapacity, GET, Bucket, [Query("qos")], BucketOwner, "oss:GetBucketStorageCapacity", None, Partial("stored and returned; not enforced"), "Bucket configuration", document::get::<BucketUserQos>;
    PutBucketRequesterQoSInfo, PUT, Bucket, [Query("requesterQosInfo"), Query("qosRequester")], BucketOwner, "oss:PutBucketRequesterQoSInfo", Document(64 * KIB), Partial("stored and returned; nothing is throttled"), "Bucket configuration", qos::put_requester;
    GetBucketRequesterQoSInfo, GET, Bucket, [Query("requesterQosInfo"), Query("qosRequester")], BucketOwner, "oss:GetBucketRequesterQoSInfo", None, Partial("stored and returned; nothing is throttled"), "Bucket configuration", qos::get_requester;
    ListBucketRequesterQoSInfos, GET, Bucket, [Query("requesterQosInfo")], BucketOwner, "oss:ListBucketRequesterQoSInfos", None, Partial("stored and returned; nothing is throttled"), "Bucket configuration", qos::list_requesters;
    DeleteBucketRequesterQoSInfo, DELETE, Bucket, [Query("requesterQosInfo"), Query("qosRequester")], BucketOwner, "oss:DeleteBucketRequesterQoSInfo", None, Partial("stored and returned; nothing is throttled"), "Bucket configuration", qos::delete_requester;
    SetAsyncFetchTask, POST, Bucket, [Query("asyncFetch")], BucketOwner, "oss:SetAsyncFetchTask", Document(64 * KIB), No, "Bucket configuration", unsupported;
    GetAsyncFetchTask, GET, Bucket, [Query("asyncFetch")], BucketOwner, "oss:GetAsyncFetchTask", None, No, "Bucket configuration", unsupported;
    PutBucketCallbackPolicy, PUT, Bucket, [Query("policy"), QueryValue("comp", "callback")], BucketOwner, "oss:PutBucketCallbackPolicy", Document(64 * KIB), Full, "Bucket configuration", document::put::<BucketCallbackPolicy>;
    GetBucketCallbackPolicy, GET, Bucket, [Query("policy"), QueryValue("comp", "callback")], BucketOwner, "oss:GetBucketCallbackPolicy", None, Full, "Bucket configuration", document::get::<BucketCallbackPolicy>;
    DeleteBucketCallbackPolicy, DELETE, Bucket, [Query("policy"), QueryValue("comp", "callback")], BucketOwner, "oss:DeleteBucketCallbackPolicy", None, Full, "Bucket configuration", document::delete::<BucketCallbackPolicy>;
    PutBucketResponseHeader, PUT, Bucket, [Query("responseHeader")], BucketOwner, "oss:PutBucketResponseHeader", Document(64 * KIB), Partial("stored and returned; no header is hidden"), "Bucket configuration", document::put::<ResponseHeaderConfiguration>;
    GetBucketResponseHeader, GET, Bucket, [Query("responseHeader")], BucketOwner, "oss:GetBucketResponseHeader", None, Partial("stored and returned; no header is hidden"), "Bucket configuration", document::get::<ResponseHeaderConfiguration>;
    DeleteBucketResponseHeader, DELETE, Bucket, [Query("responseHeader")], BucketOwner, "oss:DeleteBucketResponseHeader", None, Partial("stored and returned; no header is hidden"), "Bucket configuration", document::delete::<ResponseHeaderConfiguration>;
    SetBucketProcess, PUT, Bucket, [Query("processConfiguration")], BucketOwner, "oss:SetBucketProcess", Document(64 * KIB), No, "Bucket configuration", unsupported;
    GetBucketProcess, GET, Bucket, [Query("processConfiguration")], BucketOwner, "oss:GetBucketProcess", None, No, "Bucket configuration", unsupported;
    PutBucketImage, PUT, Bucket, [Query("img")], BucketOwner, "oss:PutBucketImage", Document(64 * KIB), No, "Bucket configuration", unsupported;
    GetBucketImage, GET, Bucket, [Query("img")], BucketOwner, "oss:GetBucketImage", None, No, "Bucket configuration", unsupported;
    DeleteBucketImage, DELETE, Bucket, [Query("img")], BucketOwner, "oss:DeleteBucketImage", None, No, "Bucket configuration", unsupported;
    CreateBucketVpcip, POST, Bucket, [Query("vip"), QueryValue("comp", "add")], BucketOwner, "oss:CreateBucketVpcip", Document(64 * KIB), No, "Bucket configuration", unsupported;
    DeleteBucketVpcip, POST, Bucket, [Query("vip"), QueryValue("comp", "delete")], BucketOwner, "oss:DeleteBucketVpcip", Document(64 * KIB), No, "Bucket configuration", unsupported;
    GetBucketVpcip, GET, Bucket, [Query("vip")], BucketOwner, "oss:GetBucketVpcip", None, No, "Bucket configuration", unsupported;
    // Retention
    InitiateBucketWorm, POST, Bucket, [Query("worm")], BucketOwner, "oss:InitiateBucketWorm", Document(64 * KIB), Full, "Retention", worm::initiate;
    CompleteBucketWorm, POST, Bucket, [Query("wormId")], BucketOwner, "oss:CompleteBucketWorm", None, Full, "Retention", worm::complete;
    ExtendBucketWorm, POST, Bucket, [Query("wormId"), Query("wormExtend")], BucketOwner, "oss:ExtendBucketWorm", Document(64 * KIB), Full, "Retention", worm::extend;
    AbortBucketWorm, DELETE, Bucket, [Query("worm")], BucketOwner, "oss:AbortBucketWorm", None, Full, "Retention", worm::abort;
    GetBucketWorm, GET, Bucket, [Query("worm")], BucketOwner, "oss:GetBucketWorm", None, Full, "Retention", worm::get;
    PutBucketObjectWormConfiguration, PUT, Bucket, [Query("objectWorm")], BucketOwner, "oss:PutBucketObjectWormConfiguration", Document(64 * KIB), Full, "Retention", worm::put_object_worm;
    GetBucketObjectWormConfiguration, GET, Bucket, [Query("objectWorm")], BucketOwner, "oss:GetBucketObjectWormConfiguration", None, Full, "Retention", worm::get_object_worm;
    PutObjectRetention, PUT, Object, [Query("retention")], BucketOwner, "oss:PutObjectRetention", Document(64 * KIB), Full, "Retention", retention::put_retention;
    GetObjectRetention, GET, Object, [Query("retention")], BucketOwner, "oss:GetObjectRetention", None, Full, "Retention", retention::get_retention;
    PutObjectLegalHold, PUT, Object, [Query("legalHold")], BucketOwner, "oss:PutObjectLegalHold", Document(64 * KIB), Full, "Retention", retention::put_legal_hold;
    GetObjectLegalHold, GET, Object, [Query("legalHold")], BucketOwner, "oss:GetObjectLegalHold", None, Full, "Retention", retention::get_legal_hold;
    // Object
    PutObject, PUT, Object, [], Write, "oss:PutObject", Stream, Partial("callbacks go over http and are not signed"), "Object", object::put;
    AppendObject, POST, Object, [Query("append")], Write, "oss:PutObject", Stream, Full, "Object", append::append;
    SealAppendObject, POST, Object, [Query("seal")], Write, "oss:SealAppendObject", Stream, Full, "Object", append::seal;
    GetObject, GET, Object, [], Read, "oss:GetObject", None, Full, "Object", object::get;
    HeadObject, HEAD, Object, [], Read, "oss:GetObject", None, Full, "Object", object::head;
    GetObjectMeta, HEAD, Object, [Query("objectMeta")], Read, "oss:GetObject", None, Full, "Object", object::meta;
    CopyObject, PUT, Object, [Header("x-oss-copy-source")], Write, "oss:PutObject", None, Full, "Object", copy::object;
    DeleteObject, DELETE, Object, [], Write, "oss:DeleteObject", None, Full, "Object", delete::object;
    DeleteMultipleObjects, POST, Bucket, [Query("delete")], EachKey, "oss:DeleteObject", Document(2 * MIB), Full, "Object", delete::multiple;
    PutObjectAcl, PUT, Object, [Query("acl")], WriteAcl, "oss:PutObjectAcl", None, Full, "Object", acl::put_object;
    GetObjectAcl, GET, Object, [Query("acl")], ReadAcl, "oss:GetObjectAcl", None, Full, "Object", acl::get_object;
    PutObjectTagging, PUT, Object, [Query("tagging")], Write, "oss:PutObjectTagging", Document(64 * KIB), Full, "Object", tagging::put;
    GetObjectTagging, GET, Object, [Query("tagging")], Read, "oss:GetObjectTagging", None, Full, "Object", tagging::get;
    DeleteObjectTagging, DELETE, Object, [Query("tagging")], Write, "oss:DeleteObjectTagging", None, Full, "Object", tagging::delete;
    PutSymlink, PUT, Object, [Query("symlink")], Write, "oss:PutObject", None, Full, "Object", symlink::put;
    GetSymlink, GET, Object, [Query("symlink")], Read, "oss:GetObject", None, Full, "Object", symlink::get;
    RestoreObject, POST, Object, [Query("restore")], Write, "oss:RestoreObject", Document(64 * KIB), Full, "Object", restore::restore;
    CleanRestoredObject, POST, Object, [Query("cleanRestoredObject")], Write, "oss:CleanRestoredObject", None, Full, "Object", restore::clean;
    PostObject, POST, Bucket, [ContentType("multipart/form-data")], Form, "oss:PutObject", Stream, Partial("callbacks go over http and are not signed"), "Object", post_object::post;
    ProcessObject, POST, Object, [Query("x-oss-process")], Read, "oss:PostProcessTask", Document(64 * KIB), Partial("as ProcessObjectOnRead, without questions"), "Object", process::save;
    ProcessObjectOnRead, GET, Object, [Query("x-oss-process")], Read, "oss:GetObject", None, Partial("pictures: resize, crop, indexcrop, rotate, flip, auto-orient, circle, rounded-corners, blur, bright, contrast, sharpen, quality, format, average-hue, info without EXIF; JPEG, PNG, GIF, BMP, WebP of up to 40 million pixels; no watermarks; GIFs stay animated through resize and crop, other animations become their first frame"), "Object", process::on_read;
    AsyncProcessObject, POST, Object, [Query("x-oss-async-process")], Read, "oss:AsyncProcessObject", Document(64 * KIB), No, "Object", unsupported;
    CreateDirectory, POST, Object, [Query("x-oss-dir")], Write, "oss:CreateDirectory", None, No, "Object", unsupported;
    Rename, POST, Object, [Query("x-oss-rename")], Write, "oss:Rename", None, No, "Object", unsupported;
    DeleteDirectory, POST, Object, [Query("x-oss-delete")], Write, "oss:DeleteDirectory", None, No, "Object", unsupported;
    // Multipart upload
    InitiateMultipartUpload, POST, Object, [Query("uploads")], Write, "oss:PutObject", None, Full, "Multipart upload", multipart::initiate;
    UploadPart, PUT, Object, [Query("uploadId")], Write, "oss:PutObject", Stream, Full, "Multipart upload", multipart::upload_part;
    UploadPartCopy, PUT, Object, [Query("uploadId"), Header("x-oss-copy-source")], Write, "oss:PutObject", None, Full, "Multipart upload", multipart::upload_part_copy;
    CompleteMultipartUpload, POST, Object, [Query("uploadId")], Write, "oss:PutObject", Document(2 * MIB), Partial("callbacks go over http and are not signed"), "Multipart upload", multipart::complete;
    AbortMultipartUpload, DELETE, Object, [Query("uploadId")], Write, "oss:AbortMultipartUpload", None, Full, "Multipart upload", multipart::abort;
    ListMultipartUploads, GET, Bucket, [Query("uploads")], BucketOwner, "oss:ListMultipartUploads", None, Full, "Multipart upload", multipart::list_uploads;
    ListParts, GET, Object, [Query("uploadId")], Write, "oss:ListParts", None, Full, "Multipart upload", multipart::list_parts;
    // LiveChannel
    PutLiveChannel, PUT, Object, [Query("live")], Write, "oss:PutLiveChannel", Document(64 * KIB), Partial("stored and returned; there is no RTMP listener, so no channel is ever live"), "LiveChannel", live_channel::put;
    ListLiveChannel, GET, Bucket, [Query("live")], BucketOwner, "oss:ListLiveChannel", None, Partial("stored and returned; there is no RTMP listener, so no channel is ever live"), "LiveChannel", live_channel::list;
    DeleteLiveChannel, DELETE, Object, [Query("live")], Write, "oss:DeleteLiveChannel", None, Partial("stored and returned; there is no RTMP listener, so no channel is ever live"), "LiveChannel", live_channel::delete;
    PutLiveChannelStatus, PUT, Object, [Query("live"), Query("status")], Write, "oss:PutLiveChannelStatus", None, Partial("stored and returned; there is no RTMP listener, so no channel is ever live"), "LiveChannel", live_channel::put_status;
    GetLiveChannelInfo, GET, Object, [Query("live")], Read, "oss:GetLiveChannelInfo", None, Partial("stored and returned; there is no RTMP listener, so no channel is ever live"), "LiveChannel", live_channel::info;
    GetLiveChannelStat, GET, Object, [Query("live"), QueryValue("comp", "stat")], Read, "oss:GetLiveChannelStat", None, Partial("there is no RTMP listener: idle or disabled"), "LiveChannel", live_channel::stat;
    GetLiveChannelHistory, GET, Object, [Query("live"), QueryValue("comp", "history")], Read, "oss:GetLiveChannelHistory", None, Partial("there is no RTMP listener: always empty"), "LiveChannel", live_channel::history;
    PostVodPlaylist, POST, Object, [Query("vod")], Write, "oss:PostVodPlaylist", None, Partial("there are no segments to play: always refused"), "LiveChannel", live_channel::post_playlist;
    GetVodPlaylist, GET, Object, [Query("vod")], Read, "oss:GetVodPlaylist", None, Partial("there are no segments to play: always refused"), "LiveChannel", live_channel::get_playlist;
    // Select
    CreateSelectObjectMetaCsv, POST, Object, [QueryValue("x-oss-process", "csv/meta")], Read, "oss:GetObject", Document(64 * KIB), No, "Select", unsupported;
    SelectObjectCsv, POST, Object, [QueryValue("x-oss-process", "csv/select")], Read, "oss:GetObject", Document(64 * KIB), No, "Select", unsupported;
    CreateSelectObjectMetaJson, POST, Object, [QueryValue("x-oss-process", "json/meta")], Read, "oss:GetObject", Document(64 * KIB), No, "Select", unsupported;
    SelectObjectJson, POST, Object, [QueryValue("x-oss-process", "json/select")], Read, "oss:GetObject", Document(64 * KIB), No, "Select", unsupported;
    // Access points
    CreateAccessPoint, PUT, Bucket, [Query("accessPoint")], BucketOwner, "oss:CreateAccessPoint", Document(64 * KIB), No, "Access points", unsupported;
    GetAccessPoint, GET, Bucket, [Query("accessPoint"), Header("x-oss-access-point-name")], BucketOwner, "oss:GetAccessPoint", None, No, "Access points", unsupported;
    DeleteAccessPoint, DELETE, Bucket, [Query("accessPoint")], BucketOwner, "oss:DeleteAccessPoint", None, No, "Access points", unsupported;
    ListBucketAccessPoints, GET, Bucket, [Query("accessPoint")], BucketOwner, "oss:ListBucketAccessPoints", None, No, "Access points", unsupported;
    ListAccessPoints, GET, Service, [Query("accessPoint")], ListBuckets, "oss:ListAccessPoints", None, No, "Access points", unsupported;
    PutAccessPointPolicy, PUT, Bucket, [Query("accessPointPolicy")], BucketOwner, "oss:PutAccessPointPolicy", Document(64 * KIB), No, "Access points", unsupported;
    GetAccessPointPolicy, GET, Bucket, [Query("accessPointPolicy")], BucketOwner, "oss:GetAccessPointPolicy", None, No, "Access points", unsupported;
    DeleteAccessPointPolicy, DELETE, Bucket, [Query("accessPointPolicy")], BucketOwner, "oss:DeleteAccessPointPolicy", None, No, "Access points", unsupported;
    PutAccessPointPublicAccessBlock, PUT, Bucket, [Query("publicAccessBlock"), Query("x-oss-access-point-name")], BucketOwner, "oss:PutAccessPointPublicAccessBlock", Document(64 * KIB), Partial("there are no access points"), "Access points", service::no_access_point;
    GetAccessPointPublicAccessBlock, GET, Bucket, [Query("publicAccessBlock"), Query("x-oss-access-point-name")], BucketOwner, "oss:GetAccessPointPublicAccessBlock", None, Partial("there are no access points"), "Access points", service::no_access_point;
    DeleteAccessPointPublicAccessBlock, DELETE, Bucket, [Query("publicAccessBlock"), Query("x-oss-access-point-name")], BucketOwner, "oss:DeleteAccessPointPublicAccessBlock", None, Partial("there are no access points"), "Access points", service::no_access_point;
    CreateAccessPointForObjectProcess, PUT, Bucket, [Query("accessPointForObjectProcess")], BucketOwner, "oss:CreateAccessPointForObjectProcess", Document(64 * KIB), No, "Access points", unsupported;
    GetAccessPointForObjectProcess, GET, Bucket, [Query("accessPointForObjectProcess")], BucketOwner, "oss:GetAccessPointForObjectProcess", None, No, "Access points", unsupported;
    DeleteAccessPointForObjectProcess, DELETE, Bucket, [Query("accessPointForObjectProcess")], BucketOwner, "oss:DeleteAccessPointForObjectProcess", None, No, "Access points", unsupported;
    ListAccessPointsForObjectProcess, GET, Service, [Query("accessPointForObjectProcess")], ListBuckets, "oss:ListAccessPointsForObjectProcess", None, No, "Access points", unsupported;
    PutAccessPointConfigForObjectProcess, PUT, Bucket, [Query("accessPointConfigForObjectProcess")], BucketOwner, "oss:PutAccessPointConfigForObjectProcess", Document(64 * KIB), No, "Access points", unsupported;
    GetAccessPointConfigForObjectProcess, GET, Bucket, [Query("accessPointConfigForObjectProcess")], BucketOwner, "oss:GetAccessPointConfigForObjectProcess", None, No, "Access points", unsupported;
    PutAccessPointPolicyForObjectProcess, PUT, Bucket, [Query("accessPointPolicyForObjectProcess")], BucketOwner, "oss:PutAccessPointPolicyForObjectProcess", Document(64 * KIB), No, "Access points", unsupported;
    GetAccessPointPolicyForObjectProcess, GET, Bucket, [Query("accessPointPolicyForObjectProcess")], BucketOwner, "oss:GetAccessPointPolicyForObjectProcess", None, No, "Access points", unsupported;
    DeleteAccessPointPolicyForObjectProcess, DELETE, Bucket, [Query("accessPointPolicyForObjectProcess")], BucketOwner, "oss:DeleteAccessPointPolicyForObjectProcess", None, No, "Access points", unsupported;
    WriteGetObjectResponse, POST, Service, [Query("x-oss-write-get-object-response")], ListBuckets, "oss:WriteGetObjectResponse", Stream, No, "Access points", unsupported;
    // Meta query
    OpenMetaQuery, POST, Bucket, [Query("metaQuery"), QueryValue("comp", "add")], BucketOwner, "oss:OpenMetaQuery", Document(64 * KIB), No, "Meta query", unsupported;
    GetMetaQueryStatus, GET, Bucket, [Query("metaQuery")], BucketOwner, "oss:GetMetaQueryStatus", None, No, "Meta query", unsupported;
    DoMetaQuery, POST, Bucket, [Query("metaQuery"), QueryValue("comp", "query")], BucketOwner, "oss:DoMetaQuery", Document(64 * KIB), No, "Meta query", unsupported;
    CloseMetaQuery, POST, Bucket, [Query("metaQuery"), QueryValue("comp", "delete")], BucketOwner, "oss:CloseMetaQuery", Document(64 * KIB), No, "Meta query", unsupported;
    DoMetaQueryAction, POST, Bucket, [Query("metaQuery"), Query("action")], BucketOwner, "oss:DoMetaQueryAction", Document(64 * KIB), No, "Meta query", unsupported;
    DoDataPipeLineAction, POST, Service, [Query("dataPipeline")], ListBuckets, "oss:DoDataPipeLineAction", Document(64 * KIB), No, "Meta query", unsupported;
}

/// An operation that is known and not offered. It never pretends.
async fn unsupported(call: Call) -> Result<Reply> {
    let name = call.operation().name;
    Err(Error::new(Code::NotImplemented).message(format!("{name} is not offered by this server.")))
}

/// The compatibility matrix as Markdown, as it stands in README.
pub fn matrix() -> String {
    let mut text = String::new();
    let mut family = "";
    for row in OPERATIONS {
        if row.family != family {
            family = row.family;
            let _ = write!(
                text,
                "\n### {family}\n\n| Operation | Request | Offered |\n| --- | --- | --- |\n"
            );
        }
        let support = match row.support {
            Full => "yes".to_owned(),
            Partial(gap) => format!("partly: {gap}"),
            No => "no".to_owned(),
        };
        let _ = writeln!(
            text,
            "| {} | `{}` | {support} |",
            row.name,
            request_line(row)
        );
    }
    text
}

fn request_line(row: &Operation) -> String {
    let path = match row.scope {
        Scope::Service | Scope::Bucket => "/",
        Scope::Object => "/key",
    };
    let mut query = Vec::new();
    let mut beside = String::new();
    for selector in row.selectors {
        match selector {
            Query(name) => query.push((*name).to_owned()),
            QueryValue(name, value) => query.push(format!("{name}={value}")),
            Header(name) | ContentType(name) => {
                let _ = write!(beside, " + {name}");
            }
        }
    }
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{} {path}{mark}{}{beside}", row.method, query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::canonical::{SubResources, is_sub_resource};
    use std::collections::HashSet;

    #[test]
    fn no_two_rows_answer_the_same_request() {
        let mut seen = HashSet::new();
        let mut names = HashSet::new();
        for row in OPERATIONS {
            let mut selectors: Vec<String> =
                row.selectors.iter().map(|s| format!("{s:?}")).collect();
            selectors.sort();
            assert!(
                seen.insert((row.method.clone(), row.scope, selectors)),
                "{} ties with another row",
                row.name
            );
            assert!(names.insert(row.name), "{} stands twice", row.name);
        }
    }

    /// What a V1 signature does not cover, the holder of a signed URL could add: these are all that OSS leaves out
    /// (auth.md §3.1).
    #[test]
    fn v1_signatures_cover_what_selects_an_operation() {
        let selected = OPERATIONS.iter().flat_map(|row| row.selectors);
        let open: std::collections::BTreeSet<&str> = selected
            .filter_map(|selector| match *selector {
                Query(name) | QueryValue(name, _) => Some(name),
                Header(_) | ContentType(_) => None,
            })
            .filter(|name| !is_sub_resource(name, SubResources::Full))
            .collect();
        // `Action` is the STS interface's, which has a signature of its own.
        let known = ["Action", "accessmonitor", "action", "list-type", "regions"];
        assert_eq!(Vec::from_iter(open), known);
    }

    #[test]
    fn rows_that_are_not_offered_say_so() {
        let offered = OPERATIONS.iter().filter(|row| row.support != No).count();
        assert!(offered > 0 && offered < OPERATIONS.len());
    }
}
