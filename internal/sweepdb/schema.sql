CREATE TABLE IF NOT EXISTS sweep (
  id         TEXT PRIMARY KEY,      -- hash of plan, data and program
  name       TEXT NOT NULL,
  plan       TEXT NOT NULL,         -- JSON: axes, method, base parameters
  tape_sha   TEXT NOT NULL,
  program    TEXT NOT NULL,
  trials     INTEGER NOT NULL,
  from_ms    INTEGER NOT NULL,
  to_ms      INTEGER NOT NULL,
  source     TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS trial (
  sweep      TEXT NOT NULL REFERENCES sweep (id),
  no         INTEGER NOT NULL,      -- baselines count down from -1
  name       TEXT NOT NULL,         -- of a baseline; else empty
  key        TEXT NOT NULL,         -- hash of all that the result depends on
  params     TEXT NOT NULL,         -- JSON: axis -> value
  state      TEXT NOT NULL CHECK (state IN ('complete', 'failed', 'baseline')),
  error      TEXT NOT NULL,
  from_ms    INTEGER NOT NULL,
  to_ms      INTEGER NOT NULL,
  final_usdt TEXT NOT NULL,         -- exact
  journal    TEXT NOT NULL,
  PRIMARY KEY (sweep, no)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS metric (
  sweep      TEXT NOT NULL,
  no         INTEGER NOT NULL,
  "window"   TEXT NOT NULL,         -- all, a year, or a part of the walk-forward
  name       TEXT NOT NULL,
  value      REAL NOT NULL,
  PRIMARY KEY (sweep, no, "window", name),
  FOREIGN KEY (sweep, no) REFERENCES trial (sweep, no)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS series (
  sweep      TEXT NOT NULL,
  no         INTEGER NOT NULL,
  kind       TEXT NOT NULL,         -- daily: net return of each day
  start_ms   INTEGER NOT NULL,
  step_ms    INTEGER NOT NULL,
  n          INTEGER NOT NULL,
  data       BLOB NOT NULL,         -- float64, little-endian, zlib
  PRIMARY KEY (sweep, no, kind),
  FOREIGN KEY (sweep, no) REFERENCES trial (sweep, no)
);

-- Every trial ever run. A trial that is run again under the same key counts once.
CREATE TABLE IF NOT EXISTS ledger (
  ts_ms      INTEGER NOT NULL,
  sweep      TEXT NOT NULL,
  no         INTEGER NOT NULL,
  key        TEXT NOT NULL,
  tape_sha   TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS ledger_once ON ledger (sweep, no, key);
CREATE INDEX IF NOT EXISTS ledger_by_tape ON ledger (tape_sha, key);
CREATE TRIGGER IF NOT EXISTS ledger_is_never_changed BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER IF NOT EXISTS ledger_is_never_cut BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
