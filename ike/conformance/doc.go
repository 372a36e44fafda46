// Package conformance holds the engine against those it has to work with. A scripted peer, which shares nothing with the engine but
// the codec and what lies below it, plays the tester against a node under test: item by item of the checklist of the IPv6 Ready IKEv2
// programme, from which docs/conformance.md is generated, and quirk by quirk of the kinds of peers that a configuration can name,
// which docs/peers.md tells of. The package has tests only.
package conformance
