// Command backtest replays a market through a strategy and reports what it
// would have earned, and why. Run it without arguments.
package main

import "carry/internal/cli"

func main() { cli.Main(run) }
