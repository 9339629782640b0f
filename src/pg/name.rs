//! How are our databases called? By 128 random bits, so that no name can be anybody else's.

use rand::TryRng;
use rand::rngs::SysRng;

/// What every name of ours begins with; nothing is ever recognised by it.
const PREFIX: &str = "pgauge_";

/// `pgauge_` and 32 hexadecimal digits.
///
/// # Errors
///
/// The operating system has no random bits to give.
pub(super) fn random_name() -> std::io::Result<String> {
    Ok(format!("{PREFIX}{}", hex(&random_bytes::<16>()?)))
}

/// A number of which no two runs have the same.
///
/// # Errors
///
/// The operating system has no random bits to give.
pub(super) fn random_id() -> std::io::Result<i64> {
    Ok(i64::from_be_bytes(random_bytes()?))
}

fn random_bytes<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(std::io::Error::other)?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_differ_and_fit() {
        let (one, other) = (random_name().unwrap(), random_name().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 39);
    }
}
