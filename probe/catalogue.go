package probe

import (
	"culvert/suite"
	"culvert/wire"
)

// What is asked for. Weak algorithms (RFC 8247) are among it: that a peer takes them is worth knowing.

func encryption() []wire.Transform {
	var list []wire.Transform
	add := func(id wire.TransformID, sizes ...uint16) {
		for _, bits := range sizes {
			list = append(list, wire.Transform{Type: wire.TransformENCR, ID: id, KeyLength: bits})
		}
	}
	add(wire.EncrAESGCM16, 256, 128)
	add(wire.EncrChaCha20Poly1305, 0)
	add(wire.EncrAESCCM16, 256, 128)
	add(wire.EncrAESCBC, 256, 192, 128)
	add(wire.EncrAESCTR, 256, 128)
	add(wire.EncrCamelliaCBC, 256)
	add(wire.Encr3DES, 0)
	return list
}

func isCombined(t wire.Transform) bool {
	switch t.ID {
	case wire.EncrAESGCM16, wire.EncrChaCha20Poly1305, wire.EncrAESCCM16:
		return true
	}
	return false
}

func integrity() []wire.Transform {
	return transforms(wire.TransformINTEG, wire.IntegHMACSHA256_128, wire.IntegHMACSHA384_192, wire.IntegHMACSHA512_256, wire.IntegHMACSHA1_96,
		wire.IntegAESXCBC96, wire.IntegAESCMAC96, wire.IntegHMACMD5_96)
}

func pseudorandom() []wire.Transform {
	return transforms(wire.TransformPRF, wire.PRFHMACSHA256, wire.PRFHMACSHA384, wire.PRFHMACSHA512, wire.PRFHMACSHA1, wire.PRFAES128XCBC, wire.PRFAES128CMAC, wire.PRFHMACMD5)
}

func groups() []wire.Transform {
	return transforms(wire.TransformKE, wire.KECurve25519, wire.KEECP256, wire.KEECP384, wire.KEECP521, wire.KECurve448,
		wire.KEMODP2048, wire.KEMODP3072, wire.KEMODP4096, wire.KEMODP6144, wire.KEMODP8192, wire.KEMODP1536, wire.KEMODP1024,
		wire.KEBrainpoolP256r1, wire.KEBrainpoolP384r1, wire.KEBrainpoolP512r1, wire.KEMODP2048S224, wire.KEMODP2048S256,
		wire.KEMLKEM512, wire.KEMLKEM768, wire.KEMLKEM1024)
}

func additional() []wire.Transform {
	return transforms(wire.TransformADDKE1, wire.KEMLKEM768, wire.KEMLKEM1024, wire.KEMLKEM512)
}

func transforms(t wire.TransformType, ids ...wire.TransformID) []wire.Transform {
	list := make([]wire.Transform, len(ids))
	for i, id := range ids {
		list[i] = wire.Transform{Type: t, ID: id}
	}
	return list
}

func everything() offer {
	return offer{encr: encryption(), prf: pseudorandom(), integ: integrity(), ke: groups()}
}

// name is that of an algorithm without the type of an additional key exchange.
func name(t wire.Transform) string {
	if t.Type == wire.TransformADDKE1 {
		t.Type = wire.TransformKE
	}
	return suite.TransformName(t)
}
