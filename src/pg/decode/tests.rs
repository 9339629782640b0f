use super::*;
use proptest::prelude::*;

fn shown(type_: &Type, bytes: &[u8]) -> String {
    decode(type_, Some(bytes)).to_string()
}

#[test]
fn a_numeric_keeps_its_digits_and_its_scale() {
    for (bytes, text) in [
        (&[0, 0, 0, 0, 0, 0, 0, 0][..], "0"),
        (&[0, 0, 0, 0, 0, 0, 0, 2], "0.00"),
        (&[0, 2, 0, 0, 0, 0, 0, 2, 0, 1, 0x13, 0x88], "1.50"),
        (&[0, 2, 0, 0, 0x40, 0, 0, 2, 0, 1, 0x13, 0x88], "-1.50"),
        (&[0, 1, 0, 1, 0, 0, 0, 0, 0, 12], "120000"),
        (&[0, 1, 0xff, 0xfe, 0, 0, 0, 8, 0, 1], "0.00000001"),
        (&[0, 1, 0xff, 0xff, 0, 0, 0, 3, 0, 10], "0.001"),
        (&[0, 0, 0, 0, 0xc0, 0, 0, 0], "NaN"),
        (&[0, 0, 0, 0, 0xd0, 0, 0, 0], "Infinity"),
        (&[0, 0, 0, 0, 0xf0, 0, 0, 0], "-Infinity"),
    ] {
        let value = decode(&Type::NUMERIC, Some(bytes));
        assert_eq!(
            (value.kind(), value.to_string().as_str()),
            ("numeric", text)
        );
    }
}

#[test]
fn a_single_precision_float_keeps_its_digits() {
    let bytes = 0.1_f32.to_be_bytes();
    assert_eq!(decode(&Type::FLOAT4, Some(&bytes)), Value::Float(0.1));
    let bytes = f32::NEG_INFINITY.to_be_bytes();
    assert_eq!(
        decode(&Type::FLOAT4, Some(&bytes)),
        Value::Float(f64::NEG_INFINITY)
    );
}

#[test]
fn arrays_nest_and_show_unusual_bounds() {
    let header = |dimensions: &[(i32, i32)]| -> Vec<u8> {
        let mut bytes = i32::try_from(dimensions.len())
            .unwrap()
            .to_be_bytes()
            .to_vec();
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 23]);
        for (length, bound) in dimensions {
            bytes.extend(length.to_be_bytes());
            bytes.extend(bound.to_be_bytes());
        }
        bytes
    };
    let one = [0, 0, 0, 4, 0, 0, 0, 1];
    let null = [0xff; 4];
    let flat = [&header(&[(2, 1)])[..], &one, &null].concat();
    assert_eq!(
        decode(&Type::INT4_ARRAY, Some(&flat)),
        Value::Array(vec![Value::Int(1), Value::Null])
    );
    let nested = [&header(&[(2, 1), (1, 1)])[..], &one, &one].concat();
    assert_eq!(shown(&Type::INT4_ARRAY, &nested), "{{1},{1}}");
    let shifted = [&header(&[(2, 0)])[..], &one, &one].concat();
    let value = decode(&Type::INT4_ARRAY, Some(&shifted));
    assert_eq!(value.describe(), "int4[] <[0:1]={1,1}>");
    assert_eq!(shown(&Type::INT4_ARRAY, &header(&[])), "{}");
    assert!(shown(&Type::INT4_ARRAY, &header(&[(i32::MAX, 1)])).starts_with("\\x"));
}

#[test]
fn ranges_print_their_bounds() {
    let bounds = [0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 5];
    let range = [&[2_u8][..], &bounds].concat();
    assert_eq!(
        decode(&Type::INT4_RANGE, Some(&range)).describe(),
        "int4range <[1,5)>"
    );
    assert_eq!(shown(&Type::INT4_RANGE, &[1]), "empty");
    assert_eq!(shown(&Type::INT4_RANGE, &[0x18]), "(,)");
}

#[test]
fn bytes_that_are_not_of_their_type_are_shown() {
    assert_eq!(
        decode(&Type::INT4, Some(&[1, 2])).describe(),
        "int4 <\\x0102>"
    );
    assert_eq!(
        decode(&Type::TEXT, Some(&[0xff])).describe(),
        "text <\\xff>"
    );
    assert_eq!(decode(&Type::INT4, None), Value::Null);
}

proptest! {
    #[test]
    fn any_bytes_are_decoded(bytes in proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), any::<u8>()], 0..60)) {
        for oid in 0..6000 {
            if let Some(type_) = Type::from_oid(oid) {
                let _ = decode(&type_, Some(&bytes)).describe();
            }
        }
    }
}
