//! Reads the constraints of a table from the catalogs.

use crate::capture::key_sql::{ROW, whole_row};
use crate::error::Result;
use crate::pg::catalog::name_of;
use crate::pg::query::{self, Row, parameter};
use crate::sync::table::constraints::{Constraints, ForeignKey, Operator, UniqueIndex, hash_where};
use crate::sync::table::target::Target;
use concord_core::names::quote_identifier;
use pgrx::pg_sys;
use std::rc::Rc;

/// Reads the constraints of a table.
pub fn read_constraints(target: &Target) -> Result<Constraints> {
    let source = source(target);
    let indexes = query::all(UNIQUE_INDEXES, &[parameter(target.tracked.root)], IndexShape::read);
    let (mut unique, mut keys) = (Vec::new(), Vec::new());
    for shape in indexes.into_iter().filter(|shape| !shape.is_record_key(target)) {
        keys.push(shape.hash());
        unique.push(shape.into_index(target, &source));
    }
    let parents = foreign_keys("conrelid", target.tracked.root);
    let children = foreign_keys("confrelid", target.tracked.root);
    keys.extend(parents.iter().map(|key| key.hash_of(&key.columns)));
    keys.extend(children.iter().map(|key| key.hash_of(&key.referred)));
    let keys = format!("SELECT ARRAY[{}]::bigint[] FROM {source}", keys.join(", "));
    Ok(Constraints { unique, parents, children, keys })
}

/// The image in $1 as a row of the table, generated columns included.
fn source(target: &Target) -> String {
    let (mut given, mut computed) = (Vec::new(), vec!["i.*".to_owned()]);
    for column in target.columns.iter().filter(|column| !column.generated) {
        given.push(format!("{} AS {}", column.value_of("$1"), quote_identifier(&column.name)));
    }
    computed.extend(query::all(
        "SELECT a.attname::text, pg_catalog.pg_get_expr(d.adbin, d.adrelid)
         FROM pg_catalog.pg_attribute a
         JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE a.attrelid = $1 AND a.attgenerated <> '' AND NOT a.attisdropped",
        &[parameter(target.tracked.root)],
        |row| {
            let (name, expression): (String, String) = (row.required(1), row.required(2));
            format!("({expression}) AS {}", quote_identifier(&name))
        },
    ));
    format!("(SELECT {} FROM (SELECT {}) i) r", computed.join(", "), given.join(", "))
}

/// Key expressions with the operators, collations and hash support of their operator classes.
const UNIQUE_INDEXES: &str = "
    SELECT c.relname::text, k.expressions, k.operators, k.collations, k.hashable, k.plain,
           pg_catalog.pg_get_expr(x.indpred, x.indrelid), x.indnullsnotdistinct, x.indimmediate,
           ARRAY(SELECT DISTINCT a.attname::text FROM pg_catalog.pg_attribute a
                 WHERE a.attrelid = x.indrelid
                   AND (a.attnum = ANY ((x.indkey::smallint[])[0:x.indnkeyatts - 1])
                        OR EXISTS (SELECT FROM pg_catalog.pg_depend d
                                   WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                     AND d.objid = x.indexrelid AND d.refobjid = x.indrelid
                                     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                     AND d.refobjsubid = a.attnum)))
    FROM pg_catalog.pg_index x
    JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid
    CROSS JOIN LATERAL (
        SELECT pg_catalog.array_agg(pg_catalog.pg_get_indexdef(x.indexrelid, n.n, false) ORDER BY n.n)
                   AS expressions,
               pg_catalog.array_agg(pg_catalog.format('OPERATOR(%I.%s)', s.nspname, o.oprname) ORDER BY n.n)
                   AS operators,
               pg_catalog.array_agg(CASE WHEN l.oid IS NULL THEN ''
                                         ELSE pg_catalog.format(' COLLATE %I.%I', ln.nspname, l.collname) END
                                    ORDER BY n.n) AS collations,
               pg_catalog.array_agg(EXISTS (SELECT FROM pg_catalog.pg_opclass h
                                            JOIN pg_catalog.pg_am am ON am.oid = h.opcmethod
                                            WHERE am.amname = 'hash' AND h.opcdefault
                                              AND h.opcintype = q.opcintype
                                              AND h.opcintype NOT IN ('pg_catalog.anyarray'::pg_catalog.regtype,
                                                  'pg_catalog.record'::pg_catalog.regtype)) ORDER BY n.n)
                   AS hashable,
               pg_catalog.array_agg(COALESCE(a.attname::text, '') ORDER BY n.n) AS plain
        FROM pg_catalog.generate_series(1, x.indnkeyatts) n
        JOIN pg_catalog.pg_opclass q ON q.oid = x.indclass[n.n - 1]
        JOIN pg_catalog.pg_amop p ON p.amopfamily = q.opcfamily AND p.amopstrategy = 3
             AND p.amoplefttype = q.opcintype AND p.amoprighttype = q.opcintype
        JOIN pg_catalog.pg_operator o ON o.oid = p.amopopr
        JOIN pg_catalog.pg_namespace s ON s.oid = o.oprnamespace
        LEFT JOIN pg_catalog.pg_collation l ON l.oid = x.indcollation[n.n - 1]
        LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[n.n - 1]
    ) k
    WHERE x.indrelid = $1 AND x.indisunique AND x.indislive
    ORDER BY c.relname";

struct IndexShape {
    name: String,
    expressions: Vec<String>,
    operators: Vec<String>,
    collations: Vec<String>,
    hashable: Vec<bool>,
    plain: Vec<String>,
    predicate: Option<String>,
    nulls_alike: bool,
    immediate: bool,
    columns: Vec<String>,
}

impl IndexShape {
    fn read(row: &Row) -> IndexShape {
        IndexShape {
            name: row.required(1),
            expressions: row.required(2),
            operators: row.required(3),
            collations: row.required(4),
            hashable: row.required(5),
            plain: row.required(6),
            predicate: row.get(7),
            nulls_alike: row.required(8),
            immediate: row.required(9),
            columns: row.required(10),
        }
    }

    /// Two records never have the same key.
    fn is_record_key(&self, target: &Target) -> bool {
        let mut key: Vec<&str> = target.tracked.key_columns().map(|c| c.name.as_str()).collect();
        let mut plain: Vec<&str> = self.plain.iter().map(String::as_str).collect();
        key.sort_unstable();
        plain.sort_unstable();
        self.predicate.is_none() && key == plain
    }

    /// When a row has a value in this index at all.
    fn applies(&self) -> String {
        let mut conditions: Vec<String> =
            self.predicate.iter().map(|p| format!("({p}) IS TRUE")).collect();
        if !self.nulls_alike {
            conditions.extend(self.expressions.iter().map(|e| format!("{e} IS NOT NULL")));
        }
        if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") }
    }

    fn hash(&self) -> String {
        let values = self.expressions.iter().zip(&self.collations).zip(&self.hashable).map(
            |((expression, collation), hashable)| match hashable {
                true => format!("{expression}{collation}"),
                false => format!("({expression})::pg_catalog.text"),
            },
        );
        hash_where(&self.applies(), values)
    }

    fn into_index(self, target: &Target, source: &str) -> UniqueIndex {
        let equal = self.expressions.iter().zip(&self.operators).zip(&self.collations).map(
            |((expression, operator), collation)| {
                let sought = format!("(SELECT {expression} FROM {source})");
                let equal = format!("{expression}{collation} {operator} {sought}");
                match self.nulls_alike {
                    true => format!("({equal} OR {expression} IS NULL AND {sought} IS NULL)"),
                    false => equal,
                }
            },
        );
        let predicate = self.predicate.iter().map(|predicate| format!("({predicate})"));
        let conditions: Vec<String> = predicate.chain(equal).collect();
        let table = &target.name;
        UniqueIndex {
            holder: format!(
                "SELECT {} FROM {table} {ROW} WHERE {}",
                whole_row(table),
                conditions.join(" AND ")
            ),
            plain: self.plain.into_iter().filter(|name| !name.is_empty()).collect(),
            name: self.name.into(),
            columns: self.columns,
            deferrable: !self.immediate,
        }
    }
}

/// The foreign keys of a table, as child (`conrelid`) or as parent (`confrelid`).
fn foreign_keys(side: &str, relation: pg_sys::Oid) -> Vec<Rc<ForeignKey>> {
    let sql = format!(
        "SELECT k.conname::text, k.conrelid, k.confrelid,
                ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u(n, i)
                      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n
                      ORDER BY u.i),
                ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u(n, i)
                      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n
                      ORDER BY u.i),
                ARRAY(SELECT a.atttypid FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u(n, i)
                      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n
                      ORDER BY u.i),
                ARRAY(SELECT pg_catalog.format('OPERATOR(%I.%s)', n.nspname, o.oprname)
                      FROM pg_catalog.unnest(k.conpfeqop) WITH ORDINALITY u(o, i)
                      JOIN pg_catalog.pg_operator o ON o.oid = u.o
                      JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace ORDER BY u.i),
                k.confdeltype::text,
                ARRAY(SELECT o.oprleft FROM pg_catalog.unnest(k.conpfeqop) WITH ORDINALITY u(o, i)
                      JOIN pg_catalog.pg_operator o ON o.oid = u.o ORDER BY u.i),
                ARRAY(SELECT o.oprright FROM pg_catalog.unnest(k.conpfeqop) WITH ORDINALITY u(o, i)
                      JOIN pg_catalog.pg_operator o ON o.oid = u.o ORDER BY u.i),
                ARRAY(SELECT a.atttypid FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u(n, i)
                      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n
                      ORDER BY u.i),
                ARRAY(SELECT a.attname::text
                      FROM pg_catalog.unnest(COALESCE(k.confdelsetcols, k.conkey)) WITH ORDINALITY u(n, i)
                      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n
                      ORDER BY u.i)
         FROM pg_catalog.pg_constraint k
         WHERE k.contype = 'f' AND k.conparentid = 0 AND k.{side} = $1
         ORDER BY k.conname"
    );
    query::all(&sql, &[parameter(relation)], |row| {
        let (child, parent): (pg_sys::Oid, pg_sys::Oid) = (row.required(2), row.required(3));
        Rc::new(ForeignKey {
            name: row.required::<String>(1).into(),
            child,
            parent,
            child_name: name_of(child).unwrap_or_default(),
            parent_name: name_of(parent).unwrap_or_default(),
            on_delete: row.required(8),
            set_columns: row.required(12),
            columns: row.required(4),
            referred: row.required(5),
            types: row.required::<Vec<_>>(6).into_iter().map(base_type).collect(),
            operators: operators(row),
        })
    })
}

/// The operators of a foreign key, each operand's type as values of its side have it.
fn operators(row: &Row) -> Vec<Operator> {
    let names: Vec<String> = row.required(7);
    let [left, right, parents, children]: [Vec<pg_sys::Oid>; 4] =
        [row.required(9), row.required(10), row.required(6), row.required(11)];
    names
        .into_iter()
        .enumerate()
        .map(|(i, name)| Operator {
            name,
            left: operand(left[i], parents[i]),
            right: operand(right[i], children[i]),
        })
        .collect()
}

/// The type of an operand: an operator of `anyenum` takes the column's own.
#[allow(unsafe_code)]
fn operand(declared: pg_sys::Oid, column: pg_sys::Oid) -> pg_sys::Oid {
    // SAFETY: a catalog look-up by object id.
    let kind = unsafe { pg_sys::get_typtype(declared) } as u8;
    if kind == pg_sys::TYPTYPE_PSEUDO { base_type(column) } else { declared }
}

#[allow(unsafe_code)]
pub fn base_type(type_oid: pg_sys::Oid) -> pg_sys::Oid {
    // SAFETY: a catalog look-up by object id.
    unsafe { pg_sys::getBaseType(type_oid) }
}

impl Target {
    /// Its unique indexes and foreign keys.
    pub fn constraints(&self) -> Result<&Constraints> {
        if self.constraints.get().is_none() {
            let read = read_constraints(self)?;
            return Ok(self.constraints.get_or_init(|| read));
        }
        Ok(self.constraints.get_or_init(Constraints::default))
    }
}
