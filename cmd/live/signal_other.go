//go:build !unix

package main

import "os"

// killSignal is none here: the file and the dashboard remain.
func killSignal() <-chan os.Signal { return nil }
