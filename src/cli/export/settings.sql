-- Run this in production and keep what it prints:
--   pgauge export settings | psql -XAt "postgres://readonly@db.example/shop" > seeds/production-settings.json
-- Then say in a scenario: expect: [{ settings: { like: ../../seeds/production-settings.json } }]
-- It reads; it changes nothing. There are no passwords, addresses, paths or names of files in it.
SELECT jsonb_pretty(jsonb_build_object(
  'postgres', current_setting('server_version_num')::int,
  'settings', (
    SELECT jsonb_object_agg(name, coalesce(current_setting(name, true), ''))
    FROM pg_settings
    WHERE context <> 'internal'
      AND (category LIKE 'Query Tuning%' OR category LIKE 'Resource Usage%' OR category LIKE 'Lock Management%'
           OR category LIKE 'Autovacuum%' OR category LIKE 'Write-Ahead Log / Settings%'
           OR category LIKE 'Client Connection Defaults / Statement Behavior%'
           OR category LIKE 'Version and Platform Compatibility%'
           OR name IN ('shared_preload_libraries', 'DateStyle', 'IntervalStyle', 'TimeZone', 'max_connections',
                       'jit', 'deadlock_timeout'))
      AND vartype <> 'string' OR name IN ('shared_preload_libraries', 'DateStyle', 'TimeZone', 'search_path')
  ),
  'extensions', (SELECT coalesce(jsonb_object_agg(extname, extversion), '{}') FROM pg_extension)
));
