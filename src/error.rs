//! The error table and the one type that handlers return.
//!
//! A code is a row: its status, its extended code (EC) and its text. What a client sees is code, text and the
//! extra elements; the cause goes to the log. Rows whose EC no source publishes carry a placeholder of the
//! right module (errors.md §5), which clients do not depend on.

use crate::domain::name::NameError;
use crate::domain::tags::TagError;
use crate::picture;
use crate::store;
use http::{HeaderName, HeaderValue, StatusCode};
use std::borrow::Cow;
use std::fmt;

/// What everything above the store returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $code:ident $status:literal $ec:literal $message:literal;)*) => {
        /// A code of the service. The name is the protocol's text.
        #[allow(missing_docs, clippy::upper_case_acronyms)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($code,)* }

        impl Code {
            /// Every code, in table order.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The protocol's text, as in `<Code>`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }

            /// The HTTP status of the row.
            pub const fn status(self) -> u16 {
                match self { $(Self::$code => $status,)* }
            }

            /// The extended code that the row has where the raising place gives none.
            pub const fn ec(self) -> &'static str {
                match self { $(Self::$code => $ec,)* }
            }

            /// The text that the row has where the raising place gives none.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$code => $message,)* }
            }
        }
    };
}

error_codes! {
    // service and bucket (errors.md §4.1)
    AccessDenied 403 "0003-00000001" "AccessDenied";
    AccessForbidden 403 "0034-00000001" "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Requet-Headers are not whitelisted by the resource's CORS spec.";
    AccessMonitorDisableNotAllowed 409 "0036-00000001" "Access monitor is used by lifecycle rules and can not be disabled.";
    BadRequest 400 "0017-00000001" "The request is invalid.";
    BucketAlreadyExists 409 "0015-00000104" "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.";
    BucketCallbackPolicyNotExist 404 "0007-00000001" "The bucket callback policy does not exist.";
    BucketNotEmpty 409 "0015-00000301" "The bucket has objects. Please delete them first.";
    BucketReplicationAlreadyExist 400 "0031-00000002" "Bucket replication already exists.";
    CnameTokenNotFound 404 "0018-00000001" "The cname token does not exist.";
    CORSRuleBeyondLimit 400 "0034-00000002" "The CORS Rules num is beyond limit.";
    IllegalVersioningConfigurationException 400 "0012-00000001" "The versioning configuration is illegal.";
    InvalidBucketName 400 "0015-00000001" "The specified bucket is not valid.";
    InvalidChannelName 400 "0044-00000002" "The specified channel name is not valid.";
    InvalidLocationConstraint 400 "0015-00000002" "The specified location-constraint is not valid.";
    InvalidPolicyDocument 400 "0030-00000001" "The policy document is invalid.";
    InvalidTargetBucket 400 "0031-00000003" "The target bucket is not valid.";
    InvalidTargetBucketForLogging 400 "0032-00000001" "Put bucket log requester is not target bucket owner.";
    InvalidTargetLocation 400 "0031-00000004" "The target location is not valid.";
    InvalidWORMConfiguration 400 "0027-00000001" "Invalid WORM Configuration.";
    InventoryConfigurationAlreadyExists 409 "0020-00000002" "The Inventory Configuration already exists.";
    InventoryExceedLimit 400 "0020-00000003" "You are not allowed to create more inventory than limit.";
    MalformedXML 400 "0015-00000231" "The XML you provided was not well-formed or did not validate against our published schema.";
    NeedVerifyDomainOwnership 403 "0018-00000115" "The ownership of the domain needs to be verified.";
    NoSuchAccessPoint 404 "0003-00000002" "Accesspoint not found";
    NoSuchArchiveDirectReadConfiguration 404 "0013-00000001" "The bucket you specified does not have archive direct read configuration.";
    NoSuchBucket 404 "0015-00000101" "The specified bucket does not exist.";
    NoSuchBucketDataRedundancyTransition 404 "0015-00000003" "The specified data redundancy transition task does not exist.";
    NoSuchBucketPolicy 404 "0030-00000002" "The specified bucket policy does not exist.";
    NoSuchBucketQosInfo 404 "0004-00000002" "The bucket you specified does not have qos info.";
    NoSuchCORSConfiguration 404 "0034-00000003" "The CORS Configuration does not exist.";
    NoSuchHttpsConfig 404 "0015-00000004" "The bucket you specified does not have https configuration.";
    NoSuchInventory 404 "0020-00000001" "No Row found in Inventory Table.";
    NoSuchLifecycle 404 "0014-00000001" "No Row found in Lifecycle Table.";
    NoSuchLiveChannel 404 "0044-00000001" "The specified live channel does not exist.";
    NoSuchObjectLegalHold 404 "0027-00000005" "The legal hold of the object does not exist.";
    NoSuchObjectRetention 404 "0027-00000004" "The retention of the object does not exist.";
    NoSuchObjectWormConfiguration 404 "0027-00000003" "The object worm configuration does not exist.";
    NoSuchOverwriteConfig 404 "0015-00000005" "The bucket you specified does not have overwrite configuration.";
    NoSuchRegion 404 "0021-00000001" "NoSuchRegion";
    NoSuchReplicationConfiguration 404 "0031-00000005" "The bucket you specified does not have replication configuration.";
    NoSuchReplicationRule 404 "0031-00000006" "The BucketReplicationRule you specified does not exist.";
    NoSuchResourcePool 404 "0004-00000003" "The specified resource pool does not exist.";
    NoSuchResponseHeaderConfig 404 "0015-00000006" "The bucket you specified does not have response header configuration.";
    NoSuchServerSideEncryptionRule 404 "0005-00000001" "The server side encryption configuration was not found.";
    NoSuchStyle 404 "0040-00000001" "No Such Image Style.";
    NoSuchTransferAccelerationConfiguration 404 "0028-00000001" "The bucket you specified does not have transfer acceleration configuration.";
    NoSuchUserDefinedLogFieldsConfig 404 "0046-00000001" "The bucket you specified does not have user defined log fields configuration.";
    NoSuchWebsiteConfiguration 404 "0019-00000001" "The specified bucket does not have a website configuration.";
    NoSuchWORMConfiguration 404 "0027-00000002" "The WORM Configuration does not exist.";
    RepeatedTags 400 "0010-00000001" "Tag keys must be unique.";
    ResourceGroupIdPreCheckError 400 "0039-00000003" "The resource group id precheck error";
    TooManyBuckets 400 "0015-00000105" "You have attempted to create more buckets than allowed.";
    TooManyCnameToken 400 "0018-00000002" "The number of cname tokens is beyond limit.";
    TooManyReplicationRules 400 "0031-00000007" "The number of replication rules is beyond limit.";
    TooManyTags 400 "0010-00000002" "The bucket tags num is beyond limit.";
    UserDisable 403 "0003-00000801" "UserDisable";
    WORMConfigurationAlreadyExists 409 "0027-00000006" "The WORM Configuration already exists.";
    WORMConfigurationLocked 403 "0027-00000007" "The WORM Configuration is locked.";
    // objects (errors.md §4.2, append.md)
    AppendSealedObjectNotAllowed 409 "0026-00000018" "The append operation is not allowed on a sealed or non-appendable object.";
    ArchiveRestoreFileStale 409 "0016-00000718" "The archive file's restore is stale.";
    ArchiveRestoreNotFinished 409 "0016-00000719" "The archive file's restore is not finished.";
    CallbackFailed 203 "0007-00000203" "Error status : -1.";
    EntityTooLarge 400 "0017-00000104" "Your proposed upload exceeds the maximum allowed size.";
    EntityTooSmall 400 "0042-00000213" "Your proposed upload smaller than the minimum allowed size.";
    FileAlreadyExists 409 "0026-00000002" "The object you specified already exists and can not be overwritten.";
    FileImmutable 409 "0027-00000008" "The object you specified is immutable.";
    ImageTooLarge 400 "0040-00000012" "The image exceeds the limit.";
    IncompleteBody 400 "0017-00000105" "You did not provide the number of bytes specified by the Content-Length HTTP header.";
    InvalidArgument 400 "0017-00000002" "Invalid Argument.";
    InvalidCRC64 400 "0017-00000504" "The x-oss-hash-crc64ecma you specified does not match what we calculated.";
    InvalidDataEncryptionAlgorithmError 400 "0005-00000002" "The KMS Data Encryption request you specified is not valid. Supported value:SM4";
    InvalidDigest 400 "0017-00000503" "The Content-MD5 you specified was invalid.";
    InvalidEncryptionAlgorithmError 400 "0005-00000003" "The Encryption request you specified is not valid. Supported value: AES256/SM4/KMS.";
    InvalidObjectName 400 "0016-00000001" "The specified object is not valid.";
    InvalidObjectState 403 "0016-00000703" "The operation is not valid for the object's state.";
    InvalidRange 416 "0017-00000201" "The requested range cannot be satisfied.";
    InvalidRequest 400 "0017-00000003" "Invalid Request.";
    InvalidTag 400 "0010-00000003" "The TagKey you have provided is invalid.";
    InvalidTargetType 400 "0026-00000011" "The symbolic's target file type is invalid";
    KmsServiceNotEnabled 403 "0005-00000004" "This user does not turn on KMS service.";
    MethodNotAllowed 405 "0003-00000016" "The specified method is not allowed against this resource.";
    MissingArgument 400 "0016-00000501" "Missing Some Required Arguments.";
    MissingContentLength 411 "0017-00000101" "You must provide the Content-Length HTTP header.";
    NoSuchKey 404 "0026-00000001" "The specified key does not exist.";
    NoSuchVersion 404 "0012-00000002" "The specified version does not exist.";
    NotImplemented 501 "0017-00000004" "A header you provided implies functionality that is not implemented.";
    NotModified 304 "" "Not Modified";
    NotSymlink 400 "0043-00000001" "The object is not symlink.";
    ObjectNotAppendable 409 "0026-00000017" "The object is not appendable";
    OperationNotSupported 400 "0016-00000702" "The operation is not supported for this resource";
    PositionNotEqualToLength 409 "0026-00000016" "Position is not equal to file length";
    PreconditionFailed 412 "0017-00001001" "At least one of the pre-conditions you specified did not hold.";
    RequestTimeout 400 "0017-00000106" "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.";
    RestoreAlreadyInProgress 409 "0016-00000704" "The restore operation is in progress.";
    SymlinkTargetNotExist 404 "0043-00000002" "The symlink target object does not exist.";
    UserKeyMustBeSpecified 400 "0016-00000607" "User key must be specified.";
    // multipart (errors.md §4.3)
    InvalidPart 400 "0042-00000211" "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag.";
    InvalidPartOrder 400 "0042-00000209" "The list of parts was not in ascending order.";
    NoSuchUpload 404 "0042-00000002" "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
    PartNotSequential 400 "0042-00000212" "The parts of a sequential upload must be uploaded in order.";
    // PostObject (auth.md §8)
    FieldItemTooLong 400 "0006-00000001" "The field item is too long.";
    IncorrectNumberOfFilesInPOSTRequest 400 "0006-00000002" "POST requires exactly one file upload per request.";
    MalformedPOSTRequest 400 "0006-00000003" "The body of your POST request is not well-formed multipart/form-data.";
    MaxPOSTPreDataLengthExceededError 400 "0006-00000004" "Your POST request fields preceding the upload file were too large.";
    RequestIsNotMultiPartContent 400 "0006-00000005" "Bucket POST must be of the enclosure-type multipart/form-data.";
    // authentication (auth.md §12)
    AccessKeyIdAndSecurityTokenNotMatch 403 "0002-00000004" "The security token and the access key id do not match.";
    InvalidAccessKeyId 403 "0002-00000902" "The OSS Access Key Id you provided does not exist in our records.";
    InvalidSecurityToken 403 "0002-00000006" "The security token you provided is invalid.";
    RequestTimeTooSkewed 403 "0002-00000504" "The difference between the request time and the current time is too large.";
    SecurityTokenExpired 403 "0002-00000007" "The security token you provided has expired.";
    SecurityTokenNotSupported 403 "0002-00000008" "The security token is not supported for this operation.";
    SignatureDoesNotMatch 403 "0002-00000040" "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
    // the server itself
    InternalError 500 "0001-00000001" "We encountered an internal error. Please try again.";
    ServiceUnavailable 503 "0004-00000001" "Please reduce your request rate.";
}

/// A refusal or failure on its way to the client. Boxed, so that a `Result` stays small.
#[derive(Debug)]
pub struct Error(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: Code,
    status: Option<u16>,
    ec: Option<&'static str>,
    message: Option<Cow<'static, str>>,
    fields: Vec<(&'static str, String)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    close: bool,
}

impl Error {
    /// The row's error with its text.
    pub fn new(code: Code) -> Self {
        Self(Box::new(Parts {
            code,
            status: None,
            ec: None,
            message: None,
            fields: Vec::new(),
            headers: Vec::new(),
            source: None,
            close: false,
        }))
    }

    /// `InvalidArgument` with its two elements.
    pub fn invalid_argument(
        name: &'static str,
        value: impl Into<String>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Code::InvalidArgument)
            .message(message)
            .field("ArgumentName", name)
            .field("ArgumentValue", value)
    }

    /// `InternalError`; the cause is for the log only.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Code::InternalError).source(source)
    }

    /// Replaces the row's text.
    #[must_use]
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = Some(message.into());
        self
    }

    /// Replaces the row's extended code.
    #[must_use]
    pub fn ec(mut self, ec: &'static str) -> Self {
        self.0.ec = Some(ec);
        self
    }

    /// Replaces the row's status; for the few codes whose status is a switch (append.md R112).
    #[must_use]
    pub fn status_override(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Adds an element beside `Code` in the answer.
    #[must_use]
    pub fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.fields.push((name, value.into()));
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Adds the two headers that name a delete marker (errors.md §2).
    fn marker(self, version: &str) -> Self {
        let error = self.header(
            HeaderName::from_static("x-oss-delete-marker"),
            HeaderValue::from_static("true"),
        );
        match HeaderValue::from_str(version) {
            Ok(version) => error.header(HeaderName::from_static("x-oss-version-id"), version),
            Err(_) => error,
        }
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Asks for the connection to be closed after the answer: its framing can no longer be trusted.
    #[must_use]
    pub fn close(mut self) -> Self {
        self.0.close = true;
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        let status = self.0.status.unwrap_or(self.0.code.status());
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The extended code; empty for 304.
    pub fn extended_code(&self) -> &'static str {
        self.0.ec.unwrap_or(self.0.code.ec())
    }

    /// The text for the client.
    pub fn text(&self) -> &str {
        self.0.message.as_deref().unwrap_or(self.0.code.message())
    }

    /// The extra elements.
    pub fn fields(&self) -> &[(&'static str, String)] {
        &self.0.fields
    }

    /// Whether an extra element is already there.
    pub fn has_field(&self, name: &str) -> bool {
        self.0.fields.iter().any(|(n, _)| *n == name)
    }

    /// The extra headers.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.0.headers
    }

    /// Whether the connection is to be closed.
    pub fn closes(&self) -> bool {
        self.0.close
    }

    /// The cause, for the log.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.0.source.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code().as_str(), self.text())
    }
}

impl std::error::Error for Error {}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        match error {
            NameError::Bucket => Self::new(Code::InvalidBucketName),
            NameError::KeyEmpty => {
                Self::new(Code::InvalidObjectName).message("The Object name can not be empty.")
            }
            NameError::KeyTooLong => Self::new(Code::InvalidObjectName)
                .message("The Length of Object name must be less than 1024."),
            NameError::KeyInvalid => Self::new(Code::InvalidObjectName),
        }
    }
}

/// The codes of R26, as the C++ and Python SDK tests assert them.
impl From<TagError> for Error {
    fn from(error: TagError) -> Self {
        match error {
            TagError::TooMany => Self::new(Code::BadRequest).message("Object tags cannot be greater than 10"),
            TagError::Duplicate | TagError::Encoding => Self::new(Code::InvalidArgument).message(
                "The header 'x-oss-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
            ),
            TagError::Key => Self::new(Code::InvalidTag),
            TagError::Value => Self::new(Code::InvalidTag).message("The TagValue you have provided is invalid."),
        }
    }
}

/// The codes that the documentation of image processing lists.
impl From<picture::Error> for Error {
    fn from(error: picture::Error) -> Self {
        use picture::Error as E;
        match error {
            E::Argument { name, value, ec } => {
                let message = format!("The value: {value} of parameter: {name} is invalid.");
                Self::invalid_argument(name, value, message).ec(ec)
            }
            E::NotOffered(_) => {
                Self::new(Code::NotImplemented).message(format!("{error} by this server."))
            }
            E::UnknownFormat => Self::new(Code::BadRequest)
                .message("This image format is not supported.")
                .ec("0040-00000005"),
            E::Damaged(_) => Self::new(Code::BadRequest)
                .message("The image can not be decoded.")
                .ec("0040-00000001")
                .source(error),
            E::Outside => Self::new(Code::BadRequest)
                .message("Advance cut's position is out of image.")
                .ec("0040-00000001"),
            E::TooLarge { limit, ec } => Self::new(Code::ImageTooLarge).message(limit).ec(ec),
            E::Broken(_) => Self::internal(error),
        }
    }
}

/// Facts of the store become codes here, once. No wildcard: a new fact cannot be forgotten.
impl From<store::Error> for Error {
    // One line for each fact, even where two of them share an answer today.
    #[allow(clippy::match_same_arms)]
    fn from(error: store::Error) -> Self {
        use store::Error as E;
        let position = |length: u64| {
            Self::new(Code::PositionNotEqualToLength).header(
                HeaderName::from_static("x-oss-next-append-position"),
                HeaderValue::from(length),
            )
        };
        match error {
            E::NoSuchBucket => Self::new(Code::NoSuchBucket),
            E::BucketExists => Self::new(Code::BucketAlreadyExists),
            E::BucketNotEmpty => Self::new(Code::BucketNotEmpty),
            E::TooManyBuckets => Self::new(Code::TooManyBuckets),
            E::NoSuchKey {
                delete_marker: None,
            } => Self::new(Code::NoSuchKey),
            E::NoSuchKey {
                delete_marker: Some(version),
            } => Self::new(Code::NoSuchKey).marker(&version.to_string()),
            E::NoSuchVersion => Self::new(Code::NoSuchVersion),
            E::DeleteMarker(version) => Self::new(Code::MethodNotAllowed)
                .field("ResourceType", "DeleteMarker")
                .marker(&version.to_string())
                .header(http::header::ALLOW, HeaderValue::from_static("DELETE")),
            E::FileExists => Self::new(Code::FileAlreadyExists),
            E::Immutable => Self::new(Code::FileImmutable),
            E::TooLarge => Self::new(Code::EntityTooLarge),
            E::PositionMismatch { length } => position(length),
            E::NotAppendable => Self::new(Code::ObjectNotAppendable),
            E::Sealed => Self::new(Code::AppendSealedObjectNotAllowed),
            E::AppendStorageClass => Self::new(Code::InvalidArgument)
                .message("The storage class is not supported for appendable objects.")
                .ec("0016-00000503"),
            E::Hierarchical => Self::new(Code::OperationNotSupported),
            E::CopyOfAppend { versioned: true } => Self::new(Code::InvalidRequest)
                .message("It is forbidden to copy appendable object in versioning state"),
            E::CopyOfAppend { versioned: false } => {
                Self::new(Code::InvalidRequest).message("It is forbidden to copy appendable object")
            }
            E::Archived => Self::new(Code::InvalidObjectState),
            E::RestoreUnsupported => Self::new(Code::OperationNotSupported),
            E::RestoreInProgress => Self::new(Code::RestoreAlreadyInProgress),
            E::NotRestored => Self::new(Code::ArchiveRestoreFileStale),
            E::NotSymlink => Self::new(Code::NotSymlink),
            E::SymlinkTargetMissing => Self::new(Code::SymlinkTargetNotExist),
            E::SymlinkTargetType => Self::new(Code::InvalidTargetType),
            E::NoSuchUpload => Self::new(Code::NoSuchUpload),
            E::InvalidPart { number } => {
                Self::new(Code::InvalidPart).field("PartNumber", number.to_string())
            }
            E::InvalidPartOrder => Self::new(Code::InvalidPartOrder),
            E::PartTooSmall {
                number,
                size,
                size_min,
            } => Self::new(Code::EntityTooSmall)
                .field("MinSizeAllowed", size_min.to_string())
                .field("ProposedSize", size.to_string())
                .field("PartNumber", number.to_string()),
            E::PartNotSequential => Self::new(Code::PartNotSequential),
            E::WormExists => Self::new(Code::WORMConfigurationAlreadyExists),
            E::NoSuchWorm => Self::new(Code::NoSuchWORMConfiguration),
            E::WormLocked => Self::new(Code::WORMConfigurationLocked),
            E::InvalidWorm => Self::new(Code::InvalidWORMConfiguration),
            E::IllegalVersioning => Self::new(Code::IllegalVersioningConfigurationException),
            E::RetentionUnsupported => Self::new(Code::InvalidRequest)
                .message("The bucket does not have the object worm configuration."),
            E::RetentionLocked => Self::new(Code::FileImmutable),
            E::Engine(error) => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_table_is_sound() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} twice", code.as_str());
            assert!(StatusCode::from_u16(code.status()).is_ok());
            let ec = code.ec();
            let shaped = ec.len() == 13 && ec.as_bytes()[4] == b'-';
            assert!(
                shaped || (ec.is_empty() && code.status() == 304),
                "{}: {ec}",
                code.as_str()
            );
        }
    }
}
