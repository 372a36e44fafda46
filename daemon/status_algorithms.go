package daemon

import (
	"strconv"

	"culvert/api"
	"culvert/suite"
	"culvert/wire"
)

// algorithms shows what was negotiated, one by one.
func algorithms(transforms []wire.Transform) []api.Algorithm {
	list := make([]api.Algorithm, len(transforms))
	for i, t := range transforms {
		name, bits := suite.AlgorithmName(t)
		list[i] = api.Algorithm{Type: algorithmType(t.Type), Name: name, KeyBits: bits}
	}
	return list
}

func algorithmType(t wire.TransformType) string {
	switch t {
	case wire.TransformENCR:
		return "encryption"
	case wire.TransformINTEG:
		return "integrity"
	case wire.TransformPRF:
		return "prf"
	case wire.TransformSN:
		return "sequence-numbers"
	case wire.TransformKE:
		return "key-exchange"
	}
	return "key-exchange-" + strconv.Itoa(int(t-wire.TransformADDKE1)+1)
}
