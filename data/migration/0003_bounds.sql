-- Bounds of orders that earlier versions did not read: 0 is no bound, NULL was
-- never read. Importing the same file again fills what is NULL.
ALTER TABLE rules ADD COLUMN min_price     REAL;
ALTER TABLE rules ADD COLUMN max_price     REAL;
ALTER TABLE rules ADD COLUMN max_notional  REAL;
ALTER TABLE rules ADD COLUMN min_on_market INTEGER;   -- 1: min_notional binds market orders too
ALTER TABLE rules ADD COLUMN max_on_market INTEGER;   -- the same of max_notional
