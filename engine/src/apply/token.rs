//! Names for tries: digests of inputs and idempotency tokens.
//!
//! A token is 32 hexadecimal characters: the most that every service takes, and the least that
//! some want. Tries of one operation share it, also across restarts; two objects never do.

use infra_sdk::{Address, Object};

use crate::event::Operation;

/// Digest of the inputs that go into a call. Sensitive values are left out of it: it is stored in
/// clear, and a digest of a short secret gives the secret away to whoever tries all short secrets.
pub(crate) fn digest(inputs: &Object) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, value) in inputs {
        let json = value.to_json(&|_| serde_json::Value::from("(sensitive value)"));
        feed(&mut hasher, name);
        feed(&mut hasher, &json.to_string());
    }
    hasher.finalize().to_hex().to_string()
}

/// What a try is for.
pub(crate) struct Purpose<'a> {
    /// History of the state.
    pub(crate) lineage: &'a str,
    /// Serial of the state when the run began: with `previous`, the generation of the object.
    pub(crate) serial: u64,
    /// The resource.
    pub(crate) address: &'a Address,
    /// What is done.
    pub(crate) operation: Operation,
    /// The object that is changed, or that the new one comes after.
    pub(crate) previous: Option<&'a str>,
    /// Digest of the inputs.
    pub(crate) digest: &'a str,
}

/// The token of all tries for one purpose.
pub(crate) fn token(purpose: &Purpose<'_>) -> String {
    let mut hasher = blake3::Hasher::new();
    feed(&mut hasher, purpose.lineage);
    feed(&mut hasher, &purpose.serial.to_string());
    feed(&mut hasher, purpose.address.as_str());
    feed(&mut hasher, purpose.operation.verb());
    feed(&mut hasher, purpose.previous.unwrap_or_default());
    feed(&mut hasher, purpose.digest);
    hasher.finalize().to_hex()[..32].to_owned()
}

/// Lengths keep two neighbours from reading as one.
fn feed(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_digest_says_nothing_about_secrets() {
        let with = |secret: &str| {
            digest(&Object::from([("password".into(), Value::from(secret).sensitive())]))
        };
        assert_eq!(with("a"), with("b"));
        let other = digest(&Object::from([("name".into(), Value::from("a"))]));
        assert_ne!(with("a"), other);
    }

    #[test]
    fn a_token_is_stable_and_its_own() {
        let address = Address::parse("network.vpc").expect("valid");
        let of = |serial, previous| {
            let lineage = "lineage";
            let operation = Operation::Create;
            let digest = "digest";
            token(&Purpose { lineage, serial, address: &address, operation, previous, digest })
        };
        assert_eq!(of(1, None), of(1, None));
        assert_eq!(of(1, None).len(), 32);
        assert_ne!(of(1, None), of(2, None));
        assert_ne!(of(1, None), of(1, Some("vpc-1")));
    }
}
