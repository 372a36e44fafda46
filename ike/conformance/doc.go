// Package conformance holds the engine against the checklist of the IPv6 Ready IKEv2 programme, item by item: a scripted peer,
// which shares nothing with the engine but the codec and the cryptography below it, plays the tester against a node under
// test. The package has tests only; docs/conformance.md is generated from what they cover.
package conformance
