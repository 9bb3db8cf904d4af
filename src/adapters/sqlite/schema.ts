/** Raised with every change of the tables or of a record's bytes. */
export const SCHEMA_VERSION = 4

/** `RSDP`: tells a store from other SQLite databases. */
export const APPLICATION_ID = 0x52534450

/**
 * Columns named `record` and `history` hold sealed bytes (`seal.ts`, `records.ts`). `signed` and `log` are their own index: there is
 * no second structure that could lose a key while the row is still there.
 */
export const SCHEMA = `
CREATE TABLE binding (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  key TEXT NOT NULL,
  deployment TEXT NOT NULL
) STRICT;

CREATE TABLE cursor (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  block INTEGER NOT NULL,
  hash TEXT NOT NULL
) STRICT;

-- one row per sign-once key; height is 0 for objects that have none; position counts from 1 over all clusters
CREATE TABLE signed (
  cluster BLOB NOT NULL,
  key TEXT NOT NULL,
  height INTEGER NOT NULL,
  position INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (cluster, key)
) STRICT, WITHOUT ROWID;

-- block at which this store began; null: not said yet
CREATE TABLE birth (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  block INTEGER
) STRICT;
INSERT INTO birth (id, block) VALUES (1, NULL);

-- tasks in which more may have been signed than is stored: up to this height; null: nobody knows
CREATE TABLE memory (
  cluster BLOB PRIMARY KEY,
  mark INTEGER
) STRICT;

-- SHARE quorum behind a CONFIRM
CREATE TABLE proofs (
  cluster BLOB NOT NULL,
  key TEXT NOT NULL,
  height INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (cluster, key)
) STRICT;

-- note to a CHECKPOINT: its owner alone can tell how its log differs from the shared one
CREATE TABLE notes (
  cluster BLOB NOT NULL,
  height INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (cluster, height)
) STRICT;

-- what members signed and no honest one signs; member and height for whoever looks into the file
CREATE TABLE evidence (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  cluster BLOB NOT NULL,
  id BLOB NOT NULL,
  height INTEGER NOT NULL,
  member INTEGER NOT NULL,
  status TEXT NOT NULL DEFAULT 'found' CHECK (status IN ('found', 'submitted', 'accepted', 'refused')),
  tx BLOB,
  record BLOB NOT NULL,
  UNIQUE (cluster, id)
) STRICT;

-- what else must outlive the process with an object, until its height is decided; bodies once per height
CREATE TABLE kept (
  cluster BLOB NOT NULL,
  key TEXT NOT NULL,
  height INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (cluster, height, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE kept_bodies (
  cluster BLOB NOT NULL,
  height INTEGER NOT NULL,
  hash BLOB NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (cluster, height, hash)
) STRICT;

-- own phase log; (height, seq) rises from entry to entry, seq starts again at 1 in each epoch
CREATE TABLE log (
  cluster BLOB NOT NULL,
  height INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (cluster, height, seq)
) STRICT, WITHOUT ROWID;

-- history: what a restart needs of a height, in front of the long record
CREATE TABLE heights (
  cluster BLOB NOT NULL,
  height INTEGER NOT NULL,
  history BLOB NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (cluster, height)
) STRICT;

-- listed and decided states by hash
CREATE TABLE bodies (
  cluster BLOB NOT NULL,
  hash BLOB NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (cluster, hash)
) STRICT;

-- a settled entry stays, so that its intent is never sent again
CREATE TABLE outbox (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  recipient TEXT NOT NULL,
  data TEXT NOT NULL,
  settled INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_pending ON outbox (position) WHERE settled = 0;

PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${SCHEMA_VERSION};
`
