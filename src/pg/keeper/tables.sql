-- The tables that hold rows, the largest thing first: name, columns that a copy has, columns that are compared, whether
-- foreign keys of others point to them, and what the planner knows of them and their indexes.
WITH moving AS (
    SELECT a.attrelid, a.attnum
    FROM pg_catalog.pg_attribute a
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
      AND (a.attidentity <> '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~* $1)
),
compared AS (
    SELECT a.attrelid, a.attnum, a.attname, a.attgenerated,
           EXISTS (SELECT FROM moving m WHERE m.attrelid = a.attrelid AND m.attnum = a.attnum)
           OR EXISTS (SELECT FROM pg_catalog.pg_constraint k
                      JOIN moving m ON m.attrelid = k.confrelid AND m.attnum = ANY (k.confkey)
                      WHERE k.contype = 'f' AND k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey)) AS moves
    FROM pg_catalog.pg_attribute a
    WHERE a.attnum > 0 AND NOT a.attisdropped
)
SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname),
       CASE n.nspname WHEN 'public' THEN c.relname::pg_catalog.text
                      ELSE pg_catalog.format('%s.%s', n.nspname, c.relname) END,
       ARRAY(SELECT pg_catalog.quote_ident(k.attname) FROM compared k
             WHERE k.attrelid = c.oid AND k.attgenerated = '' ORDER BY k.attnum),
       ARRAY(SELECT pg_catalog.quote_ident(k.attname) FROM compared k
             WHERE k.attrelid = c.oid AND NOT k.moves ORDER BY k.attnum),
       ARRAY(SELECT k.attname::pg_catalog.text FROM compared k
             WHERE k.attrelid = c.oid AND k.moves ORDER BY k.attnum),
       ARRAY(SELECT DISTINCT k.conrelid FROM pg_catalog.pg_constraint k
             WHERE k.contype = 'f' AND k.confrelid = c.oid AND k.conrelid <> c.oid),
       pg_catalog.pg_table_size(c.oid),
       ARRAY(SELECT pg_catalog.format('(%s::oid, %s, %s::real, %s)', r.oid, r.relpages, r.reltuples, r.relallvisible)
             FROM pg_catalog.pg_class r
             WHERE r.oid = c.oid
                OR r.oid IN (SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid))
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
  AND c.relkind = 'r'
ORDER BY 2
