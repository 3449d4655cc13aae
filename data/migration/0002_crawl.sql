-- What the crawler knows beside the rows.

-- Spans of a series in which the exchange was asked for everything: what is not
-- stored within them is not to be had. Spans of one series never touch.
CREATE TABLE searched (
  kind    TEXT    NOT NULL,
  symbol  TEXT    NOT NULL,
  step_ms INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms   INTEGER NOT NULL CHECK (to_ms > from_ms),
  PRIMARY KEY (kind, symbol, step_ms, from_ms)
) WITHOUT ROWID;

-- Files of the archive. A quarantined one was refused, its rows come by REST.
CREATE TABLE archive_file (
  key      TEXT    NOT NULL,
  kind     TEXT    NOT NULL,
  symbol   TEXT    NOT NULL,           -- the series, see life
  step_ms  INTEGER NOT NULL,
  stamp    TEXT    NOT NULL,           -- of the listing: changes when published again
  sha256   TEXT    NOT NULL,           -- as published; '' where that could not be had
  state    TEXT    NOT NULL CHECK (state IN ('stored', 'quarantined')),
  from_ms  INTEGER NOT NULL,           -- the part that was wanted
  to_ms    INTEGER NOT NULL,
  rows     INTEGER NOT NULL,
  note     TEXT    NOT NULL DEFAULT '',
  noted_ms INTEGER NOT NULL,
  PRIMARY KEY (key, symbol)
) WITHOUT ROWID;

-- Series whose gaps must be found anew.
CREATE TABLE regap (series_id INTEGER PRIMARY KEY REFERENCES series (id));

-- What a symbol meant and when. name is the series' symbol; it differs from the
-- exchange's where a ticker was used again. Rows at or after to_ms are not kept:
-- archives go on after a contract was settled.
CREATE TABLE life (
  leg     TEXT    NOT NULL CHECK (leg IN ('spot', 'perp')),
  name    TEXT    NOT NULL,
  symbol  TEXT    NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms   INTEGER,                     -- NULL: still trades
  note    TEXT    NOT NULL,
  source  TEXT    NOT NULL,
  PRIMARY KEY (leg, name)
) WITHOUT ROWID;
INSERT INTO life VALUES
  ('perp', 'LITUSDT~2025-01-31', 'LITUSDT', 0, 1738314000000, 'Litentry', 'binance-public-data#495'),
  ('perp', 'LITUSDT', 'LITUSDT', 1764547200000, NULL, 'Lighter, from 2025-12-23', 'binance-public-data#495'),
  ('perp', 'FTMUSDT', 'FTMUSDT', 0, 1736154000000, 'settled 2025-01-06 09:00, became S', 'binance-public-data#500'),
  ('perp', 'MATICUSDT', 'MATICUSDT', 0, 1725440400000, 'settled 2024-09-04 09:00, became POL', 'binance-public-data#500'),
  ('perp', 'RNDRUSDT', 'RNDRUSDT', 0, 1721120400000, 'settled 2024-07-16 09:00, became RENDER', 'binance-public-data#500'),
  ('spot', 'LUNAUSDT~2022-05-28', 'LUNAUSDT', 0, 1653696000000, 'Terra, became LUNC', 'BittyTax#289'),
  ('spot', 'LUNAUSDT', 'LUNAUSDT', 1653696000000, NULL, 'Terra 2.0', 'BittyTax#289');

-- Adjusted caps, floors and intervals of funding, as recorded; a row holds until
-- the next one of its symbol. A symbol that left the list has NULLs: defaults.
CREATE TABLE funding_info (
  symbol         TEXT    NOT NULL,
  valid_from_ms  INTEGER NOT NULL,
  cap            REAL,                 -- fraction per settlement
  floor          REAL,
  interval_hours INTEGER,
  PRIMARY KEY (symbol, valid_from_ms)
) WITHOUT ROWID;
