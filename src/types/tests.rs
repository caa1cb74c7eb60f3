//! The types as arguments, results and SPI values of Rust functions.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use crate::types::hlc::Hlc;
    use crate::types::ulid::Ulid;
    use pgrx::datum::DatumWithOid;
    use pgrx::prelude::*;
    use pgrx::{IntoDatum, pg_sys};

    fn hlc(bits: i64) -> Hlc {
        Hlc(bits.try_into().unwrap())
    }

    fn ulid(text: &str) -> Ulid {
        Ulid(text.parse().unwrap())
    }

    #[allow(unsafe_code)]
    fn argument<T: IntoDatum>(value: T) -> DatumWithOid<'static> {
        let oid = T::type_oid();
        // SAFETY: the oid is the value's own.
        unsafe { DatumWithOid::new(value, oid) }
    }

    #[pg_extern]
    fn swap(
        a: Option<Hlc>,
        b: Option<Ulid>,
    ) -> TableIterator<'static, (name!(b, Option<Ulid>), name!(a, Option<Hlc>))> {
        TableIterator::once((b, a))
    }

    #[pg_extern]
    fn backwards(ids: Vec<Option<Ulid>>, hlcs: Array<Hlc>) -> Vec<Option<Ulid>> {
        assert!(hlcs.iter_deny_null().all(|hlc| hlc.0.counter() == 7));
        ids.into_iter().rev().collect()
    }

    #[pg_extern]
    fn no_null(hlc: Hlc, other: Option<i32>) -> Hlc {
        other.map_or(hlc, |_| hlc)
    }

    const IDS: [&str; 2] = ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"];

    #[pg_test]
    fn oids_are_those_of_the_catalog() {
        let catalog =
            |name| Spi::get_one::<pg_sys::Oid>(&format!("SELECT 'concord.{name}'::regtype::oid"));
        assert_eq!(catalog("hlc"), Ok(Some(Hlc::oid())));
        assert_eq!(catalog("ulid[]"), Ok(Some(Vec::<Ulid>::type_oid())));
    }

    #[pg_test]
    fn values_pass_through_spi() {
        let same = Spi::get_one_with_args("SELECT $1", &[argument(hlc(111_810_969_600_000_005))]);
        assert_eq!(same, Ok(Some(hlc(111_810_969_600_000_005))));
        let same = Spi::get_one_with_args("SELECT $1", &[argument(ulid(IDS[0]))]);
        assert_eq!(same, Ok(Some(ulid(IDS[0]))));
        assert_eq!(Spi::get_one::<Hlc>("SELECT NULL::concord.hlc"), Ok(None));
        assert_eq!(Spi::get_one::<Ulid>("SELECT NULL::concord.ulid"), Ok(None));
    }

    #[pg_test]
    fn other_types_do_not_pass_for_them() {
        assert!(Spi::get_one::<Ulid>("SELECT gen_random_uuid()").is_err());
        assert!(Spi::get_one::<Hlc>("SELECT 5::bigint").is_err());
    }

    #[pg_test]
    fn arrays_pass_through_spi() {
        let ids = vec![Some(ulid(IDS[0])), None, Some(ulid(IDS[1]))];
        let same = Spi::get_one_with_args("SELECT $1", &[argument(ids.clone())]);
        assert_eq!(same, Ok(Some(ids)));
        let hlcs = vec![hlc(0), hlc(i64::MAX)];
        let same = Spi::get_one_with_args("SELECT $1", &[argument(hlcs.clone())]);
        assert_eq!(same, Ok(Some(hlcs)));
    }

    #[pg_test]
    fn functions_take_and_return_them() {
        let text = Spi::get_one::<String>(
            "SELECT (tests.backwards('{01ARZ3NDEKTSV4RRFFQ69G5FAV,NULL}', '{7,7}'))::text",
        );
        assert_eq!(text, Ok(Some("{NULL,01ARZ3NDEKTSV4RRFFQ69G5FAV}".to_owned())));
        let text = Spi::get_one::<String>("SELECT (tests.swap('7', NULL))::text");
        assert_eq!(text, Ok(Some("(,1970-01-01T00:00:00.000Z/7)".to_owned())));
        let text =
            Spi::get_one::<String>("SELECT (tests.swap(NULL, '7zzzzzzzzzzzzzzzzzzzzzzzzz'))::text");
        assert_eq!(text, Ok(Some("(7ZZZZZZZZZZZZZZZZZZZZZZZZZ,)".to_owned())));
    }

    #[pg_test(error = "argument 1 must not be null")]
    fn a_null_where_none_is_taken() {
        Spi::run("SELECT tests.no_null(NULL, 1)").unwrap();
    }
}
