// Command live runs the strategy on an exchange. What there is so far: the whole
// program rehearsed against an exchange on this machine.
package main

import "carry/internal/cli"

func main() { cli.Main(run) }
