//! Documents: no panic, no unbounded memory, and what was read is written and read again the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ossicle::xml::{
    config, from_xml, inventory, lifecycle, live, multipart, object, qos, replication, stored,
    to_xml, website,
};

macro_rules! round_trip {
    ($data:expr, $($document:ty),* $(,)?) => {
        $(if let Ok(document) = from_xml::<$document>($data) {
            let written = to_xml(&document).expect("what was read can be written");
            let again = from_xml::<$document>(&written).expect("what was written can be read");
            assert_eq!(document, again);
        })*
    };
}

fuzz_target!(|data: &[u8]| {
    round_trip!(
        data,
        object::Delete,
        object::Tagging,
        object::RestoreRequest,
        object::Retention,
        object::LegalHold,
        multipart::CompleteMultipartUpload,
        ossicle::xml::bucket::CreateBucketConfiguration,
        config::VersioningConfiguration,
        config::CorsConfiguration,
        config::RefererConfiguration,
        config::BucketLoggingStatus,
        config::ServerSideEncryptionRule,
        config::RequestPaymentConfiguration,
        config::PublicAccessBlockConfiguration,
        config::TransferAccelerationConfiguration,
        config::AccessMonitorConfiguration,
        config::BucketResourceGroupConfiguration,
        config::InitiateWormConfiguration,
        config::ExtendWormConfiguration,
        config::ObjectWormConfiguration,
        lifecycle::LifecycleConfiguration,
        website::WebsiteConfiguration,
        stored::HttpsConfiguration,
        stored::ArchiveDirectReadConfiguration,
        stored::UserDefinedLogFieldsConfiguration,
        stored::BucketCallbackPolicy,
        stored::ResponseHeaderConfiguration,
        stored::OverwriteConfiguration,
        stored::StyleContent,
        stored::BucketCnameConfiguration,
        qos::QosConfiguration,
        qos::BucketUserQos,
        inventory::InventoryConfiguration,
        replication::ReplicationConfiguration,
        replication::RtcConfiguration,
        replication::ReplicationRules,
        live::LiveChannelConfiguration,
    );
});
