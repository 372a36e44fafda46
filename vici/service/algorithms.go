package service

import (
	"context"

	"culvert/suite"
	"culvert/swanctl/settings"
	"culvert/vici"
	"culvert/wire"
)

// provider is who carries out algorithms.
const provider = "culvert"

// algorithms tells which algorithms there are, by what they are for.
func algorithms(context.Context, *vici.Call) *settings.Section {
	m := new(settings.Section)
	transforms(m.Open("encryption"), wire.TransformENCR, func(t wire.Transform) bool { return !suite.IsAEAD(t) })
	transforms(m.Open("integrity"), wire.TransformINTEG, anyTransform)
	transforms(m.Open("aead"), wire.TransformENCR, suite.IsAEAD)
	add(m.Open("hasher"), "HASH_SHA1", "HASH_SHA2_256", "HASH_SHA2_384", "HASH_SHA2_512", "HASH_IDENTITY")
	transforms(m.Open("prf"), wire.TransformPRF, anyTransform)
	add(m.Open("xof"), "XOF_SHAKE128", "XOF_SHAKE256")
	add(m.Open("kdf"), "KDF_PRF", "KDF_PRF_PLUS")
	m.Open("drbg")
	transforms(m.Open("ke"), wire.TransformKE, anyTransform)
	add(m.Open("rng"), "RNG_STRONG", "RNG_TRUE")
	add(m.Open("nonce-gen"), "NONCE_GEN")
	return m
}

func anyTransform(wire.Transform) bool { return true }

// transforms appends the algorithms of a type; those that come with several lengths of keys once.
func transforms(m *settings.Section, kind wire.TransformType, wanted func(wire.Transform) bool) {
	seen := make(map[string]bool)
	for _, t := range suite.Implemented() {
		name, _ := suite.AlgorithmName(t)
		if t.Type == kind && wanted(t) && !seen[name] {
			seen[name] = true
			add(m, name)
		}
	}
}

func add(m *settings.Section, names ...string) {
	for _, name := range names {
		m.Add(name, provider)
	}
}
