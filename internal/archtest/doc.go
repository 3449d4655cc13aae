// Package archtest holds the house's rules as tests: who may import whom, what
// keeps the core pure, what keeps hashed floats equal on every processor, and
// the sizes and manners of the code. docs/ARCHITECTURE.md says why.
//
// Every rule is a function from parsed code to violations, tried on a bad
// snippet of its own before it is held against the repository, so that a rule
// that stopped biting is itself a failure. A violation reads
//
//	file:line: what is wrong → what to use instead
package archtest
