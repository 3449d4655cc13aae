// Package venuetest is the contract that every venue keeps, simulated or real:
// what a core may rely on, whoever carries its commands out. A venue's own
// package calls RunVenue with a way to open it.
package venuetest
