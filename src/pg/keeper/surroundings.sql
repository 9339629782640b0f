-- Whether rows may be put back by copying them, whether that puts back whatever a statement may have changed, and whether
-- anything runs here that no statement names.
SELECT
    (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
    NOT EXISTS (SELECT FROM pg_catalog.pg_class c
                        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
                          AND n.nspname !~ '^pg_(toast|temp)' AND c.relkind IN ('m', 'f'))
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
        -- A function that changes the schema leaves what no copy of rows puts back.
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc p
                        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                        JOIN pg_catalog.pg_language l ON l.oid = p.prolang
                        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
                          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                                          WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                                            AND d.objid = p.oid AND d.deptype = 'e')
                          AND (l.lanname NOT IN ('sql', 'plpgsql')
                               OR p.prosqlbody IS NULL
                                  AND p.prosrc ~* '\m(create|alter|drop|execute|truncate|grant|revoke|comment|reindex|refresh|import|do|call|security|lo_\w+|set_config)\M')),
    CASE
        WHEN EXISTS (SELECT FROM pg_catalog.pg_event_trigger) THEN 'there is an event trigger'
        WHEN EXISTS (SELECT FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
                     JOIN pg_catalog.pg_language l ON l.oid = p.prolang
                     WHERE o.oid >= 16384 AND (p.provolatile = 'v' OR l.lanname NOT IN ('c', 'internal')))
            THEN 'there is an operator that runs a function of one''s own'
        WHEN EXISTS (SELECT FROM pg_catalog.pg_cast k JOIN pg_catalog.pg_proc p ON p.oid = k.castfunc
                     JOIN pg_catalog.pg_language l ON l.oid = p.prolang
                     WHERE k.oid >= 16384 AND (p.provolatile = 'v' OR l.lanname NOT IN ('c', 'internal')))
            THEN 'there is a cast that runs a function of one''s own'
        WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint k
                     JOIN pg_catalog.pg_depend d
                         ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.objid = k.oid
                         AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                     WHERE k.contypid <> 0)
            THEN 'there is a domain that runs a function of one''s own'
    END,
    ARRAY(SELECT c.relname::pg_catalog.text FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v')),
    -- Routines that write, read what they do not name, or are not the system's own.
    ARRAY(SELECT DISTINCT p.proname::pg_catalog.text FROM pg_catalog.pg_proc p
          WHERE p.oid < 16384
            AND (p.provolatile = 'v'
                 OR p.proname ~ '(_to_xml|^ts_stat|^ts_rewrite|^currval|^lastval|^query_to|^table_to|^schema_to|^database_to|^cursor_to)')),
    ARRAY(SELECT DISTINCT p.proname::pg_catalog.text FROM pg_catalog.pg_proc p
          JOIN pg_catalog.pg_language l ON l.oid = p.prolang
          WHERE p.oid >= 16384 AND (p.provolatile = 'v' OR l.lanname NOT IN ('c', 'internal')))
