//! The ways in which the shipped scenarios are spoiled.

use super::Mutation;

pub(super) const MUTATIONS: &[Mutation] = &[
    Mutation {
        what: "the balance is written back from memory",
        file: "races/lost_update.yaml",
        case: "atomic_update",
        from: "SET balance = balance - 200",
        to: "SET balance = 1000 - 200",
    },
    Mutation {
        what: "FOR UPDATE is forgotten in one of two code paths",
        file: "races/lost_update.yaml",
        case: "row_lock",
        from: "      bob:
        steps:
          - begin
          - step: read
            sql: SELECT balance FROM accounts WHERE id = 1 FOR UPDATE",
        to: "      bob:
        steps:
          - begin
          - step: read
            sql: SELECT balance FROM accounts WHERE id = 1",
    },
    Mutation {
        what: "the version is not checked",
        file: "races/lost_update.yaml",
        case: "version_check",
        from: "WHERE id = 1 AND version = :version
              RETURNING version",
        to: "WHERE id = 1
              RETURNING version",
    },
    Mutation {
        what: "the isolation of the second writer is lowered",
        file: "races/lost_update.yaml",
        case: "repeatable_read",
        from: "      bob:
        isolation: repeatable read",
        to: "      bob:
        isolation: read committed",
    },
    Mutation {
        what: "nobody tries again after a serialization failure",
        file: "races/lost_update.yaml",
        case: "repeatable_read",
        from: "        retry: { errors: [serialization_failure], tries: 3 }\n",
        to: "",
    },
    Mutation {
        what: "the unique constraint is dropped",
        file: "races/unique_key.yaml",
        case: "error, first_commits",
        from: "    table: users\n\nclients:",
        to: "    table: users\n  - sql: ALTER TABLE users DROP CONSTRAINT users_email_key\n\nclients:",
    },
    Mutation {
        what: "the conflict is not expected",
        file: "races/unique_key.yaml",
        case: "on_conflict, first_commits",
        from: "\n              ON CONFLICT (email) DO NOTHING",
        to: "",
    },
    Mutation {
        what: "a transfer loses a cent",
        file: "races/transfers_side_by_side.yaml",
        case: "",
        from: "balance = balance + 10 WHERE id = :payee",
        to: "balance = balance + 9 WHERE id = :payee",
    },
    Mutation {
        what: "the second transfer takes its money from a third account",
        file: "locks/deadlock_opposite_order.yaml",
        case: "opposite",
        from: "SET balance = balance - 30 WHERE id = 2\n        affected",
        to: "SET balance = balance - 30 WHERE id = 3\n        affected",
    },
    Mutation {
        what: "the victim of a deadlock does not try again",
        file: "locks/deadlock_opposite_order.yaml",
        case: "opposite",
        from: "    retry: { errors: [deadlock_detected], tries: 3 }\n",
        to: "",
    },
    Mutation {
        what: "one of two transfers visits the accounts the other way round",
        file: "locks/deadlock_opposite_order.yaml",
        case: "same_order",
        from: "      - bob.credit: { waits_for: alice }
      - alice.credit
      - alice.commit
      - bob.debit
      - bob.commit\n",
        to: "      - bob.debit
      - alice.credit: { waits_for: bob }
      - bob.credit: { waits_for: alice, then: { error: deadlock_detected } }
      - alice.commit\n",
    },
    Mutation {
        what: "the migration touches another table",
        file: "locks/alter_table_queue.yaml",
        case: "queue",
        from: "ALTER TABLE orders ADD",
        to: "ALTER TABLE customers ADD",
    },
    Mutation {
        what: "the migration gives up for good",
        file: "locks/alter_table_queue.yaml",
        case: "lock_timeout",
        from: "        retry: { errors: [lock_not_available], tries: 5 }\n",
        to: "",
    },
    Mutation {
        what: "the foreign key is dropped",
        file: "locks/foreign_key.yaml",
        case: "for_update",
        from: "  - file: ../../seeds/mini_shop.sql\n",
        to: "  - file: ../../seeds/mini_shop.sql
  - sql: ALTER TABLE order_lines DROP CONSTRAINT order_lines_order_id_fkey\n",
    },
    Mutation {
        what: "the clerk takes the stronger lock",
        file: "locks/foreign_key.yaml",
        case: "for_no_key_update",
        from: "WHERE id = 7 FOR NO KEY UPDATE",
        to: "WHERE id = 7 FOR UPDATE",
    },
    Mutation {
        what: "lines are deleted with their order",
        file: "locks/foreign_key.yaml",
        case: "delete_parent",
        from: "  - file: ../../seeds/mini_shop.sql\n",
        to: "  - file: ../../seeds/mini_shop.sql
  - sql: |
      ALTER TABLE order_lines DROP CONSTRAINT order_lines_order_id_fkey,
        ADD FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE\n",
    },
    Mutation {
        what: "the customer's money goes to another account",
        file: "locks/idle_in_transaction.yaml",
        case: "forgotten",
        from: "SET balance = balance + 5 WHERE id = 1\n\nexpect",
        to: "SET balance = balance + 5 WHERE id = 2\n\nexpect",
    },
    Mutation {
        what: "the customer does not try again",
        file: "locks/idle_in_transaction.yaml",
        case: "lock_timeout",
        from: "        retry: { errors: [lock_not_available], tries: 3 }\n",
        to: "",
    },
    Mutation {
        what: "the checkout stays in its transaction",
        file: "locks/idle_in_transaction.yaml",
        case: "short_transactions",
        from: "            sql: UPDATE accounts SET balance = balance - 100 WHERE id = 1
            affected: 1
          - step: confirm
            sql: UPDATE accounts SET version = version + 1 WHERE id = 1\n",
        to: "            sql: BEGIN; UPDATE accounts SET balance = balance - 100 WHERE id = 1
          - step: confirm
            sql: UPDATE accounts SET version = version + 1 WHERE id = 1; COMMIT\n",
    },
    Mutation {
        what: "every node asks for a lock of its own",
        file: "locks/leader_election.yaml",
        case: "try_lock",
        from: "pg_try_advisory_xact_lock(42)",
        to: "pg_try_advisory_xact_lock(pg_backend_pid())",
    },
    Mutation {
        what: "the leader's lock can be shared",
        file: "locks/leader_election.yaml",
        case: "standby_waits",
        from: "SELECT pg_advisory_xact_lock(42)",
        to: "SELECT pg_advisory_xact_lock_shared(42)",
    },
    Mutation {
        what: "one doctor works at a lower isolation level",
        file: "isolation/write_skew.yaml",
        case: "serializable",
        from: "      grace:
        isolation: serializable",
        to: "      grace:
        isolation: repeatable read",
    },
    Mutation {
        what: "the doctors are on call in one row",
        file: "isolation/write_skew.yaml",
        case: "repeatable_read",
        from: "UPDATE doctors SET on_call = false WHERE name = 'Grace'",
        to: "UPDATE doctors SET on_call = false WHERE name = 'Ada'",
    },
    Mutation {
        what: "the report is made at read committed",
        file: "isolation/report_that_does_not_add_up.yaml",
        case: "repeatable_read",
        from: "  report:\n    isolation: repeatable read\n",
        to: "  report:\n",
    },
    Mutation {
        what: "workers queue up for the first job",
        file: "queues/skip_locked.yaml",
        case: "two_at_once",
        from: "            FOR UPDATE SKIP LOCKED
          )
          RETURNING id
        with: { me: { builtin: client } }
        save",
        to: "            FOR UPDATE
          )
          RETURNING id
        with: { me: { builtin: client } }
        save",
    },
    Mutation {
        what: "workers do not mark what they have done",
        file: "queues/skip_locked.yaml",
        case: "free",
        from: "UPDATE jobs SET state = 'done', done_by = :me\n          WHERE",
        to: "UPDATE jobs SET done_by = :me\n          WHERE",
    },
    Mutation {
        what: "the JOIN is replaced by a loop",
        file: "n_plus_one/list_page.yaml",
        case: "join",
        from: "          - step: orders_with_lines
            sql: |
              SELECT o.id, o.customer_id, o.placed_at, l.product, l.quantity
              FROM orders o JOIN order_lines l ON l.order_id = o.id
              ORDER BY o.placed_at DESC
            row_count: 300\n",
        to: "          - step: orders
            sql: SELECT id FROM orders
            row_count: 100
          - step: lines
            for_each: orders
            sql: SELECT product, quantity FROM order_lines WHERE order_id = :order
            with: { order: { ref: orders.id } }\n",
    },
    Mutation {
        what: "a hook loops over the database",
        file: "n_plus_one/two_clients.yaml",
        case: "one_statement_each",
        from: "              GROUP BY c.id
            row_count: 25\n",
        to: "              GROUP BY c.id
            row_count: 25
            after: |
              for customer in rows {
                sql(\"SELECT id FROM orders WHERE customer_id = :id\", #{ id: customer.id });
              }\n",
    },
    Mutation {
        what: "a foreign key has no index",
        file: "slow_queries/shop_budgets.yaml",
        case: "",
        from: "  - use: ../../seeds/shop.yaml\n",
        to: "  - use: ../../seeds/shop.yaml
  - sql: DROP INDEX order_items_order\n",
    },
    Mutation {
        what: "the index is not the one that the query needs",
        file: "slow_queries/shop_budgets.yaml",
        case: "",
        from: "  - use: ../../seeds/shop.yaml\n",
        to: "  - use: ../../seeds/shop.yaml
  - sql: |
      DROP INDEX users_email;
      CREATE UNIQUE INDEX users_email ON users (email)\n",
    },
    Mutation {
        what: "the second customer does not lock the seat",
        file: "anomalies/double_booking.yaml",
        case: "fixed",
        from: "owner IS NULL FOR UPDATE }\n          - { step: take, when: rows(\"look\").len > 0, sql: UPDATE seats SET owner = 'bob'",
        to: "owner IS NULL }\n          - { step: take, when: rows(\"look\").len > 0, sql: UPDATE seats SET owner = 'bob'",
    },
    Mutation {
        what: "one of two withdrawals does not lock the account",
        file: "anomalies/double_spend.yaml",
        case: "fixed",
        from: "      laptop:\n        steps:\n          - begin\n          - { step: lock, sql: SELECT id FROM accounts WHERE id = 1 FOR UPDATE }\n",
        to: "      laptop:\n        steps:\n          - begin\n",
    },
    Mutation {
        what: "one of two sign-ups does not expect the conflict",
        file: "anomalies/check_then_insert.yaml",
        case: "fixed",
        from: "VALUES (2, 'root') ON CONFLICT (name) DO NOTHING",
        to: "VALUES (2, 'root')",
    },
    Mutation {
        what: "the race is gone, and the lesson says it is there",
        file: "anomalies/counter_lost_update.yaml",
        case: "broken",
        from: "SET visits = :visits + 1",
        to: "SET visits = visits + 1",
    },
    Mutation {
        what: "the exclusion constraint becomes a check",
        file: "anomalies/range_phantom.yaml",
        case: "fixed",
        from: "EXCLUDE USING gist (during WITH &&)",
        to: "CHECK (NOT isempty(during))",
    },
    Mutation {
        what: "the worker does not lock its job",
        file: "anomalies/queue_claimed_twice.yaml",
        case: "fixed",
        from: "LIMIT 1 FOR UPDATE SKIP LOCKED",
        to: "LIMIT 1",
    },
    Mutation {
        what: "the advisory lock is a shared one",
        file: "anomalies/cache_stampede.yaml",
        case: "fixed",
        from: "pg_advisory_xact_lock(1)",
        to: "pg_advisory_xact_lock_shared(1)",
    },
    Mutation {
        what: "the conflict of an upsert is swallowed",
        file: "anomalies/upsert.yaml",
        case: "fixed",
        from: "DO UPDATE SET count = likes.count + 1",
        to: "DO NOTHING",
    },
    Mutation {
        what: "the foreign key is dropped and the program checks by hand",
        file: "anomalies/foreign_key_by_hand.yaml",
        case: "fixed",
        from: "author_id integer NOT NULL REFERENCES authors);",
        to: "author_id integer NOT NULL);",
    },
    Mutation {
        what: "the reader asks for all columns",
        file: "anomalies/ddl_against_readers.yaml",
        case: "fixed",
        from: "SELECT id, state FROM orders",
        to: "SELECT * FROM orders",
    },
    Mutation {
        what: "the second writer forgets its transaction",
        file: "anomalies/g0_dirty_write.yaml",
        case: "read_committed",
        from: "  t2:\n    steps:\n      - begin\n",
        to: "  t2:\n    steps:\n",
    },
    Mutation {
        what: "what was to be rolled back is committed",
        file: "anomalies/g1a_aborted_read.yaml",
        case: "read_committed",
        from: "      - rollback\n",
        to: "      - commit\n",
    },
    Mutation {
        what: "the draft is written outside of the transaction",
        file: "anomalies/g1b_intermediate_read.yaml",
        case: "read_committed",
        from: "  t1:\n    steps:\n      - begin\n",
        to: "  t1:\n    steps:\n",
    },
    Mutation {
        what: "one of the two does without a transaction",
        file: "anomalies/g1c_circular_flow.yaml",
        case: "read_committed",
        from: "  t2:\n    steps:\n      - begin\n",
        to: "  t2:\n    steps:\n",
    },
    Mutation {
        what: "a writer does without a transaction",
        file: "anomalies/otv_observed_transaction_vanishes.yaml",
        case: "read_committed",
        from: "  t1:\n    steps:\n      - begin\n",
        to: "  t1:\n    steps:\n",
    },
    Mutation {
        what: "the new row does not fulfil the condition",
        file: "anomalies/pmp_predicate_many_preceders.yaml",
        case: "read_committed",
        from: "VALUES (3, 30)",
        to: "VALUES (3, 31)",
    },
    Mutation {
        what: "one of two counters runs at read committed",
        file: "anomalies/p4_lost_update.yaml",
        case: "repeatable_read",
        from: "      t1: { isolation: repeatable read }",
        to: "      t1: { isolation: read committed }",
    },
    Mutation {
        what: "the report runs at read committed",
        file: "anomalies/g_single_read_skew.yaml",
        case: "repeatable_read",
        from: "      t1: { isolation: repeatable read }",
        to: "      t1: { isolation: read committed }",
    },
    Mutation {
        what: "one of the two is not serializable",
        file: "anomalies/g2_item_write_skew.yaml",
        case: "serializable",
        from: "      t1: { isolation: serializable }",
        to: "      t1: { isolation: repeatable read }",
    },
    Mutation {
        what: "one of the two asks its condition at repeatable read",
        file: "anomalies/g2_phantom_write_skew.yaml",
        case: "serializable",
        from: "      t1: { isolation: serializable }",
        to: "      t1: { isolation: repeatable read }",
    },
    Mutation {
        what: "the turnover is read, added to in the program, and written back",
        file: "load/hot_row.yaml",
        case: "spread, load",
        from: "        sql: UPDATE turnover SET total = total + :total WHERE slot = :slot\n        affected: 1",
        to: "        sql: UPDATE turnover SET total = :total WHERE slot = :slot\n        affected: 1",
    },
    Mutation {
        what: "orders are counted after they were committed, and one in a hundred is forgotten",
        file: "load/hot_row.yaml",
        case: "one_row, load",
        from: "      - step: order\n        sql: INSERT INTO orders (total) VALUES (:total)",
        to: "      - step: order\n        sql: INSERT INTO orders (total) SELECT :total WHERE random() > 0.5",
    },
    Mutation {
        what: "a sum hides the column from its index",
        file: "plans/big_shop.yaml",
        case: "",
        from: "      WHERE o.user_id = :user ORDER BY o.placed_at DESC LIMIT 20\n    with: { user: 4711 }",
        to: "      WHERE o.user_id + 0 = :user ORDER BY o.placed_at DESC LIMIT 20\n    with: { user: 4711 }",
    },
    Mutation {
        what: "a page of the shop touches more and more pages",
        file: "plans/big_shop.yaml",
        case: "",
        from: "ORDER BY o.placed_at DESC LIMIT 20\n    with: { user: 1 }",
        to: "ORDER BY o.placed_at DESC LIMIT 20000\n    with: { user: 1 }",
    },
    Mutation {
        what: "CONCURRENTLY is forgotten on a table of hundreds of thousands of orders",
        file: "migrations/big_shop.yaml",
        case: "index_concurrently",
        from: "CREATE INDEX CONCURRENTLY orders_open",
        to: "CREATE INDEX orders_open",
    },
    Mutation {
        what: "two more digits behind the point write a large table anew",
        file: "migrations/big_shop.yaml",
        case: "type_compatible",
        from: "TYPE numeric(12,2)",
        to: "TYPE numeric(14,4)",
    },
    Mutation {
        what: "the new default is the time at which each of many rows is written",
        file: "migrations/big_shop.yaml",
        case: "stable_default",
        from: "DEFAULT now();",
        to: "DEFAULT clock_timestamp();",
    },
    Mutation {
        what: "the key of the deliveries is forgotten, and with it the index of a foreign key",
        file: "schema/big_shop.yaml",
        case: "sound",
        from: "order_id integer       PRIMARY KEY REFERENCES orders",
        to: "order_id integer       NOT NULL REFERENCES orders",
    },
    Mutation {
        what: "somebody wraps the column in a function",
        file: "plans/lost_indexes.yaml",
        case: "kept",
        from: "WHERE placed_at >= '2024-06-01' AND placed_at < '2024-06-02' }",
        to: "WHERE placed_at::date = '2024-06-01' }",
    },
    Mutation {
        what: "the foreign key loses its index",
        file: "schema/flat_orders.yaml",
        case: "sound",
        from: "          CREATE INDEX orders_customer ON orders (customer_id, placed_at);\n",
        to: "",
    },
    Mutation {
        what: "money becomes a floating-point number",
        file: "schema/flat_orders.yaml",
        case: "sound",
        from: "numeric(12,2) NOT NULL",
        to: "double precision NOT NULL",
    },
    Mutation {
        what: "the pool may grow beyond what the server has",
        file: "load/connection_exhaustion.yaml",
        case: "pool, load",
        from: "connections: { pool: 20 }",
        to: "connections: { pool: 400 }",
    },
    Mutation {
        what: "the application has a pool by now",
        file: "load/connection_exhaustion.yaml",
        case: "connection_per_request, load",
        from: "load: { connections: per_transaction }",
        to: "load: { connections: { pool: 20 } }",
    },
    Mutation {
        what: "the branch is forgotten now and then",
        file: "pgbench/tpcb_like.yaml",
        case: "load",
        from: "bbalance = bbalance + :delta WHERE bid = :bid",
        to: "bbalance = bbalance + :delta * (random() < 0.9)::int WHERE bid = :bid",
    },
    Mutation {
        what: "two withdrawals write the balance back from memory",
        file: "pgbench/simple_update.yaml",
        case: "load",
        from: "abalance = abalance + :delta",
        to: "abalance = :delta",
    },
    Mutation {
        what: "accounts are looked for that nobody has",
        file: "pgbench/select_only.yaml",
        case: "load",
        from: "to: 100000 } } }",
        to: "to: 110000 } } }",
    },
    Mutation {
        what: "the migration locks nothing",
        file: "load/lock_convoy.yaml",
        case: "patient, load",
        from: "LOCK TABLE catalog IN ACCESS EXCLUSIVE MODE",
        to: "LOCK TABLE catalog IN ACCESS SHARE MODE",
    },
    Mutation {
        what: "the migration waits after all",
        file: "load/lock_convoy.yaml",
        case: "lock_timeout, load",
        from: "SET lock_timeout = '1ms'",
        to: "SET lock_timeout = '10s'",
    },
    Mutation {
        what: "the oldest job is not locked",
        file: "load/job_queue.yaml",
        case: "for_update, load",
        from: "ORDER BY id LIMIT 1 FOR UPDATE\n",
        to: "ORDER BY id LIMIT 1\n",
    },
    Mutation {
        what: "a job is taken and not done",
        file: "load/job_queue.yaml",
        case: "skip_locked, load",
        from: "        sql: INSERT INTO done VALUES (:job)",
        to: "        sql: INSERT INTO done SELECT :job WHERE random() < 0.9",
    },
    Mutation {
        what: "there is one worker",
        file: "load/job_queue.yaml",
        case: "read_then_delete, load",
        from: "users: 32",
        to: "users: 1",
    },
    Mutation {
        what: "the log has room",
        file: "load/checkpoints.yaml",
        case: "little_wal, load",
        from: "max_wal_size: 32MB, min",
        to: "max_wal_size: 2GB, min",
    },
    Mutation {
        what: "the log has no room",
        file: "load/checkpoints.yaml",
        case: "much_wal, load",
        from: "max_wal_size: 2GB",
        to: "max_wal_size: 32MB",
    },
    Mutation {
        what: "the cache is too small",
        file: "load/cold_cache.yaml",
        case: "warm, load",
        from: "settings: { shared_buffers: 128MB }",
        to: "settings: { shared_buffers: 1MB }",
    },
    Mutation {
        what: "the cache has room",
        file: "load/cold_cache.yaml",
        case: "cold, load",
        from: "settings: { shared_buffers: 1MB }",
        to: "settings: { shared_buffers: 128MB }",
    },
    Mutation {
        what: "CONCURRENTLY is forgotten",
        file: "migrations/index.yaml",
        case: "safe",
        from: "migrations/index_safe.sql",
        to: "migrations/index_unsafe.sql",
    },
    Mutation {
        what: "the column is made NOT NULL without a validated constraint",
        file: "migrations/not_null.yaml",
        case: "safe",
        from: "migrations/not_null_safe.sql",
        to: "migrations/not_null_unsafe.sql",
    },
    Mutation {
        what: "the foreign key is validated at once",
        file: "migrations/foreign_key.yaml",
        case: "safe",
        from: "migrations/foreign_key_safe.sql",
        to: "migrations/foreign_key_unsafe.sql",
    },
    Mutation {
        what: "the type is changed in place",
        file: "migrations/type_change.yaml",
        case: "safe",
        from: "migrations/type_change_safe.sql",
        to: "migrations/type_change_unsafe.sql",
    },
    Mutation {
        what: "the column is renamed under the old version",
        file: "migrations/rename.yaml",
        case: "safe",
        from: "migrations/rename_safe.sql",
        to: "migrations/rename_unsafe.sql",
    },
    Mutation {
        what: "every row gets its value in the same statement",
        file: "migrations/volatile_default.yaml",
        case: "safe",
        from: "migrations/volatile_default_safe.sql",
        to: "migrations/volatile_default_unsafe.sql",
    },
    Mutation {
        what: "the enum is made anew",
        file: "migrations/enum_value.yaml",
        case: "safe",
        from: "migrations/enum_value_safe.sql",
        to: "migrations/enum_value_unsafe.sql",
    },
    Mutation {
        what: "all rows are filled at once",
        file: "migrations/backfill.yaml",
        case: "safe",
        from: "migrations/backfill_safe.sql",
        to: "migrations/backfill_unsafe.sql",
    },
    Mutation {
        what: "CONCURRENTLY is forgotten while everybody pays",
        file: "migrations/under_load.yaml",
        case: "safe, load",
        from: "migrations/index_safe.sql",
        to: "migrations/index_unsafe.sql",
    },
    Mutation {
        what: "the planner is not told that the columns depend on each other",
        file: "plans/dependent_columns.yaml",
        case: "",
        from: "  - sql: CREATE STATISTICS shipments_place (dependencies) ON city, postal_code FROM shipments\n",
        to: "",
    },
    Mutation {
        what: "rows are made without production's statistics, evenly",
        file: "plans/like_production.yaml",
        case: "",
        from: "  - like: ../../seeds/production-statistics.json
    scale: 10%",
        to: "  - sql: |
      INSERT INTO customers SELECT n, 'm' || n, 'DE', '1', '2024-01-01 00:00+00' FROM generate_series(1, 1000) AS n;
      INSERT INTO purchases
      SELECT n, n % 1000 + 1, (ARRAY['open', 'paid'])[n % 2 + 1], 1, timestamptz '2024-01-01 00:00+00' + n * interval '1 minute'
      FROM generate_series(1, 10000) AS n;",
    },
    Mutation {
        what: "a setting of production is forgotten",
        file: "plans/like_production.yaml",
        case: "",
        from: "settings: { like: ../../seeds/production-settings.json, max",
        to: "settings: { max",
    },
    Mutation {
        what: "the index of the token is forgotten, that no query is watched for",
        file: "schema/unindexed_filters.yaml",
        case: "indexed",
        from: "          CREATE UNIQUE INDEX sessions_token ON sessions (token);\n",
        to: "",
    },
    Mutation {
        what: "under load the user is asked for by an index",
        file: "schema/unindexed_filters.yaml",
        case: "bare_under_load, load",
        from: "'2024-01-01 00:00+00' FROM generate_series(1, 20000) AS n;",
        to: "'2024-01-01 00:00+00' FROM generate_series(1, 20000) AS n;
      CREATE INDEX ON sessions (user_id);",
    },
    Mutation {
        what: "an index is added that nobody reads",
        file: "schema/unused_index.yaml",
        case: "lean, load",
        from: "generate_series(1, 2000) AS n;
  laden:",
        to: "generate_series(1, 2000) AS n;
          CREATE INDEX sessions_user ON sessions (user_id);
  laden:",
    },
];
