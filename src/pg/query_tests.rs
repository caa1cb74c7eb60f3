//! Statements that run while others are prepared, until no more plans are kept.

#[pgrx::pg_schema]
mod tests {
    use crate::pg::query::{MAX_PLANS, all, is_kept, one, parameter, returning, run};
    use pgrx::prelude::*;

    /// Prepares more statements than are kept.
    #[pg_extern]
    fn prepare_many(round: i32) -> i64 {
        let statements = 0..=MAX_PLANS as i64;
        statements.filter_map(|n| number(&format!("SELECT {n}::bigint + {round} + $1 * 0"))).count()
            as i64
    }

    fn number(sql: &str) -> Option<i64> {
        one(sql, &[parameter(1i64)], |row| row.required(1))
    }

    #[pg_extern]
    fn kept(sql: &str) -> bool {
        is_kept(sql)
    }

    /// What is freed too early mostly looks as it did: so the plans kept are looked at.
    const OUTER: &str = "SELECT n, tests.prepare_many($1), tests.kept($2)
                         FROM pg_catalog.generate_series(1, 2) n";

    #[pg_test]
    fn a_plan_outlives_what_its_statement_prepares() {
        for round in 0..3 {
            let rows = all(OUTER, &[parameter(round), parameter(OUTER)], |row| {
                (row.required::<i64>(2), row.required::<bool>(3))
            });
            assert_eq!(rows, [(MAX_PLANS as i64 + 1, true); 2]);
        }
    }

    #[pg_test]
    fn a_plan_that_runs_no_more_makes_room() {
        let idle = "SELECT 'idle'";
        assert!(one(idle, &[], |row| row.required::<String>(1)).is_some() && is_kept(idle));
        prepare_many(-2);
        assert!(!is_kept(idle));
    }

    #[pg_test]
    fn a_plan_outlives_what_its_rows_prepare() {
        run("CREATE TEMP TABLE kept (n bigint)", &[]);
        let n = returning("INSERT INTO kept VALUES (7) RETURNING n", &[], |row| {
            prepare_many(-1);
            row.required::<i64>(1)
        });
        assert_eq!(n, [7]);
    }

    #[pg_test]
    fn a_statement_that_failed_can_run_again() {
        let divide = |by: i64| {
            crate::pg::attempt::attempt(
                || one("SELECT 6 / $1", &[parameter(by)], |row| row.required::<i64>(1)),
                |failure| failure.sqlstate == "22012",
            )
        };
        assert!(divide(0).is_err());
        prepare_many(5);
        assert_eq!(divide(2).ok(), Some(Some(3)));
    }
}
