// Command crawl brings Binance's history into a SQLite database and shows what
// is there.
package main

import "carry/internal/cli"

func main() { cli.Main(run) }
