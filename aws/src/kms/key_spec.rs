//! What a key is for and what it is made of.

use infra_sdk::Choice;

/// What a key may be used for. Source: KMS API Reference, CreateKey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum KeyUsage {
    /// To encrypt and decrypt.
    #[choice("ENCRYPT_DECRYPT")]
    EncryptDecrypt,
    /// To sign and verify signatures.
    #[choice("SIGN_VERIFY")]
    SignVerify,
    /// To make and verify message authentication codes.
    #[choice("GENERATE_VERIFY_MAC")]
    GenerateVerifyMac,
    /// To agree on a shared secret.
    #[choice("KEY_AGREEMENT")]
    KeyAgreement,
    /// To encapsulate and decapsulate a shared secret.
    #[choice("ENCAPSULATE_DECAPSULATE")]
    EncapsulateDecapsulate,
}

/// The kind of key material. Source: KMS API Reference, CreateKey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum KeySpec {
    /// AES-256-GCM; SM4 in China.
    #[choice("SYMMETRIC_DEFAULT")]
    SymmetricDefault,
    /// RSA with 2048 bits.
    #[choice("RSA_2048")]
    Rsa2048,
    /// RSA with 3072 bits.
    #[choice("RSA_3072")]
    Rsa3072,
    /// RSA with 4096 bits.
    #[choice("RSA_4096")]
    Rsa4096,
    /// NIST P-256.
    #[choice("ECC_NIST_P256")]
    EccNistP256,
    /// NIST P-384.
    #[choice("ECC_NIST_P384")]
    EccNistP384,
    /// NIST P-521.
    #[choice("ECC_NIST_P521")]
    EccNistP521,
    /// Ed25519.
    #[choice("ECC_NIST_EDWARDS25519")]
    EccNistEdwards25519,
    /// secp256k1.
    #[choice("ECC_SECG_P256K1")]
    EccSecgP256k1,
    /// HMAC with 224 bits.
    #[choice("HMAC_224")]
    Hmac224,
    /// HMAC with 256 bits.
    #[choice("HMAC_256")]
    Hmac256,
    /// HMAC with 384 bits.
    #[choice("HMAC_384")]
    Hmac384,
    /// HMAC with 512 bits.
    #[choice("HMAC_512")]
    Hmac512,
    /// SM2, in China only.
    #[choice("SM2")]
    Sm2,
    /// ML-DSA-44.
    #[choice("ML_DSA_44")]
    MlDsa44,
    /// ML-DSA-65.
    #[choice("ML_DSA_65")]
    MlDsa65,
    /// ML-DSA-87.
    #[choice("ML_DSA_87")]
    MlDsa87,
    /// ML-KEM-512.
    #[choice("ML_KEM_512")]
    MlKem512,
    /// ML-KEM-768.
    #[choice("ML_KEM_768")]
    MlKem768,
    /// ML-KEM-1024.
    #[choice("ML_KEM_1024")]
    MlKem1024,
}
