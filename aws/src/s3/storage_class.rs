//! Where objects are kept.

use infra_sdk::Choice;

/// Where an object is kept, and what it costs. Source: S3 API Reference, PutObject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ObjectStorageClass {
    /// Often read, three zones.
    #[choice("STANDARD")]
    Standard,
    /// Fewer copies; AWS advises against it.
    #[choice("REDUCED_REDUNDANCY")]
    ReducedRedundancy,
    /// Seldom read, three zones.
    #[choice("STANDARD_IA")]
    StandardIa,
    /// Seldom read, one zone.
    #[choice("ONEZONE_IA")]
    OnezoneIa,
    /// Moved by how they are used.
    #[choice("INTELLIGENT_TIERING")]
    IntelligentTiering,
    /// Archive that is read at once.
    #[choice("GLACIER_IR")]
    GlacierInstantRetrieval,
    /// Archive that is read within minutes or hours.
    #[choice("GLACIER")]
    Glacier,
    /// Archive that is read within half a day.
    #[choice("DEEP_ARCHIVE")]
    DeepArchive,
}
