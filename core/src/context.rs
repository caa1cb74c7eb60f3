//! Checks of the context that an application attaches to its writes.

use std::net::IpAddr;

/// Whether `text` is an address as PostgreSQL's `inet` takes it: an IPv4 or IPv6 address, optionally
/// with a netmask length.
pub fn is_inet(text: &str) -> bool {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let widest = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    match length {
        None => true,
        Some(length) => {
            length.bytes().all(|c| c.is_ascii_digit())
                && length.parse::<u8>().is_ok_and(|length| length <= widest)
        }
    }
}

/// Whether `text` is a JSON object that `jsonb` can hold (`jsonb` has no NUL character).
pub fn is_json_object(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text)
        .is_ok_and(|value| value.is_object() && !has_nul(&value))
}

fn has_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(has_nul),
        serde_json::Value::Object(fields) => {
            fields.iter().any(|(key, value)| key.contains('\0') || has_nul(value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["10.0.0.1", "10.0.0.1/8", "::1", "fe80::1/64", "255.255.255.255/32"] {
            assert!(is_inet(good), "{good}");
        }
        for bad in ["", "10.0.0", "10.0.0.256", "10.0.0.1/33", "::1/129", "::1/", "1.2.3.4/+8", "x"]
        {
            assert!(!is_inet(bad), "{bad}");
        }
    }

    #[test]
    fn metadata() {
        for good in ["{}", r#"{"a":[1,{"b":null}]}"#] {
            assert!(is_json_object(good), "{good}");
        }
        for bad in ["", "[]", "1", "{", r#"{"a":"\u0000"}"#, r#"{"\u0000":1}"#, r#"{"a":"\ud800"}"#]
        {
            assert!(!is_json_object(bad), "{bad}");
        }
    }
}
