// Package recorded replays handshakes of foreign peers: from what was on the wire and the bare shared secrets it computes
// every key, IntAuth and AUTH again, with packages wire and suite, and compares them with what the peers have logged. The
// package has tests only.
package recorded
