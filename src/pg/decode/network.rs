//! How are network addresses written?

use super::reader::Reader;
use std::net::{Ipv4Addr, Ipv6Addr};

/// `inet_send`: family, bits of the mask, whether it is a `cidr`, length, address.
pub(super) fn address(reader: &mut Reader<'_>) -> Option<String> {
    let (_family, bits, is_cidr, length) = (reader.u8()?, reader.u8()?, reader.u8()?, reader.u8()?);
    let (address, all_bits) = match length {
        4 => (
            Ipv4Addr::from(<[u8; 4]>::try_from(reader.rest()).ok()?).to_string(),
            32,
        ),
        16 => (ipv6(<[u8; 16]>::try_from(reader.rest()).ok()?.into()), 128),
        _ => return None,
    };
    let with_mask = is_cidr != 0 || bits != all_bits;
    Some(if with_mask {
        format!("{address}/{bits}")
    } else {
        address
    })
}

/// Unlike Rust, PostgreSQL writes an address whose first six groups alone are zero with an IPv4 tail.
fn ipv6(address: Ipv6Addr) -> String {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            format!("::{}", Ipv4Addr::new(a, b, c, d))
        }
        _ => address.to_string(),
    }
}

/// `08:00:2b:01:02:03`, of six or eight bytes.
pub(super) fn hardware_address(bytes: &[u8]) -> Option<String> {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    matches!(bytes.len(), 6 | 8).then(|| pairs.join(":"))
}
