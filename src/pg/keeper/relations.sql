-- What there is in a database, as far as it matters for what a statement touches: a row for each relation, with what is
-- read along with it, what foreign keys touch along with it, and the expressions that run when it is written.
WITH reading AS (
    SELECT r.ev_class AS oid, d.refobjid AS other
    FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_depend d
        ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    WHERE r.ev_type = '1'
    UNION SELECT inhparent, inhrelid FROM pg_catalog.pg_inherits
    UNION SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits
),
touching AS (
    SELECT conrelid AS oid, confrelid AS other FROM pg_catalog.pg_constraint WHERE contype = 'f'
    UNION SELECT confrelid, conrelid FROM pg_catalog.pg_constraint WHERE contype = 'f'
)
SELECT c.oid, c.relname::pg_catalog.text,
       ARRAY(SELECT other FROM reading WHERE reading.oid = c.oid AND other <> c.oid),
       ARRAY(SELECT other FROM touching WHERE touching.oid = c.oid AND other <> c.oid),
       c.relkind IN ('f', 'm', 'S') OR c.relrowsecurity,
       c.relkind IN ('f', 'm', 'v', 'S') OR c.relrowsecurity
           OR EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
           OR EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1')
           OR EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attidentity <> ''),
       CASE WHEN c.relkind IN ('v', 'm')
            THEN ARRAY[pg_catalog.pg_get_viewdef(c.oid)]
            ELSE ARRAY(SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid)
                       FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid)
              || ARRAY(SELECT pg_catalog.pg_get_constraintdef(k.oid)
                       FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('c', 'x'))
              || ARRAY(SELECT pg_catalog.pg_get_indexdef(i.indexrelid)
                       FROM pg_catalog.pg_index i
                       WHERE i.indrelid = c.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL))
       END
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
