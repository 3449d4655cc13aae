-- Rows are facts. Times are milliseconds since 1970-01-01 UTC.

CREATE TABLE series (
  id      INTEGER PRIMARY KEY,
  kind    TEXT    NOT NULL CHECK (kind IN ('spot', 'perp', 'mark', 'premium', 'funding')),
  symbol  TEXT    NOT NULL,            -- as the exchange spells it: BTCUSDT, 1000SHIBUSDT
  step_ms INTEGER NOT NULL,            -- length of a bar; 0 for funding
  UNIQUE (kind, symbol, step_ms)
);

CREATE TABLE kline (
  series_id    INTEGER NOT NULL REFERENCES series (id),
  open_ms      INTEGER NOT NULL,
  open         REAL    NOT NULL,
  high         REAL    NOT NULL,
  low          REAL    NOT NULL,
  close        REAL    NOT NULL,
  volume       REAL,                   -- coins (spot) or contracts (perp); NULL on mark and premium
  quote_volume REAL,                   -- USDT; NULL where no source had it
  PRIMARY KEY (series_id, open_ms),
  CHECK (low <= open AND low <= close AND high >= open AND high >= close)
) WITHOUT ROWID;

CREATE TABLE funding (
  series_id      INTEGER NOT NULL REFERENCES series (id),
  slot_ms        INTEGER NOT NULL CHECK (slot_ms % 60000 = 0), -- time_ms rounded to the minute
  rate_type      TEXT    NOT NULL DEFAULT 'regular' CHECK (rate_type IN ('regular', 'special')),
  time_ms        INTEGER NOT NULL,     -- as the exchange stamped it
  rate_e8        INTEGER NOT NULL CHECK (typeof(rate_e8) = 'integer'), -- fraction of notional per settlement x 1e8
  mark_price     REAL,
  interval_hours REAL,                 -- hours since the settlement before, where the source tells
  PRIMARY KEY (series_id, slot_ms, rate_type)
) WITHOUT ROWID;

-- One row per coin, derived from the series' names after each import.
CREATE TABLE instrument (
  coin         TEXT PRIMARY KEY,
  spot_symbol  TEXT,
  perp_symbol  TEXT,
  multiplier   INTEGER NOT NULL DEFAULT 1,  -- coins in one contract
  qty_decimals INTEGER NOT NULL DEFAULT 8,  -- decimals of the finest lot of both legs
  listed_ms    INTEGER,                     -- first perpetual bar or settlement
  delivered_ms INTEGER,                     -- the exchange settled the contract then
  note         TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

-- Trading rules as recorded. A rule holds from valid_from_ms until the next one
-- of its leg and symbol; the earliest one holds from the beginning of time.
CREATE TABLE rules (
  leg             TEXT NOT NULL CHECK (leg IN ('spot', 'perp')),
  symbol          TEXT NOT NULL,
  valid_from_ms   INTEGER NOT NULL,
  recorded_ms     INTEGER NOT NULL,
  status          TEXT NOT NULL,
  onboard_ms      INTEGER,
  delivery_ms     INTEGER,
  tick            REAL NOT NULL,
  step            REAL NOT NULL,
  min_qty         REAL NOT NULL,
  max_qty         REAL NOT NULL,
  market_step     REAL NOT NULL,
  market_max      REAL NOT NULL,
  min_notional    REAL NOT NULL,
  percent_up      REAL NOT NULL,
  percent_down    REAL NOT NULL,
  liquidation_fee REAL,
  PRIMARY KEY (leg, symbol, valid_from_ms)
) WITHOUT ROWID;

CREATE TABLE bracket (
  symbol        TEXT NOT NULL,
  valid_from_ms INTEGER NOT NULL,
  recorded_ms   INTEGER NOT NULL,
  tier          INTEGER NOT NULL,
  floor         REAL NOT NULL,   -- notional, USDT, inclusive
  cap           REAL,            -- NULL: no limit
  mmr           REAL NOT NULL,
  cum           REAL NOT NULL,
  max_leverage  REAL NOT NULL,   -- 0 where the source does not tell
  PRIMARY KEY (symbol, valid_from_ms, tier)
) WITHOUT ROWID;

-- The interest term of the funding rate; coin '*' is every coin not named.
CREATE TABLE interest (
  coin          TEXT NOT NULL,
  valid_from_ms INTEGER NOT NULL,
  rate_8h       REAL NOT NULL,
  source        TEXT NOT NULL,
  PRIMARY KEY (coin, valid_from_ms)
) WITHOUT ROWID;
INSERT INTO interest VALUES
  ('*',   0, 0.0001, 'Binance funding FAQ: 0.03 % a day'),
  ('BNB', 0, 0,      'Binance funding FAQ: no interest on BNBUSDT');

-- Treasury bill rates, fraction a year, for excess returns.
CREATE TABLE bill_rate (
  date TEXT PRIMARY KEY,
  rate REAL NOT NULL
) WITHOUT ROWID;

-- What a series lacks between its first and its last row.
CREATE TABLE gap (
  series_id INTEGER NOT NULL REFERENCES series (id),
  from_ms   INTEGER NOT NULL,   -- first missing bar or settlement
  to_ms     INTEGER NOT NULL,   -- the next one that is there
  missing   INTEGER NOT NULL,
  note      TEXT NOT NULL,
  PRIMARY KEY (series_id, from_ms)
) WITHOUT ROWID;

-- Where every range of rows came from.
CREATE TABLE provenance (
  id          INTEGER PRIMARY KEY,
  series_id   INTEGER REFERENCES series (id), -- NULL for rules and brackets
  kind        TEXT    NOT NULL,
  source      TEXT    NOT NULL,
  sha256      TEXT    NOT NULL,
  rows        INTEGER NOT NULL,   -- in the source
  new_rows    INTEGER NOT NULL,   -- of them not known before
  first_ms    INTEGER NOT NULL,
  last_ms     INTEGER NOT NULL,
  imported_ms INTEGER NOT NULL,
  UNIQUE (kind, source, sha256)
);

-- The packed form, derived from kline and funding: a week without a row here is
-- packed again when it is next read.
CREATE TABLE block (
  week_ms INTEGER PRIMARY KEY,   -- multiple of 604800000
  codec   INTEGER NOT NULL,
  sha256  TEXT    NOT NULL,      -- of dir and bytes
  dir     BLOB    NOT NULL,
  bytes   BLOB    NOT NULL
);

CREATE TRIGGER kline_inserted AFTER INSERT ON kline BEGIN
  DELETE FROM block WHERE week_ms = NEW.open_ms - NEW.open_ms % 604800000;
END;
CREATE TRIGGER kline_updated AFTER UPDATE ON kline BEGIN
  DELETE FROM block WHERE week_ms IN (NEW.open_ms - NEW.open_ms % 604800000, OLD.open_ms - OLD.open_ms % 604800000);
END;
CREATE TRIGGER kline_deleted AFTER DELETE ON kline BEGIN
  DELETE FROM block WHERE week_ms = OLD.open_ms - OLD.open_ms % 604800000;
END;

-- A settlement's interval may follow from the settlement up to eight hours
-- before it, so the week eight hours later is touched too.
CREATE TRIGGER funding_inserted AFTER INSERT ON funding BEGIN
  DELETE FROM block WHERE week_ms IN (NEW.slot_ms - NEW.slot_ms % 604800000,
    NEW.slot_ms + 28800000 - (NEW.slot_ms + 28800000) % 604800000);
END;
CREATE TRIGGER funding_updated AFTER UPDATE ON funding BEGIN
  DELETE FROM block WHERE week_ms IN (NEW.slot_ms - NEW.slot_ms % 604800000,
    NEW.slot_ms + 28800000 - (NEW.slot_ms + 28800000) % 604800000,
    OLD.slot_ms - OLD.slot_ms % 604800000,
    OLD.slot_ms + 28800000 - (OLD.slot_ms + 28800000) % 604800000);
END;
CREATE TRIGGER funding_deleted AFTER DELETE ON funding BEGIN
  DELETE FROM block WHERE week_ms IN (OLD.slot_ms - OLD.slot_ms % 604800000,
    OLD.slot_ms + 28800000 - (OLD.slot_ms + 28800000) % 604800000);
END;

CREATE TRIGGER series_updated AFTER UPDATE ON series BEGIN
  DELETE FROM block;
END;
CREATE TRIGGER series_deleted AFTER DELETE ON series BEGIN
  DELETE FROM block;
END;

-- For people.
CREATE VIEW klines AS
  SELECT s.symbol, s.kind, datetime(k.open_ms / 1000, 'unixepoch') AS open_time, k.open_ms,
         k.open, k.high, k.low, k.close, k.volume, k.quote_volume, k.series_id
  FROM kline k JOIN series s ON s.id = k.series_id;
CREATE VIEW fundings AS
  SELECT s.symbol, datetime(f.slot_ms / 1000, 'unixepoch') AS time, f.slot_ms, f.rate_type,
         f.rate_e8 / 1e6 AS rate_pct, f.rate_e8, f.mark_price, f.interval_hours, f.series_id
  FROM funding f JOIN series s ON s.id = f.series_id;
CREATE VIEW gaps AS
  SELECT s.symbol, s.kind, datetime(g.from_ms / 1000, 'unixepoch') AS from_time,
         datetime(g.to_ms / 1000, 'unixepoch') AS to_time, g.missing, g.note
  FROM gap g JOIN series s ON s.id = g.series_id;

PRAGMA application_id = 1667330674;
