// Package sim is a laboratory for the engine: nodes with shards, supervisor and a data plane in memory, on a network and a
// clock that are simulated. Whatever happens in it follows from a seed, so that what went wrong once goes wrong again: the
// order of events, delays, losses, damage, the time that work takes, and all randomness of the nodes.
//
// A Lab runs in one goroutine, and a program may run many of them side by side.
package sim
